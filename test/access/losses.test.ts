import assert from 'node:assert/strict';
import { decide } from '../../access/decide.js';
import { lossesOf, type KnownKey, type LossCause } from '../../access/losses.js';
import type { Exception, Profile, Rules } from '../../access/types.js';
import {
  at,
  contract,
  exception,
  member,
  pass,
  passType,
  planPass,
  profile,
  rules,
  snapshot,
} from '../support/builders.js';

const now = at('2026-11-25T10:00:00Z');

/** A key to group 12 that stands on this pass; its end is known or not. */
function standsOn(passId: number, until: number | null = null): KnownKey {
  const standsOn = [{ passId, passTypeId: 500, memberId: 100, contractId: null, teamId: null }];
  return { groupId: 12, until, standsOn };
}

function lost(
  record: Profile,
  held = standsOn(900),
  by: Rules = rules(),
  exceptions: Exception[] = [],
): [LossCause, string] | null {
  const decision = decide(snapshot({ profiles: [record] }), by, exceptions, now);
  const [loss] = lossesOf([held], decision, now);
  return loss === undefined ? null : [loss.cause, loss.why];
}

describe('what a key is lost by', () => {
  it('nothing, while the rules want it', () => {
    assert.equal(lost(profile({ passes: [pass()] })), null);
  });

  it('its known end, whatever the record says of it', () => {
    const expiresAt = now - 1000;
    const [cause] = lost(profile({ passes: [pass({ expiresAt })] }), standsOn(900, expiresAt)) ?? [];
    assert.equal(cause, 'ended');
  });

  it('a record that was changed, named with its field', () => {
    const cases: [LossCause, RegExp, Profile][] = [
      ['member', /Active is false/, profile({ member: member({ active: false }), passes: [pass()] })],
      ['member', /Active is false/, profile({ member: member({ active: false }) })],
      ['expiry', /ExpireDate/, profile({ passes: [pass({ expiresAt: now - 5_000_000 })] })],
      ['uses', /RemainingUses is 0/, profile({ passes: [pass({ remainingUses: 0 })] })],
      [
        'contract',
        /CancellationDate/,
        profile({ passes: [planPass()], contracts: [contract({ cancelledAt: now - 1000 })] }),
      ],
    ];
    for (const [cause, why, record] of cases) {
      const [found, says] = lost(record) ?? [];
      assert.equal(found, cause);
      assert.match(says ?? '', why);
    }
  });

  it('another mapping', () => {
    const elsewhere = rules({}, [{ locationId: null, passTypeId: passType().id, groupIds: [77] }]);
    assert.equal(lost(profile({ passes: [pass()] }), standsOn(900), elsewhere)?.[0], 'mapping');
    const nowhere = rules({}, [{ locationId: null, passTypeId: passType().id, groupIds: [] }]);
    assert.equal(lost(profile({ passes: [pass()] }), standsOn(900), nowhere)?.[0], 'mapping');
  });

  it('a block, whatever the records say', () => {
    for (const groupId of [12, null]) {
      const blocks = [exception({ kind: 'block', groupId })];
      assert.deepEqual(lost(profile({ passes: [pass()] }), standsOn(900), rules(), blocks), [
        'exception',
        'exception 7: blocked by gina until 2026-12-01T00:00:00Z: forgot to renew',
      ]);
    }
  });

  it('an allow that was withdrawn or has ended, or a member who may hold no key by it', () => {
    const held: KnownKey = { groupId: 12, until: now + 1000, standsOn: [] };
    assert.deepEqual(lost(profile(), held), ['exception', 'the exception that it stood on was withdrawn']);
    assert.deepEqual(lost(profile(), { ...held, until: now }), [
      'ended',
      'the exception that it stood on ended at 2026-11-25T10:00:00Z',
    ]);
    const suspended = profile({ member: member({ active: false }) });
    assert.equal(lost(suspended, held, rules(), [exception()])?.[0], 'member');
  });

  it('a record that is not there any more, or a member who is not', () => {
    assert.deepEqual(lost(profile({ passes: [pass({ id: 901, expiresAt: now - 5_000_000 })] })), [
      'vanished',
      'CoworkerTimePass 900 is not in Nexudus any more',
    ]);
    assert.equal(lossesOf([standsOn(900)], null, now)[0]?.cause, 'vanished');
  });
});
