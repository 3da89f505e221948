/**
 * `npm run bench`: every bench in a process of its own, one after another; prints the table of all rows, and keeps each
 * bench's own in bench/results.md. `npm run bench -- members.ts 10000`: only this one, whose part of the results it renews.
 * `npm run bench -- --counts`: only those that count and need no quiet machine, in a small version, which leaves the
 * results alone; exit code 1 where one of them misses its goal.
 */
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { circumstances, memoryRow, withSection } from './results.js';
import { tableOf, type Row } from './rows.js';

const onlyCounts = process.argv.includes('--counts');
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const files = words.filter((word) => word.endsWith('.ts'));
const sizes = words.filter((word) => !files.includes(word));
/** The file of each bench, its arguments in full, and those in the small version; null: it is left out there. */
const benches: [string, string[], string[] | null][] = [
  ['requests.ts', ['40'], ['4', 'faultless']],
  ['polls.ts', ['100', '1000', '10000'], ['100', '1000']],
  ['history.ts', [], []],
  ['forged.ts', [], null],
  ['wakes.ts', ['100'], null],
  ['wakes.ts', ['1000'], null],
  ['import.ts', ['200'], null],
  ['members.ts', ['1000', '20'], null],
  ['members.ts', ['10000', '20'], null],
  ['footprint.ts', ['300'], null],
  ['rush.ts', ['300'], null],
  ['rush.ts', ['1000'], null],
  ['rush.ts', ['10000'], null],
  ['check-ins.ts', ['1000'], null],
  ['busy-hour.ts', ['10000'], null],
  ['desk.ts', ['300'], null],
  ['desk.ts', ['10000'], null],
  ['demo.ts', [], null],
];

const results = new URL('results.md', import.meta.url);
/** Null: these figures are not kept. */
const made = onlyCounts ? null : circumstances();
const rows: Row[] = [];
const wanted = benches.flatMap(([file, full, small]) => {
  const args = onlyCounts ? small : full;
  const isNamed = (files.length === 0 || files.includes(file)) && sizes.every((size) => args?.includes(size));
  return args !== null && isNamed ? [{ file, args }] : [];
});
if (wanted.length === 0) {
  const all = benches.map(([file, full]) => `  ${[file, ...full].join(' ')}`);
  throw new Error(`No bench is called ${words.join(' ')}. There are:\n${all.join('\n')}`);
}
for (const { file, args } of wanted) {
  const name = [file, ...args].join(' ');
  process.stderr.write(`${name}\n`);
  const told = await rowsOf(file, args);
  rows.push(...told);
  // Now, so that an hour's figures are not lost with what comes after them.
  if (made !== null) keep(name, told, made);
}
const memory = made === null ? null : memoryRow(readFileSync(results, 'utf8'));
if (memory !== null) rows.push(memory);
process.stdout.write(`${tableOf(rows)}\n`);
if (onlyCounts) process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;

function keep(name: string, told: readonly Row[], made: string): void {
  const order = benches.map(([file, full]) => [file, ...full].join(' '));
  writeFileSync(results, withSection(readFileSync(results, 'utf8'), name, told, made, order));
}

function rowsOf(file: string, args: string[]): Promise<Row[]> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const bench = fork(script, args, { execArgv: ['--import=tsx'] });
  let told: Row[] = [];
  bench.on('message', (message) => (told = message as Row[]));
  return new Promise((resolve, reject) => {
    bench.on('error', reject);
    bench.on('exit', (code) => {
      resolve(code === 0 ? told : [...told, brokenOff(file, args, code)]);
    });
  });
}

function brokenOff(file: string, args: string[], code: number | null): Row {
  const what = `${file} ${args.join(' ')} broke off (${String(code)})`;
  return { what, measured: '', floor: '', ratio: null, goal: '', holds: false };
}
