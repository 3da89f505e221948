import assert from 'node:assert/strict';
import type { InKisi } from '../../../space/in-kisi.js';
import {
  memberWords as wordsOf,
  viewWords as wordsOfView,
  type Shows,
} from '../../../client/members/show.js';
import { timeWords } from '../../../space/times.js';
import type { KnownMember } from '../../../space/member-workflows.js';
import type { MemberView } from '../../../messages/to-member.js';

const view: MemberView = {
  memberId: 12,
  state: 'access',
  keys: [
    {
      groupId: 2001,
      until: '2026-12-01T00:00:00Z',
      kisiEndsAt: '2026-12-01T00:15:00Z',
      because: 'pass 3 (Day pass) expires',
      givenByHand: false,
    },
  ],
  nextChange: { at: '2026-12-01T00:00:00Z', what: 'the key to group 2001 ends' },
  waitingFor: null,
  lastCheckedAt: '2026-11-25T10:00:30Z',
  lastError: null,
  standing: 'Has access.',
  blocks: null,
};

const shows: Shows = { names: new Map([[2001, 'Harbours']]), zone: 'Europe/Rome' };
const at = (iso: string): string => timeWords(iso, shows.zone);
const viewWords = (one: MemberView, kisi: InKisi | null): string => wordsOfView(one, kisi, shows);
const memberWords = (row: KnownMember, kisi: InKisi): string => wordsOf(row, kisi, shows);

const key = {
  groupId: 2001,
  until: '2026-12-01T00:15:00Z',
  role: 'group_basic',
  isEndReadable: true,
  byLatchkey: true,
};
const inKisi = (over: Partial<InKisi> = {}): InKisi => ({
  userId: 5,
  isSuspended: false,
  keys: [key],
  ...over,
});
const nothing = inKisi({ keys: [] });

describe('a member in words', () => {
  it('tells each key with its end and its reason, and what comes next', () => {
    assert.equal(
      viewWords(view, inKisi()),
      [
        'Member 12 has access.',
        '',
        `Key to group 2001 (Harbours), until ${at('2026-12-01T00:00:00Z')}.`,
        '  Why: pass 3 (Day pass) expires.',
        `  The door closes by itself: ${at('2026-12-01T00:15:00Z')}.`,
        '',
        `Next change: ${at('2026-12-01T00:00:00Z')}, the key to group 2001 (Harbours) ends.`,
        `Last checked: ${at('2026-11-25T10:00:30Z')}.`,
      ].join('\n'),
    );
  });

  it('says so where a key was given by hand, has no end, and never closes by itself', () => {
    const byHand = {
      groupId: 5,
      until: null,
      kisiEndsAt: null,
      because: 'no end known',
      givenByHand: true,
    };
    const words = viewWords({ ...view, keys: [byHand], nextChange: null }, inKisi());
    assert.match(words, /^Key to group 5, no end known\.$/m);
    assert.match(words, /^ {2}Given by hand: Latchkey never takes it away\.$/m);
    assert.match(words, /^ {2}The door closes by itself: never\.$/m);
    assert.match(words, /^Next change: none known\.$/m);
  });

  it('says why there is no access, what is waited for, and tells an error once', () => {
    const waitingFor = { what: 'Kisi is down.', since: '2026-11-25T09:00:00Z', wakes: 'by itself' };
    const stuck: MemberView = { ...view, state: 'noAccess', keys: [], standing: 'No pass.', waitingFor };
    const words = viewWords({ ...stuck, lastError: 'Kisi is down.' }, nothing);
    assert.match(words, /^Member 12 has no access\.\nNo pass\.$/m);
    assert.match(
      words,
      /^Waiting since Wed 25 Nov( 2026)? 10:00, Rome: Kisi is down\.\n {2}Goes on by itself\.$/m,
    );
    assert.doesNotMatch(words, /Last error/);
    assert.match(
      viewWords({ ...stuck, lastError: 'Nexudus refused.' }, nothing),
      /^Last error: Nexudus refused\.$/m,
    );
  });

  it('shows a member that was never looked at', () => {
    const words = viewWords({ ...view, state: 'new', keys: [], standing: '', lastCheckedAt: null }, nothing);
    assert.match(words, /^Member 12 has not been looked at yet\.\n\n/);
    assert.match(words, /Last checked: never\.$/);
  });

  it('says that there is access only where Kisi shows a key, and who gave that key', () => {
    const none = { ...view, state: 'noAccess' as const, keys: [], standing: 'No pass.' };
    const byHand = inKisi({ keys: [{ ...key, groupId: 7, until: null, byLatchkey: false }] });
    assert.match(viewWords(view, nothing), /^Member 12 has no key in Kisi, although Latchkey gave one: /);
    assert.match(viewWords(none, nothing), /^Member 12 has no access\.\nNo pass\.$/m);
    assert.match(
      viewWords(none, byHand),
      /^Member 12 has access, by a right in Kisi that Latchkey did not give\.\n[^]*Key to group 7 in Kisi, without an end: given by a person or another integration\.$/m,
    );
    assert.match(viewWords(view, inKisi({ isSuspended: true })), /^Member 12 can open nothing: Kisi user 5/);
    assert.match(viewWords(view, null), /^Member 12 has access, as far as Latchkey knows\./);
  });

  it('tells of a higher right in Kisi, of an end that cannot be read, and of a key by hand that is gone', () => {
    const manager = inKisi({ keys: [{ ...key, role: 'group_manager', until: null, byLatchkey: false }] });
    assert.match(
      viewWords({ ...view, keys: [] }, manager),
      /^Member 12 has access, by a right in Kisi that Latchkey did not give\.[^]*Right to group 2001 \(Harbours\) in Kisi \(group_manager\), without an end: given by a person/,
    );
    const odd = inKisi({ keys: [{ ...key, until: null, isEndReadable: false, byLatchkey: false }] });
    assert.match(viewWords({ ...view, keys: [] }, odd), /in Kisi, with an end that cannot be read: given by/);
    const byHand = { ...view, keys: view.keys.map((one) => ({ ...one, givenByHand: true })) };
    assert.match(viewWords(byHand, nothing), /^Member 12 has no access\./);
  });

  it('tells a member that Kisi refuses from a member that was not looked at', () => {
    const waitingFor = { what: 'Kisi refuses.', since: '2026-11-25T09:00:00Z', wakes: 'by itself' };
    const refused: MemberView = { ...view, state: 'new', keys: [], standing: '', waitingFor };
    assert.match(viewWords(refused, nothing), /^Member 12 has no access\./);
    assert.match(viewWords(refused, inKisi()), /^Member 12 has access\./);
  });

  it('never says that nobody has looked yet where a member waits', () => {
    const waitingFor = { what: 'Nexudus is down.', since: '2026-11-25T09:00:00Z', wakes: 'by itself' };
    const words = viewWords(
      { ...view, state: 'new', keys: [], standing: '', lastCheckedAt: null, waitingFor },
      nothing,
    );
    assert.match(words, /^Member 12 could not be looked at yet\.\n[^]*Waiting since .*: Nexudus is down\./);
  });

  it('never speaks from a closed workflow as if it lived', () => {
    const closed = 'terminated at 2026-11-25T10:00:00Z';
    const row = { memberId: 12, state: 'access', problem: null, locationId: 1, nextChangeAt: null };
    const words = memberWords({ ...row, view: null, closed, shown: null }, inKisi());
    assert.match(words, /^Nobody looks after member 12 now: its workflow was closed \(terminated at /);
    assert.match(
      words,
      /Key to group 2001 \(Harbours\) in Kisi, until Tue 1 Dec( 2026)? 01:15, Rome: given by Latchkey\.$/,
    );
  });
});

describe('an end at midnight', () => {
  it('is told by the last day that counts', () => {
    const ends = { ...view, keys: view.keys.map((one) => ({ ...one, until: '2026-11-30T23:00:00Z' })) };
    assert.match(
      viewWords(ends, inKisi()),
      /^Key to group 2001 \(Harbours\), until Mon 30 Nov( 2026)? 24:00, Rome\.$/m,
    );
  });
});
