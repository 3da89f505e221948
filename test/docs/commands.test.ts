import assert from 'node:assert/strict';
import { latchkeyHere } from '../client/cli.js';
import { blockLinesOf, codeIn, documents, textOf } from './documents.js';

/** The help of a command, or null where there is no such command. */
async function helpOf(command: readonly string[]): Promise<string | null> {
  const { code, stdout } = await latchkeyHere(...command, '--help');
  return code === 0 && stdout.startsWith(`Usage: latchkey ${command.join(' ')}`) ? stdout : null;
}

/** What a document has people type, without what it prints. */
function typedIn(path: string): string[] {
  const lines = blockLinesOf(path).map((line) => line.replace(/^\$ |\s+#.*$/g, ''));
  return [...codeIn(path).map((code) => code.replace(/\s+/g, ' ')), ...lines].filter((text) =>
    /^(?:npx )?latchkey [a-z-]/.test(text),
  );
}

/** Commands of another command. */
const nested = ['hooks status', 'hooks install', 'desk invite', 'desk sessions', 'desk end'];

/**
 * The command of a line, such as `hooks status`, and its options. Values between quotes are no options. `--demo` goes before
 * any.
 */
function partsOf(whole: string): { command: string[]; options: string[] } {
  const typed = whole.replace('latchkey --demo ', 'latchkey ');
  const [, command = '', sub = ''] = /latchkey (\S+)(?: ([a-z]+)\b)?/.exec(typed) ?? [];
  const options = [...typed.replace(/'[^']*'/g, '').matchAll(/ (--[a-z][a-z-]*)/g)].map(
    ([, option = '']) => option,
  );
  return { command: nested.includes(`${command} ${sub}`) ? [command, sub] : [command], options };
}

describe('documents', () => {
  for (const path of documents) {
    it(`${path} names only commands and options that exist`, async () => {
      for (const typed of typedIn(path)) {
        const { command, options } = partsOf(typed);
        if (['COMMAND', '--help', '--version'].includes(command[0] ?? '')) continue;
        const help = await helpOf(command);
        assert.ok(help !== null, `${typed}: there is no such command`);
        for (const option of options)
          assert.match(help, new RegExp(`${option}\\b`), `${typed}: there is no such option`);
      }
    });
  }
});

describe('docs/cli.md', () => {
  it('has every command of `latchkey --help`', async () => {
    const { stdout } = await latchkeyHere('--help');
    const names = [...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = '']) => name);
    const commands: string[] = [];
    for (const name of new Set(names))
      if (name !== 'help' && (await helpOf([name])) !== null) commands.push(name);
    assert.ok(commands.length > 30, `${commands.length} commands`);
    const table = textOf('docs/cli.md');
    for (const name of commands) assert.match(table, new RegExp(`^\\|.*\`latchkey ${name}\\b.*\\|$`, 'm'));
  });

  it('has the groups of `latchkey --help`, in its order', async () => {
    const { stdout } = await latchkeyHere('--help');
    const groups = [...stdout.matchAll(/^([A-Z].*):$/gm)].map(([, title = '']) => title);
    const titles = [...textOf('docs/cli.md').matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);
    assert.deepEqual(
      titles,
      groups.filter((title) => !['Options', 'First steps'].includes(title)),
    );
  });
});
