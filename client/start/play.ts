import { z } from 'zod';
import { CommandError } from '../../space/failure.js';
import { print } from '../terminal/output.js';
import { findDemo } from './demo-file.js';

/** What can be played. The first ones are about a person, the last two about a simulated API. */
export const acts = ['join', 'buy', 'use', 'suspend', 'admit', 'kisi', 'nexudus'] as const;

/** One act as typed: of a person by name, or of an API that goes down or comes up. */
export interface Play {
  act: (typeof acts)[number];
  who: string;
}

const answer = z.object({ says: z.string() });

/** `latchkey play`: changes the simulated Nexudus or Kisi of the demo. Throws CommandError where that is not possible. */
export async function play(asked: Play): Promise<void> {
  const { playUrl } = await findDemo();
  const response = await fetch(playUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(asked),
    signal: AbortSignal.timeout(5_000),
  });
  const { says } = answer.parse(await response.json());
  if (!response.ok) throw new CommandError(says, 2);
  print(says);
}
