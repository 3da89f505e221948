/** What a bench says: figures beside the least that is possible, measured in the same run. */

/** One line of the table. */
export interface Row {
  what: string;
  measured: string;
  /** The least, or most, that is possible. */
  floor: string;
  /** `measured` divided by `floor`; null: not a ratio. */
  ratio: number | null;
  /** In words: 'at least 0.8'. */
  goal: string;
  holds: boolean;
}

/** Hands rows to `npm run bench`, or prints them where the bench runs by itself. */
export function tell(rows: Row[]): void {
  if (process.send === undefined) process.stdout.write(`${tableOf(rows)}\n`);
  else process.send(rows);
}

const heads = ['what', 'measured', 'floor', 'ratio', 'goal', ''];

/** Rows as a Markdown table, its columns aligned. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ what, measured, floor, ratio, goal, holds }) => [
    what,
    measured,
    floor,
    ratio === null ? '' : ratio.toFixed(2),
    goal,
    holds ? 'yes' : '**no**',
  ]);
  const widths = heads.map((head, i) =>
    Math.max(3, ...[head, ...cells.map((row) => row[i] ?? '')].map((c) => c.length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

/** The value below which a share of all values is, by the nearest rank. NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
