import assert from 'node:assert/strict';
import { viewWords } from '../../client/list.js';
import type { MemberView } from '../../workflows/messages.js';

const view: MemberView = {
  memberId: 12,
  state: 'access',
  keys: [
    {
      groupId: 2001,
      until: '2026-12-01T00:00:00Z',
      doorClosesAt: '2026-12-01T00:15:00Z',
      because: 'pass 3 (Day pass) expires',
      givenByHand: false,
    },
  ],
  nextChange: { at: '2026-12-01T00:00:00Z', what: 'the key to group 2001 ends' },
  waitingFor: null,
  lastCheckedAt: '2026-11-25T10:00:30Z',
  lastError: null,
  standing: 'Has access.',
};

describe('a member in words', () => {
  it('tells each key with its end and its reason, and what comes next', () => {
    assert.equal(
      viewWords(view),
      [
        'Member 12 has access.',
        '',
        'Key to group 2001, until 2026-12-01 00:00Z.',
        '  Why: pass 3 (Day pass) expires.',
        '  The door closes by itself: 2026-12-01 00:15Z.',
        '',
        'Next change: 2026-12-01 00:00Z, the key to group 2001 ends.',
        'Last checked: 2026-11-25 10:00Z.',
      ].join('\n'),
    );
  });

  it('says so where a key was given by hand, has no end, and never closes by itself', () => {
    const byHand = {
      groupId: 5,
      until: null,
      doorClosesAt: null,
      because: 'no end known',
      givenByHand: true,
    };
    const words = viewWords({ ...view, keys: [byHand], nextChange: null });
    assert.match(words, /^Key to group 5, no end known\.$/m);
    assert.match(words, /^ {2}Given by hand: Latchkey never takes it away\.$/m);
    assert.match(words, /^ {2}The door closes by itself: never\.$/m);
    assert.match(words, /^Next change: none known\.$/m);
  });

  it('says why there is no access, what is waited for, and tells an error once', () => {
    const waitingFor = { what: 'Kisi is down.', since: '2026-11-25T09:00:00Z', wakes: 'by itself' };
    const stuck: MemberView = { ...view, state: 'noAccess', keys: [], standing: 'No pass.', waitingFor };
    const words = viewWords({ ...stuck, lastError: 'Kisi is down.' });
    assert.match(words, /^Member 12 has no access\.\nNo pass\.$/m);
    assert.match(words, /^Waiting since 2026-11-25 09:00Z: Kisi is down\.\n {2}Goes on by itself\.$/m);
    assert.doesNotMatch(words, /Last error/);
    assert.match(viewWords({ ...stuck, lastError: 'Nexudus refused.' }), /^Last error: Nexudus refused\.$/m);
  });

  it('shows a member that was never looked at', () => {
    const words = viewWords({ ...view, state: 'new', keys: [], standing: '', lastCheckedAt: null });
    assert.match(words, /^Member 12 has not been looked at yet\.\n\n/);
    assert.match(words, /Last checked: never\.$/);
  });
});
