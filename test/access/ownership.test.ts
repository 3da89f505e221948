import assert from 'node:assert/strict';
import fc from 'fast-check';
import { emailForKeys, keyOwner, reconciled, type OwnedKey } from '../../access/ownership.js';
import type { LedgerKey } from '../../access/plan.js';
import { ledgerKey } from '../support/stores.js';

const me = 100;
const key = (version: number, over: Partial<LedgerKey> = {}): LedgerKey => ledgerKey({ version, ...over });
const row = (version: number, owned: LedgerKey | null, memberId = me): OwnedKey => ({
  ...{ userId: 5, groupId: 12, memberId, version },
  key: owned && { ...owned, version },
});
const dropped = (version: number) => ({ userId: 5, groupId: 12, version });

describe('the profile that owns the keys of a person', () => {
  it('is the one with the lowest id', () => {
    assert.equal(keyOwner([110, 9, 100]), 9);
    assert.equal(keyOwner([]), null);
  });
});

describe('the e-mail that a profile’s keys are given to', () => {
  const emailOf = (...emails: string[]): string | null =>
    emailForKeys(
      emails.map((email, index) => ({ id: 100 + index, email })),
      100,
    );

  it('is its own', () => {
    assert.equal(emailOf('ada@example.org', 'bob@example.org'), 'ada@example.org');
  });

  it('is that of the person’s other profiles where its own is empty', () => {
    assert.equal(emailOf('', '', 'ada@example.org', 'ada@example.org'), 'ada@example.org');
  });

  it('is unknown where nobody has one, where they differ, and where the profile is gone', () => {
    assert.equal(emailOf('', ''), null);
    assert.equal(emailOf('', 'ada@example.org', 'bob@example.org'), null);
    assert.equal(emailForKeys([{ id: 101, email: 'ada@example.org' }], 100), null);
  });
});

describe('a ledger and the record, brought in line', () => {
  it('give a workflow that knows nothing what is on record of it, and nothing of others', () => {
    const rows = [row(3, key(3)), { ...row(2, key(2, { groupId: 13 }), 200), groupId: 13 }];
    assert.deepEqual(reconciled(me, { ledger: [], dropped: [] }, rows), { ledger: [key(3)], news: [] });
  });

  it('give an empty record what the workflow knows', () => {
    const { ledger, news } = reconciled(me, { ledger: [key(4)], dropped: [] }, []);
    assert.deepEqual([ledger, news], [[key(4)], [row(4, key(4))]]);
  });

  it('believe the story with more writes, whichever of the two was put back from a copy', () => {
    const newer = key(5, { keyId: 80 });
    assert.deepEqual(reconciled(me, { ledger: [key(4)], dropped: [] }, [row(5, newer)]).ledger, [newer]);
    assert.deepEqual(reconciled(me, { ledger: [key(4)], dropped: [] }, [row(5, null)]).ledger, []);
    const { ledger, news } = reconciled(me, { ledger: [newer], dropped: [] }, [row(4, key(4))]);
    assert.deepEqual([ledger, news], [[newer], [row(5, newer)]]);
  });

  it('leave a key to the member that it went to', () => {
    assert.deepEqual(reconciled(me, { ledger: [key(4)], dropped: [] }, [row(5, key(5), 200)]).ledger, []);
    assert.deepEqual(reconciled(me, { ledger: [key(5)], dropped: [] }, [row(5, key(5), 200)]).ledger, []);
    const { ledger } = reconciled(me, { ledger: [key(6)], dropped: [] }, [row(5, key(5), 200)]);
    assert.deepEqual(ledger, [key(6)], 'the record is the older story');
  });

  it('have the record know what the workflow dropped, and what it knows of a key by now', () => {
    const gone = reconciled(me, { ledger: [], dropped: [dropped(4)] }, [row(4, key(4))]);
    assert.deepEqual(gone, { ledger: [], news: [row(5, null)] });
    const written = reconciled(me, { ledger: [], dropped: [dropped(4)] }, [row(6, key(6))]);
    assert.deepEqual(written, { ledger: [key(6)], news: [] }, 'it was written to since');
    const told = key(4, { because: 'another pass' });
    assert.deepEqual(reconciled(me, { ledger: [told], dropped: [] }, [row(4, key(4))]).news, [row(4, told)]);
  });

  it('agree from then on, whatever each of them knew', () => {
    const version = fc.integer({ min: 1, max: 6 });
    const owned = fc.record({ version, memberId: fc.constantFrom(me, 200), isGone: fc.boolean() });
    fc.assert(
      fc.property(fc.option(version), fc.option(version), fc.option(owned), (mine, left, theirs) => {
        const ledger = mine === null ? [] : [key(mine)];
        const copy = { ledger, dropped: mine === null && left !== null ? [dropped(left)] : [] };
        const before =
          theirs === null ? [] : [row(theirs.version, theirs.isGone ? null : key(1), theirs.memberId)];
        const first = reconciled(me, copy, before);
        const after = first.news.length > 0 ? first.news : before;
        const second = reconciled(me, { ledger: first.ledger, dropped: [] }, after);
        assert.deepEqual(second, { ledger: first.ledger, news: [] });
      }),
    );
  });
});
