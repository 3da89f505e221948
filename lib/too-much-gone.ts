/**
 * Whether so much is gone at once that it is not believed yet (principle 4): more than half, and more than 5; or all, where
 * that was more than one. Pure.
 */
export function isTooMuchGone(lost: number, before: number): boolean {
  if (lost === before) return lost > 1;
  return lost > 5 && lost * 2 > before;
}
