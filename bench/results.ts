/** bench/results.md: a section for each bench, which stays until that bench runs again. */
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type as system } from 'node:os';
import { tableOf, type Row } from './rows.js';

/** The date, the commit and the machine of figures. To be asked before the figures are kept, since that changes the files. */
export function circumstances(): string {
  const date = new Date().toISOString().slice(0, 10);
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  return `${date}, at ${commit}, on ${machine()}.`;
}

/** The text with the section of one bench renewed. `made`: the circumstances of its figures. `order`: all benches, by name. */
export function withSection(
  before: string,
  name: string,
  rows: readonly Row[],
  made: string,
  order: readonly string[],
): string {
  const sections = new Map([...sectionsOf(before), [name, `${made}\n\n${tableOf(rows)}`]]);
  const kept = order.flatMap((one) => {
    const text = sections.get(one);
    return text === undefined ? [] : [section(one, text)];
  });
  const memory = memoryRow(kept.join('\n'));
  if (memory !== null) kept.push(section('memory', `Of the figures above.\n\n${tableOf([memory])}`));
  const all = kept.join('\n');
  const held = count(all, /\| yes +\|$/gm);
  const total = held + count(all, /\| \*\*no\*\* +\|$/gm);
  const first = `Made by \`npm run bench\`. ${held} of ${total} rows meet their goal; why the others do not is told in docs/performance.md.`;
  return `# Figures\n\n${first}\n\n${all}`;
}

/** A worker's memory with ten thousand members asleep beside a thousand, which must cost as much. Null: not both are known. */
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

function section(name: string, text: string): string {
  return `## ${name}\n\n${text}\n`;
}

function sectionsOf(text: string): [string, string][] {
  const [, ...sections] = text.split(/^## /m);
  return sections.map((one) => {
    const end = one.indexOf('\n');
    return [one.slice(0, end), one.slice(end).trim()];
  });
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${system()} ${release()}, Node ${process.version}`;
}
