import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The text of a file, by its path in the project. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Whether the project has this file or folder. */
export function exists(path: string): boolean {
  return existsSync(join(root, path));
}

/** The files in a folder and below it, by their paths in the project. */
export function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Every document that people read. */
export const documents: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...filesIn('docs').filter((path) => path.endsWith('.md')),
];

const fence = /^```[^]*?^```$/gm;

/** A document without its blocks of code. */
export function proseOf(path: string): string {
  return textOf(path).replace(fence, '');
}

/** The pieces of code within its sentences and tables. */
export function codeIn(path: string): string[] {
  return [...proseOf(path).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The lines of its blocks of code. */
export function blockLinesOf(path: string): string[] {
  return [...textOf(path).matchAll(fence)].flatMap(([block]) => block.split('\n'));
}
