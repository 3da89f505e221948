import assert from 'node:assert/strict';
import { textOf } from './documents.js';

describe('docs/architecture.md', () => {
  it('shows the arrows between rooms that lint holds', async () => {
    const config = '../../.dependency-cruiser.js';
    const { arrows } = (await import(config)) as { arrows: Record<string, string[]> };
    const text = textOf('docs/architecture.md');
    const [, table = ''] = text.split('## Rooms and arrows');
    const rows = [...table.matchAll(/^\| `([\w-]+)\/` +\| (.+?) +\|$/gm)].map(
      ([, room = '', others = '']) => [room, [...others.matchAll(/`([\w-]+)`/g)].map(([, other]) => other)],
    );
    assert.deepEqual(Object.fromEntries(rows), arrows);
  });
});
