/** What a page says once, after an act was done: the address names one of these messages, and holds no text of its own. */
import { z } from 'zod';
import { actWords } from './words.js';

export type Told = keyof typeof actWords.told;

const query = z.object({ told: z.string() });

/** The message that an address names; null: none that is known. */
export function toldIn(addressed: unknown): string | null {
  const { success, data } = query.safeParse(addressed);
  if (!success) return null;
  const [, words = null] = Object.entries(actWords.told).find(([name]) => name === data.told) ?? [];
  return words;
}
