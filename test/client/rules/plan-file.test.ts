import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planFileOf, readPlanFile, writePlanFile, type PlanFile } from '../../../client/rules/plan-file.js';
import { CommandError } from '../../../space/failure.js';
import type { Plan } from '../../../space/planning.js';
import { rules } from '../../support/builders.js';
import { scratch } from '../cli.js';

const secret = randomBytes(32);
const line = {
  memberId: 7,
  groupId: 12,
  does: 'revoke',
  before: 1,
  had: true,
  after: null,
  until: null,
  why: 'another mapping',
  requests: 1,
};
const change = { line, step: { kind: 'revoke', key: {} }, had: null };
const plan = {
  at: 1_000,
  assumesRenewals: false,
  people: [
    {
      memberId: 7,
      locationId: null,
      emailDigest: 'd',
      changes: [change],
      kept: [],
      newUser: false,
      requests: 1,
    },
  ],
  unread: [],
} as unknown as Plan;

describe('a plan in a file', () => {
  const folder = scratch();
  const path = join(folder.path, 'p.json');
  after(() => {
    folder.remove();
  });

  const written = (): PlanFile => {
    const about = { scope: { memberId: null, locationId: null }, rules: rules(), timeZones: {}, space: 's' };
    const file = planFileOf(plan, about, secret);
    writePlanFile(path, file);
    return file;
  };
  function refused(text: string, says: RegExp, by = secret): void {
    writeFileSync(path, text);
    assert.throws(
      () => readPlanFile(path, by),
      (error) => error instanceof CommandError && error.exitCode === 2 && says.test(error.message),
      text.slice(0, 300),
    );
  }

  it('is read as it was written, by nobody else on the machine', () => {
    const file = written();
    assert.equal(statSync(path).mode & 0o077, 0);
    assert.deepEqual(readPlanFile(path, secret), file);
  });

  it('may have its lines and fields in another order', () => {
    const file = written();
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, turned(inner)]),
      );
    };
    writeFileSync(path, JSON.stringify(turned(file)));
    assert.deepEqual(readPlanFile(path, secret), file);
  });

  it('is refused where anything in it was changed, added or left out', () => {
    const file = written();
    const edited = /was edited or cut short/;
    for (const key of Object.keys(file).filter(
      (one) => !['format', 'signature', 'installation'].includes(one),
    )) {
      refused(JSON.stringify({ ...file, [key]: 'x' }), edited);
      refused(JSON.stringify({ ...file, [key]: undefined }), edited);
    }
    refused(JSON.stringify({ ...file, more: 1 }), edited);
    refused(JSON.stringify(file).replace('"groupId":12', '"groupId":13'), edited);
    refused(JSON.stringify(file).replace('"memberId":7', '"memberId":7.0000001'), edited);
    refused(JSON.stringify({ ...file, members: [...file.members, ...file.members] }), edited);
  });

  it('is refused where nobody signed it, or somebody who does not know the secret', () => {
    const file = written();
    for (const signature of [undefined, '', null, 7])
      refused(JSON.stringify({ ...file, signature }), /is not signed/);
    for (const signature of ['0'.repeat(64), file.signature.slice(1), `${file.signature}0`, 'ä'.repeat(32)])
      refused(JSON.stringify({ ...file, signature }), /was edited/);
    const [other, about] = [
      randomBytes(32),
      { scope: file.scope, rules: file.rules, timeZones: {}, space: 's' },
    ];
    refused(JSON.stringify(planFileOf(plan, about, other)), /was not signed by this installation/);
    // It says that it is of this installation, and is signed by another.
    const forged = { ...planFileOf(plan, about, other), installation: file.installation };
    refused(JSON.stringify(forged), /was edited/);
  });

  it('is refused in plain words where it is of another release, cut short, or no plan at all', () => {
    const text = JSON.stringify(written());
    refused(text.replace('latchkey plan 3', 'latchkey plan 2'), /is a plan of another release/);
    refused(text.slice(0, -10), /is not whole/);
    refused('', /is not whole/);
    for (const other of ['null', '[]', '7', '"latchkey plan 3"', '{}', '{"format":3}'])
      refused(other, /is no plan/);
  });

  it('is refused unread where it is larger than any plan, or no file', () => {
    written();
    truncateSync(path, 300 * 1024 * 1024);
    assert.throws(() => readPlanFile(path, secret), /is too large to be a plan/);
    assert.throws(() => readPlanFile(folder.path, secret), /cannot be read/);
  });
});
