import assert from 'node:assert/strict';
import { defaultDriftPolicy, repairableKinds } from '../../access/drift.js';
import { defaultPolicies } from '../../access/policies.js';
import { parseDuration } from '../../config/config.js';
import { emptyFile } from '../../config/rules-file.js';
import { textOf } from './documents.js';

/** The table of policies in docs/rules.md: name to default. */
function policiesInRules(): Record<string, string> {
  const [, table = ''] = /<!-- policies -->([^]*)<!-- \/policies -->/.exec(textOf('docs/rules.md')) ?? [];
  const rows = [...table.matchAll(/^\| `([\w.]+)` +\| ([\w%]+) +\|/gm)];
  return Object.fromEntries(rows.map(([, name = '', value = '']) => [name, value]));
}

describe('docs/rules.md', () => {
  it('names every policy with its default', () => {
    const table = policiesInRules();
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
});
