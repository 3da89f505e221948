import { printable } from '../../access/text.js';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What one place of a table holds. */
export type Cell = string | number | null;

/**
 * Rows under headings, columns two blanks apart, without blanks at line ends. Numbers are set to the right, null is
 * shown as '-', and a cell's control characters (line breaks among them) as blanks.
 */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [headings, ...rows];
  const texts = lines.map((line) => headings.map((_, column) => textOf(line[column] ?? null)));
  const widths = headings.map((_, column) => Math.max(...texts.map((line) => widthOf(line[column] ?? ''))));
  const isRight = headings.map((_, column) => isNumeric(rows.map((row) => row[column] ?? null)));
  return texts
    .map((line) =>
      line
        .map((text, column) => padded(text, widths[column] ?? 0, isRight[column] ?? false))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An instant in ms since the epoch, or an ISO 8601 text, as people read it: '2026-12-01 00:15Z'. Null stays null. */
export function shortTime(at: string | number | null): string | null {
  return at === null ? null : new Date(at).toISOString().replace('T', ' ').slice(0, 16).concat('Z');
}

function textOf(cell: Cell): string {
  return cell === null ? '-' : printable(String(cell));
}

/** A text in lines of at most so many characters, broken at blanks, each behind the indent. */
export function wrapped(text: string, indent = '', width = 100): string {
  const lines: string[] = [];
  for (const word of printable(text).split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(`${indent}${line} ${word}`) <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => indent + line).join('\n');
}

function isNumeric(cells: readonly Cell[]): boolean {
  return (
    cells.some((cell) => cell !== null) && cells.every((cell) => cell === null || typeof cell === 'number')
  );
}

function padded(text: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? blanks + text : text + blanks;
}

/** In characters as people count them, not UTF-16 units. */
function widthOf(text: string): number {
  return Array.from(graphemes.segment(text)).length;
}
