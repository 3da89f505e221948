/** What a process says of the rules that it works by. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { inForceOf } from '../../activities/in-force.js';
import { defaultPolicies } from '../../config/policies.js';
import type { MappingRule } from '../../access/types.js';
import type { CheckedSpace } from '../../worker/check.js';
import { loadConfig } from '../../config/config.js';
import { createLogger } from '../../worker/logging.js';
import type { Statement } from '../../messages/to-leader.js';
import { createTeller, digestOfFile, inForceHere } from '../../worker/in-force.js';

const env = { NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k' };
const config = loadConfig(env, () => 'mapping:\n  - { passType: 1, groups: [12] }\n');

/** A space with this many lines of mapping. */
function spaceOf(count: number): CheckedSpace {
  const line = (passTypeId: number): MappingRule => ({ locationId: 1, passTypeId, groupIds: [12] });
  const mapping = Array.from({ length: count }, (_, i) => line(i));
  const rules = { mapping, policies: { ...defaultPolicies } };
  return {
    rules,
    organizationId: 1,
    timeZones: { 5: 'Europe/Rome' },
    knownZones: { 5: 'Europe/Rome' },
    warnings: [],
    groups: [],
  } as object as CheckedSpace;
}

describe('what a process says of its rules', () => {
  const said = (count: number): ReturnType<typeof inForceHere> & { change: number } => ({
    ...inForceHere(config, spaceOf(count), 1),
    change: 1,
  });

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

describe('when a process says by which rules it works', () => {
  /** A space that `find` makes known, a process that watches it, and what it said: run, term and lines of mapping. */
  function watched(before: CheckedSpace | null): {
    said: [runId: string | undefined, term: number, lines: number][];
    find: (space: CheckedSpace) => Promise<void>;
    tell: ReturnType<typeof createTeller>;
  } {
    const said: [string | undefined, number, number][] = [];
    const listeners: ((space: CheckedSpace) => void)[] = [];
    let known = before;
    const getHandle = (_: string, runId?: string): object => ({
      describe: () => Promise.resolve({}),
      signal: (__: unknown, { term, ground }: Statement) => {
        said.push([runId, term, ground?.rules.mapping.length ?? 0]);
        return runId === 'over' ? Promise.reject(new Error('the run is over')) : Promise.resolve();
      },
    });
    const tell = createTeller({ workflow: { getHandle } } as object as Client, {
      config,
      space: { known: () => known, onFound: (listener) => void listeners.push(listener) },
      log: createLogger({ level: 'silent' }),
    });
    const find = async (space: CheckedSpace): Promise<void> => {
      known = space;
      for (const listener of listeners) listener(space);
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { said, find, tell };
  }

  it('is at once, in each term, where they are known', async () => {
    const { said, tell } = watched(spaceOf(1));
    await tell({ runId: 'a', term: 1 });
    await tell({ runId: 'b', term: 1 });
    assert.deepEqual(said, [
      ['a', 1, 1],
      ['b', 1, 1],
    ]);
  });

  it('is as soon as they are known, and again where they turn out to be others', async () => {
    const { said, find, tell } = watched(null);
    await tell({ runId: 'a', term: 3 });
    assert.deepEqual(said, []);
    await find(spaceOf(1));
    await find(spaceOf(2));
    assert.deepEqual(said, [
      ['a', 3, 1],
      ['a', 3, 2],
    ]);
  });

  it('is never while another process is the leader', async () => {
    const { said, find } = watched(null);
    await find(spaceOf(1));
    assert.deepEqual(said, []);
  });

  it('fails nothing where the term is over by then', async () => {
    const { said, find, tell } = watched(null);
    await tell({ runId: 'over', term: 1 });
    await find(spaceOf(1));
    assert.equal(said.length, 1);
  });
});
