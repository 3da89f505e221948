/**
 * `npm run bench`: every bench in a process of its own, one after another, and the table of all rows into
 * bench/results.md. `npm run bench -- --counts`: only those that count and need no quiet machine, in a small version;
 * exit code 1 where one of them misses its goal. `npm run bench -- wakes.ts`: only these; the results stay as they are.
 */
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem, type as system, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { tableOf, type Row } from './rows.js';

const onlyCounts = process.argv.includes('--counts');
const wanted = process.argv.slice(2).filter((word) => word.endsWith('.ts'));
const isWhole = !onlyCounts && wanted.length === 0;
/** File, and what it is called with: in full, and in the small version. */
const benches: [string, string[], string[] | null][] = [
  ['requests.ts', ['40'], ['4', 'faultless']],
  ['polls.ts', ['100', '1000', '10000'], ['100', '1000']],
  ['history.ts', [], []],
  ['wakes.ts', ['100'], null],
  ['wakes.ts', ['1000'], null],
  ['import.ts', ['200'], null],
  ['members.ts', ['1000', '20'], null],
  ['members.ts', ['10000', '20'], null],
  ['demo.ts', [], null],
];

const rows: Row[] = [];
for (const [file, full, small] of benches) {
  const args = onlyCounts ? small : full;
  if (args === null || (wanted.length > 0 && !wanted.includes(file))) continue;
  process.stderr.write(`${file} ${args.join(' ')}\n`);
  rows.push(...(await rowsOf(file, args)));
  // An hour's figures are not lost with what comes after them.
  if (isWhole) writeFileSync(new URL('results.md', import.meta.url), results());
}
if (isWhole) rows.push(memoryRow());
process.stdout.write(`${tableOf(rows)}\n`);
if (onlyCounts) process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
if (isWhole) writeFileSync(new URL('results.md', import.meta.url), results());

/** Members who are asleep must cost nothing. */
function memoryRow(): Row {
  const [few = NaN, many = NaN] = rows.flatMap(({ asleepMb }) => asleepMb ?? []);
  return {
    what: 'worker memory with 10000 members asleep, beside 1000',
    measured: `${many.toFixed(0)} MB`,
    floor: `${few.toFixed(0)} MB`,
    ratio: many / few,
    goal: 'at most 1.10',
    holds: many <= 1.1 * few,
  };
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

function results(): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${system()} ${release()}, Node ${process.version}`;
  const missed = rows.filter(({ holds }) => !holds).length;
  return [
    '# Figures',
    '',
    `Made by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine}. ${rows.length - missed} of ${rows.length} rows meet their goal; why the others do not is told in docs/bench.md.`,
    '',
    tableOf(rows),
    '',
  ].join('\n');
}
