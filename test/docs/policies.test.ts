import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { defaultDriftPolicy, repairableKinds } from '../access/drift.js';
import { defaultPolicies } from '../access/policies.js';
import { parseDuration } from '../config/config.js';
import { emptyFile } from '../config/rules-file.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The README's table of policies: name to default. */
function policiesInReadme(): Record<string, string> {
  const rows = [...readme.matchAll(/^\| `([\w.]+)` +\| ([\w%]+) +\|/gm)];
  return Object.fromEntries(rows.map(([, name = '', value = '']) => [name, value]));
}

describe('README', () => {
  it('names every policy with its default', () => {
    const table = policiesInReadme();
    const drift = Object.keys(table).filter((name) => name.startsWith('drift.'));
    assert.deepEqual(drift.sort(), repairableKinds.map((kind) => `drift.${kind}`).sort());
    for (const kind of repairableKinds) assert.equal(table[`drift.${kind}`], defaultDriftPolicy[kind]);
    assert.deepEqual(
      Object.keys(table)
        .filter((name) => !drift.includes(name))
        .sort(),
      [
        'apiUser',
        'auditLogRetention',
        'doorGrace',
        'doorHorizon',
        'existingKeys',
        'findUsers',
        'guardPeople',
        'guardShare',
        'inactiveContract',
        'lastDay',
        'latencyObjective',
        'latencyShare',
        'renewalGrace',
        'undoWindow',
        'usedPass',
      ],
    );
    assert.equal(parseDuration(table['auditLogRetention'] ?? ''), emptyFile('').auditLogRetentionMs);
    assert.equal(parseDuration(table['undoWindow'] ?? ''), emptyFile('').undoWindowMs);
    assert.equal(table['findUsers'], emptyFile('').findUsers);
    assert.equal(table['apiUser'], emptyFile('').apiUser);
    const { people, share } = emptyFile('').guard;
    assert.deepEqual([table['guardPeople'], table['guardShare']], [String(people), `${100 * share}%`]);
    const { withinMs, share: ofAll } = emptyFile('').latency;
    assert.equal(parseDuration(table['latencyObjective'] ?? ''), withinMs);
    assert.equal(table['latencyShare'], `${100 * ofAll}%`);
    assert.deepEqual(
      {
        renewalGraceMs: parseDuration(table['renewalGrace'] ?? ''),
        doorGraceMs: parseDuration(table['doorGrace'] ?? ''),
        doorHorizonMs: parseDuration(table['doorHorizon'] ?? ''),
        existingKeys: table['existingKeys'],
        inactiveContract: table['inactiveContract'],
        usedPass: table['usedPass'],
        lastDay: table['lastDay'],
      },
      defaultPolicies,
    );
  });

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
