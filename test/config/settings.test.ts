// Each setting is declared once, and whatever is written down about it agrees.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { defaultDriftPolicy, repairableKinds } from '../../access/drift.js';
import { parseDuration } from '../../lib/durations.js';
import { defaultPolicies, policyRows } from '../../config/policies.js';
import { emptyFile } from '../../config/rules-file.js';
import type { SettingRow } from '../../config/settings.js';
import { variableRows } from '../../config/variables.js';

const pages = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
);
const rowsIn = (text: string): string[][] =>
  [...text.matchAll(/^\| `([^`]+)` +\| (.+?) +\| (.+?) +\|$/gm)].map(([, ...cells]) => cells);

/** The tables of policies, each by the page that holds it. */
const policyTables = pages.flatMap((path): [string, string[][]][] => {
  const text = readFileSync(path, 'utf8');
  const table = /<!-- policies -->(.*?)<!-- \/policies -->/s.exec(text)?.[1];
  const rows = rowsIn(table ?? '');
  return rows.length === 0 ? [] : [[path, rows]];
});

describe('docs/configuration.md', () => {
  it('says of every variable what its declaration says', () => {
    const rows = rowsIn(readFileSync('docs/configuration.md', 'utf8'));
    for (const declared of variableRows) assertSays(rows, declared);
  });
});

describe('docs/rules.md', () => {
  it('says of every policy what its declaration says', () => {
    const rows = rowsIn(readFileSync('docs/rules.md', 'utf8'));
    for (const declared of policyRows) assertSays(rows, declared);
  });

  it('has the one table of the policies, between marks', () => {
    assert.deepEqual(
      policyTables.map(([path]) => path),
      ['docs/rules.md'],
    );
  });
});

/** Holds a setting's row in a document against how the setting is declared. */
function assertSays(rows: readonly string[][], { name, default: byDefault, means }: SettingRow): void {
  const row = rows.find(([first]) => first === name);
  assert.deepEqual(row, [name, byDefault === null ? 'none' : `\`${byDefault}\``, means]);
  assert.match(means, /\.$/, name);
}

for (const [path, rows] of policyTables)
  describe(`the table of policies in ${path}`, () => {
    const table = Object.fromEntries(
      rows.map(([name = '', value = '']) => [name, value.replaceAll('`', '')]),
    );

    it('names every policy with its default', () => {
      const declared = policyRows.map(({ name, default: byDefault }) => [name, byDefault]);
      assert.deepEqual(table, Object.fromEntries(declared));
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
          'deskAllow',
          'doorGrace',
          'doorHorizon',
          'existingKeys',
          'findUsers',
          'guardPeople',
          'guardShare',
          'inactiveContract',
          'inviteMails',
          'inviteReminders',
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
      assert.equal(parseDuration(table['deskAllow'] ?? ''), emptyFile('').deskAllowMs);
      assert.equal(table['findUsers'], emptyFile('').findUsers);
      assert.equal(table['apiUser'], emptyFile('').apiUser);
      const { reminders, mails } = emptyFile('').invitations;
      assert.deepEqual([table['inviteReminders'], table['inviteMails']], [reminders, mails]);
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
  });

describe('latchkey.example.yaml', () => {
  it('has every policy with its default, as it is written', () => {
    const { policies } = parse(readFileSync('latchkey.example.yaml', 'utf8')) as {
      policies: Record<string, unknown> & { drift: Record<string, unknown> };
    };
    const { drift, ...others } = policies;
    const ofDrift = Object.entries(drift).map(([kind, value]) => [`drift.${kind}`, value] as const);
    const written = [...Object.entries(others), ...ofDrift].map(([name, value]) => [name, String(value)]);
    const declared = policyRows.map(({ name, default: byDefault }) => [name, byDefault]);
    assert.deepEqual(Object.fromEntries(written), Object.fromEntries(declared));
  });
});
