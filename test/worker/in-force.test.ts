/** What a process says of the rules that it works by. */
import assert from 'node:assert/strict';
import { inForceOf } from '../../activities/in-force.js';
import { defaultPolicies } from '../../access/policies.js';
import type { MappingRule } from '../../access/types.js';
import type { CheckedSpace } from '../../worker/check.js';
import { loadConfig } from '../../worker/config.js';
import { digestOfFile, inForceHere } from '../../worker/in-force.js';

const env = { NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k' };
const config = loadConfig(env, () => 'mapping:\n  - { passType: 1, groups: [12] }\n');

/** A space with so many lines of mapping. */
function spaceOf(count: number): CheckedSpace {
  const line = (passTypeId: number): MappingRule => ({ locationId: 1, passTypeId, groupIds: [12] });
  const mapping = Array.from({ length: count }, (_, i) => line(i));
  const rules = { mapping, policies: { ...defaultPolicies } };
  return {
    rules,
    organizationId: 1,
    timeZones: { 5: 'Europe/Rome' },
    warnings: [],
    groups: [],
  } as object as CheckedSpace;
}

describe('what a process says of its rules', () => {
  const said = (count: number): ReturnType<typeof inForceHere> => inForceHere(config, spaceOf(count), 1);

  it('is what can be read again', () => {
    const word = { ...said(1000), since: 2 };
    assert.equal(inForceOf(JSON.parse(JSON.stringify(word)))?.ground?.rules.mapping.length, 1000);
    assert.deepEqual(word.ground?.timeZones, { 5: 'Europe/Rome' });
  });

  it('is only their digest where they are too large for a memo', () => {
    const word = { ...said(2000), since: 2 };
    assert.equal(word.ground, null);
    assert.equal(inForceOf(word)?.digest, word.digest);
    assert.notEqual(word.digest, said(2001).digest);
  });

  it('tells one file from another, wherever it is and however it is laid out', () => {
    const digest = (yaml: string, path = 'a.yaml'): string =>
      digestOfFile(loadConfig({ ...env, LATCHKEY_CONFIG: path }, () => yaml).file);
    const one = digest('mapping:\n  - { passType: 1, groups: [12] }\n');
    assert.equal(digest('# a remark\nmapping: [{ groups: 12, passType: 1 }]\n', 'b.yaml'), one);
    for (const other of [
      'mapping: [{ passType: 1, groups: [13] }]',
      'mapping: [{ passType: 1, groups: [12], location: 2 }]',
      'mapping: [{ passType: 1, groups: [12] }]\nlocations: [{ location: 1, timeZone: Europe/Rome }]',
      'mapping: [{ passType: 1, groups: [12] }]\npolicies: { undoWindow: 2h }',
      'mapping: [{ passType: 1, groups: [12] }]\npolicies: { drift: { extra: repair } }',
    ])
      assert.notEqual(digest(other), one, other);
  });
});
