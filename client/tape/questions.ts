/** What can be asked of a tape. */
export const questions = ['explain', 'plan'] as const;
export type Question = (typeof questions)[number];
