import assert from 'node:assert/strict';
import { decide } from '../../access/decide.js';
import { readingRules } from '../../access/pass-rules.js';
import type { Contract, Pass, PassType, Policies, Profile, Verdict } from '../../access/types.js';
import {
  at,
  contract,
  member,
  pass,
  passType,
  planPass,
  profile,
  rules,
  snapshot,
} from '../support/builders.js';

const now = at('2026-11-25T10:00:00Z');
const hour = 3_600_000;

/** A suspended member with a used and expired pass, from a plan that was cancelled, of a type that opens nothing. */
const failing = {
  member: member({ active: false }),
  pass: { used: true, usedAt: now - 100 * hour, expiresAt: now - 48 * hour } as Partial<Pass>,
  contract: { cancelledAt: now - 72 * hour, cancelled: true } as Partial<Contract>,
  passType: { kisiGroupIds: [] } as Partial<PassType>,
};

function ruleOf(facts: typeof failing): Verdict['rule'] | undefined {
  const profiles: Profile[] = [
    profile({
      member: facts.member,
      passes: [planPass(facts.pass)],
      contracts: [contract(facts.contract)],
    }),
  ];
  const read = snapshot({ profiles, passTypes: [passType(facts.passType)] });
  return decide(read, rules(), [], now).verdicts[0]?.rule;
}

describe('the rules about a pass', () => {
  it('are told in the order of the table in docs/rules.md: the first that fails', () => {
    const active = { ...failing, member: member() };
    const unused = { ...active, pass: { expiresAt: now - 48 * hour } };
    const running = { ...unused, contract: {} };
    const unexpired = { ...running, pass: { expiresAt: now + hour } };
    const mapped = { ...unexpired, passType: {} };
    const cases = [failing, active, running, { ...unexpired, contract: failing.contract }, unexpired, mapped];
    assert.deepEqual(cases.map(ruleOf), ['member', 'uses', 'expiry', 'contract', 'mapping', 'ok']);
  });

  it('name the contract of an expired pass where none runs, since no renewal can come', () => {
    assert.equal(ruleOf({ ...failing, member: member(), pass: { expiresAt: now - 48 * hour } }), 'contract');
  });

  it('take no next pass to come from a contract that the policy says gives nothing', () => {
    const used = planPass({ used: true, usedAt: now - 48 * hour });
    const inactive = contract({ active: false });
    const read = snapshot({
      readAt: now - 36 * hour,
      profiles: [profile({ passes: [used], contracts: [inactive] })],
    });
    const keysBy = (inactiveContract: Policies['inactiveContract']): number =>
      decide(read, rules({ inactiveContract }), [], now, { assumeRenewals: true }).keys.length;
    assert.deepEqual([keysBy('ignore'), keysBy('ends')], [1, 0]);
  });
});

describe('what readers of records know of the rules', () => {
  it('is who is suspended or archived', () => {
    const cases = [member(), member({ active: false }), member({ archived: true }), member({ email: '' })];
    assert.deepEqual(cases.map(readingRules.isSuspended), [false, true, true, false]);
  });

  it('is which passes a contract decides about', () => {
    const cases = [pass(), pass({ fromPlan: true }), pass({ contractUniqueId: 'c' })];
    assert.deepEqual(cases.map(readingRules.comesFromPlan), [false, true, true]);
  });
});
