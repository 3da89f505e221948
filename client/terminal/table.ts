import { printable } from '../../access/text.js';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What one place of a table holds. */
export type Cell = string | number | null;

/** The width of a text where no terminal says how wide it is. */
const usualWidth = 100;
/** The last column is never wrapped to less. */
const leastWidth = 24;

/** How many characters a line of the terminal holds. */
function terminalWidth(): number {
  const { isTTY, columns } = process.stdout;
  return isTTY && columns > 0 ? columns : usualWidth;
}

/**
 * Rows under headings, columns two blanks apart, without blanks at line ends. Numbers are set to the right, null is
 * shown as '-', and a cell's control characters (line breaks among them) as blanks. Where a line would be longer than
 * `width`, the last column goes on in lines below.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  width = terminalWidth(),
): string {
  const lines = [headings, ...rows];
  const texts = lines.map((line) => headings.map((_, column) => textOf(line[column] ?? null)));
  const widths = headings.map((_, column) => Math.max(...texts.map((line) => widthOf(line[column] ?? ''))));
  const isRight = headings.map((_, column) => isNumeric(rows.map((row) => row[column] ?? null)));
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + 2, 0);
  const room = Math.max(leastWidth, width - before);
  return texts
    .map((line) => {
      const cells = line.map((text, column) => padded(text, widths[column] ?? 0, isRight[column] ?? false));
      const last = cells.pop() ?? '';
      const [first = '', ...more] =
        widthOf(last.trimEnd()) > room ? wrapped(last, '', room).split('\n') : [last];
      const rest = more.map((text) => ' '.repeat(before) + text);
      return [[...cells, first].join('  '), ...rest].map((text) => text.trimEnd()).join('\n');
    })
    .join('\n');
}

function textOf(cell: Cell): string {
  return cell === null ? '-' : printable(String(cell));
}

/** A text in lines of at most `width` characters, broken at blanks, each behind the indent. */
export function wrapped(text: string, indent = '', width = terminalWidth()): string {
  const lines: string[] = [];
  for (const word of printable(text).split(' ')) {
    const line = lines.at(-1);
    // No line begins with what a spreadsheet would take for a formula.
    const mayBegin = !/^;?[=+@-]/.test(word);
    if (line !== undefined && (!mayBegin || widthOf(`${indent}${line} ${word}`) <= width))
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
