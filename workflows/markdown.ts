import { printable } from '../access/text.js';

/**
 * A text as it stands, in one line, within the Markdown that Temporal's UI shows: names of groups and pass types, reasons
 * and answers come from outside, and must neither format nor link, nor show a picture. Pure.
 */
export function markdownText(text: string): string {
  return printable(text).replace(/[\\`*_~[\]<>&|@$]|^\s*[#+\-=]|:(?=\/\/)|(?<=www)\./giu, escaped);
}

/** With a backslash before its last character. */
const escaped = (text: string): string => `${text.slice(0, -1)}\\${text.slice(-1)}`;
