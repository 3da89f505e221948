/** What can be asked of a tape. */
export const questions = ['explain', 'plan', 'verify'] as const;
export type Question = (typeof questions)[number];
