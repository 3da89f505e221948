import { iso, type Exception } from '../access/types.js';
import {
  exceptionWords,
  giverWords,
  type Mode,
  type Order,
  type Orders,
  type StopLevel,
} from '../messages/to-control.js';
import { markdownText } from './markdown.js';

/** What the details have room for. */
const mostListed = 50;

const stopped: Record<StopLevel, string> = {
  revokes: 'No key is taken away. Keys are given as ever.',
  writes: 'Nothing is written to Kisi.',
  all: 'Nothing is read or written.',
};

const written: Record<Mode, string> = {
  observe: 'Nothing is written to Kisi: Latchkey only observes.',
  canary: 'Only the keys of a few are written to Kisi.',
  live: 'The keys of all are written to Kisi.',
};

/** The current details that the Temporal UI shows, as Markdown. */
export function controlDetailsOf({ stop, mode, exceptions }: Orders): string {
  const lines = [`**Mode ${mode.name}** ${orderWords(mode)} ${written[mode.name]}`];
  if (mode.locationIds.length > 0) lines.push(`Locations: ${mode.locationIds.join(', ')}.`);
  if (mode.memberIds.length > 0) lines.push(`Members: ${mode.memberIds.join(', ')}.`);
  lines.push(
    stop === null
      ? 'Nothing is stopped.'
      : `**Stopped (${stop.level})** ${orderWords(stop)} ${stopped[stop.level]}`,
    exceptions.length === 0
      ? 'No exception holds.'
      : `**Exceptions (${exceptions.length})**, those that end first:\n\n${listed(exceptions)}`,
  );
  return lines.join('\n\n');
}

function listed(exceptions: readonly Exception[]): string {
  const byEnd = [...exceptions].sort((a, b) => a.until - b.until).slice(0, mostListed);
  return byEnd.map((exception) => `- ${markdownText(exceptionWords(exception))}`).join('\n');
}

function orderWords({ why, since, ...giver }: Order): string {
  return `by ${markdownText(giverWords(giver))} since ${iso(since)}${why === '' ? '' : `: ${markdownText(why)}`}.`;
}
