/**
 * Reads a `.env` file as Docker Compose does, since one file is often for both, or refuses it: a secret that is cut off at a `#`,
 * or whose `$` means a variable, would be another one, and nothing would say why it is not taken.
 */
import { ConfigError } from './config-error.js';
import { isMissing, readTextFile, whyUnread } from './text-file.js';
import type { Env } from './variables.js';

/** What is wrong with a line. Names the variable, never its value. */
export interface DotEnvProblem {
  line: number;
  /** Null: the line sets no variable. */
  name: string | null;
  what: string;
}

/** A file's variables; where several have one name, the last one counts. With problems, `variables` is not whole. */
export interface DotEnv {
  variables: Record<string, string>;
  problems: DotEnvProblem[];
}

/** What counts as white space for Compose; for JavaScript it is not quite the same. */
const whiteBefore = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const whiteAfter = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/;
/** The blanks that Compose drops before a value. */
const blanks = /^[\t\v\f\r \u0085\u00a0]+/;
const assignment = /^(?:export[\t ]+)?([A-Za-z_][A-Za-z0-9_]*)[\t ]*=/;
const inSingleQuotes = "put the value in single quotes, with \\' for a single quote in it";
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"', $: '$' };

/** A value and what is left of the text after it, or what is wrong with the value. */
type Read = { value: string; rest: string } | { problem: string };

/**
 * Adds the variables of a `.env` file to the process; those that are set already win, and a missing file is fine. What Docker
 * Compose would read otherwise is refused. Throws ConfigError when the file is there but cannot be read so. Answers how to read
 * the same again: the variables that were set before, over the file as it is then.
 */
export function loadDotEnv(path = '.env'): () => Env {
  const own = { ...process.env };
  const read = (): Env => {
    const text = textOfDotEnv(path);
    if (text === null) return own;
    const { variables, problems } = parseDotEnv(text);
    if (problems.length === 0) return { ...variables, ...own };
    const words = problems.map(({ line, name, what }) =>
      [`${path} line ${line}:`, ...(name === null ? ['it'] : [name]), what].join(' '),
    );
    throw new ConfigError(words);
  };
  // Temporal's SDK and the driver of the audit log read the process's own environment.
  Object.assign(process.env, read());
  return read;
}

/** Null: there is none. */
function textOfDotEnv(path: string): string | null {
  try {
    return readTextFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ConfigError([`${path} cannot be read: ${whyUnread(error)}`]);
  }
}

/** Reads the text of a file. Never throws. */
export function parseDotEnv(text: string): DotEnv {
  const found: DotEnv = { variables: {}, problems: [] };
  const whole = text.replace(/^\ufeff/, '');
  const lineAt = (rest: string): number => whole.slice(0, whole.length - rest.length).split('\n').length;
  for (let rest = startOf(whole); rest !== ''; rest = startOf(rest)) {
    const line = lineAt(rest);
    const [all, name] = assignment.exec(rest) ?? [];
    if (all === undefined || name === undefined) {
      found.problems.push({ line, name: null, what: 'is not NAME=value, nor a comment' });
      rest = nextLine(rest);
      continue;
    }
    const read = readValue(rest.slice(all.length).replace(blanks, ''));
    if ('problem' in read) {
      found.problems.push({ line, name, what: read.problem });
      rest = nextLine(rest);
      continue;
    }
    found.variables[name] = read.value;
    rest = read.rest;
  }
  return found;
}

/** The text from the next line on that is neither blank nor a comment. */
function startOf(text: string): string {
  let rest = text.replace(whiteBefore, '');
  while (rest.startsWith('#')) rest = nextLine(rest).replace(whiteBefore, '');
  return rest;
}

function nextLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? '' : text.slice(end + 1);
}

function readValue(text: string): Read {
  const quote = text[0];
  return quote === '"' || quote === "'" ? readQuoted(text, quote) : readUnquoted(text);
}

function readUnquoted(text: string): Read {
  const line = text.split('\n', 1)[0] ?? '';
  if (line.startsWith('#')) return { problem: `begins with #, which may be a comment: ${inSingleQuotes}` };
  const value = (line.split(' #', 1)[0] ?? '').replace(whiteAfter, '');
  if (/\s#/.test(value)) return { problem: `has a # that may begin a comment: ${inSingleQuotes}` };
  if (value.includes('$'))
    return { problem: `has a $, which Docker Compose takes for a variable: ${inSingleQuotes}` };
  if (hasControls(value) || value.includes('\r')) return { problem: 'has a control character' };
  return { value, rest: nextLine(text) };
}

function readQuoted(text: string, quote: '"' | "'"): Read {
  let value = '';
  for (let i = 1; i < text.length; i++) {
    const char = text[i] ?? '';
    const next = text[i + 1] ?? '';
    if (char === quote) return endOfQuoted(value, text.slice(i + 1));
    if (char === '\\' && (quote === '"' || next === quote)) {
      const meant = quote === '"' ? escapes[next] : next;
      if (meant === undefined)
        return { problem: `has a \\ in double quotes that is read in several ways: ${inSingleQuotes}` };
      value += meant;
      i += 1;
    } else if (char === '\\' && next === '\\') {
      value += '\\\\';
      i += 1;
    } else if (char === '$' && quote === '"') {
      return { problem: `has a $, which Docker Compose takes for a variable: ${inSingleQuotes}` };
    } else value += char;
  }
  return { problem: `has no closing ${quote}` };
}

/** After a quoted value there may be a comment, and nothing else. */
function endOfQuoted(value: string, after: string): Read {
  const line = after.split('\n', 1)[0] ?? '';
  if (!/^[\t\r ]*(#|$)/.test(line)) return { problem: 'has more after its closing quote' };
  if (hasControls(value)) return { problem: 'has a control character' };
  return { value, rest: nextLine(after) };
}

/** Line ends and tabs are wanted in quotes; all others are the mark of a broken file. */
function hasControls(value: string): boolean {
  return /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffd]/.test(value);
}
