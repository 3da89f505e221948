import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('README', () => {
  it('links only to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, to = '']) => to);
    const files = links.filter((to) => !to.startsWith('http'));
    assert.ok(files.length > 0);
    for (const file of files) readFileSync(new URL(`../${file}`, import.meta.url));
  });
});

describe('docs/architecture.md', () => {
  it('shows the arrows between rooms that lint holds', async () => {
    const config = '../.dependency-cruiser.js';
    const { arrows } = (await import(config)) as { arrows: Record<string, string[]> };
    const text = readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8');
    const [, table = ''] = text.split('## Rooms and arrows');
    const rows = [...table.matchAll(/^\| `([\w-]+)\/` +\| (.+?) +\|$/gm)].map(
      ([, room = '', others = '']) => [room, [...others.matchAll(/`([\w-]+)`/g)].map(([, other]) => other)],
    );
    assert.deepEqual(Object.fromEntries(rows), arrows);
  });
});

describe('SECURITY.md', () => {
  it('names only tests that exist, and at least one for each threat', () => {
    const [, threats = ''] = readFileSync(new URL('../SECURITY.md', import.meta.url), 'utf8').split(
      '## Threats',
    );
    const rows = [...threats.matchAll(/^\|([^|]+)\|[^|]+\|([^|]+)\|$/gm)].filter(
      ([, threat = '']) => !/^ (threat +|-+ *)$/.test(threat),
    );
    assert.ok(rows.length > 40, `${rows.length} threats`);
    for (const [, threat = '', tests = ''] of rows)
      for (const name of tests.split(','))
        assert.ok(
          existsSync(new URL(`${name.trim()}.test.ts`, import.meta.url)),
          `${threat.trim()}: ${name}`,
        );
  });
});
