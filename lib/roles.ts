/** What a person may do at the desk: look; what the front desk does; everything. Each may do what those before it may. */
export const roles = ['viewer', 'desk', 'operator'] as const;
export type Role = (typeof roles)[number];

/** Whether it is the name of a role. */
export function isRole(text: unknown): text is Role {
  return roles.some((role) => role === text);
}
