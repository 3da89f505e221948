/** bench/results.md: a section for each bench, which stays until that bench runs again. */
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type as system } from 'node:os';
import { tableOf, type Row } from './rows.js';

/** Asked before the results are written, which are part of it. */
const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();

/** The text with the section of one bench renewed; `order`: of all sections that there may be. */
export function withSection(
  before: string,
  name: string,
  rows: readonly Row[],
  order: readonly string[],
): string {
  const date = new Date().toISOString().slice(0, 10);
  const made = `${date}, at ${commit}, on ${machine()}.\n\n${tableOf(rows)}`;
  const sections = new Map([...sectionsOf(before), [name, made]]);
  const kept = order.flatMap((one) => {
    const text = sections.get(one);
    return text === undefined ? [] : [`## ${one}\n\n${text}\n`];
  });
  const held = count(kept, /\| yes +\|$/gm);
  const all = held + count(kept, /\| \*\*no\*\* +\|$/gm);
  const first = `Made by \`npm run bench\`. ${held} of ${all} rows meet their goal; why the others do not is told in docs/bench.md.`;
  return ['# Figures', `${first}\n`, ...kept].join('\n\n').replace(/\n{3,}/g, '\n\n');
}

/** What ten thousand members who are asleep take beside a thousand, who must cost as much; null: not both are known. */
export function memoryRow(results: string): Row | null {
  const megabytes = (members: number): number => {
    const row = new RegExp(`^\\| worker memory, ${members} members asleep +\\| (\\d+) MB`, 'm').exec(results);
    return Number(row?.[1]);
  };
  const [few, many] = [megabytes(1_000), megabytes(10_000)];
  if (Number.isNaN(few + many)) return null;
  return {
    what: 'worker memory with 10000 members asleep, beside 1000',
    measured: `${many} MB`,
    floor: `${few} MB`,
    ratio: many / few,
    goal: 'at most 1.10',
    holds: many <= 1.1 * few,
  };
}

function sectionsOf(text: string): [string, string][] {
  const [, ...sections] = text.split(/^## /m);
  return sections.map((section) => {
    const end = section.indexOf('\n');
    return [section.slice(0, end), section.slice(end).trim()];
  });
}

function count(texts: readonly string[], pattern: RegExp): number {
  return texts.join('\n').match(pattern)?.length ?? 0;
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${system()} ${release()}, Node ${process.version}`;
}
