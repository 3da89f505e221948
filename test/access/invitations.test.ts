import assert from 'node:assert/strict';
import {
  acceptanceOf,
  isReminderDue,
  mailAgainProblem,
  type InvitationSigns,
} from '../../access/invitations.js';

const dayMs = 24 * 3_600_000;
const invitedAt = Date.UTC(2026, 10, 1, 9);
const at = (days: number): number => invitedAt + days * dayMs;

const silent: InvitationSigns = { lastUnlockAt: 'unknown', confirmed: null, phone: 'unknown' };

describe('whether an invitation is accepted', () => {
  for (const [what, signs, state, evidence] of [
    ['a door was opened', { lastUnlockAt: at(1) }, 'accepted', 'last opened a door at 2026-11-02T09:00:00Z'],
    ['a door was opened, by a card', { lastUnlockAt: at(1), phone: 'none' }, 'accepted', 'last opened'],
    ['a phone is signed in', { phone: at(2) }, 'accepted', 'signed in to the Kisi app at 2026-11-03T'],
    ['a phone is signed in since nobody knows when', { phone: 'some' }, 'accepted', 'is signed in'],
    [
      'no phone is signed in, whoever confirmed the account',
      { lastUnlockAt: 'never', phone: 'none', confirmed: true },
      'notAccepted',
      'has no phone signed in to the Kisi app, and has never opened a door',
    ],
    [
      'phones are not shown, and the account is not confirmed',
      { lastUnlockAt: 'never', confirmed: false },
      'notAccepted',
      'has never opened a door, and has not confirmed the account',
    ],
    [
      'phones are not shown, and the account was made confirmed',
      { lastUnlockAt: 'never', confirmed: true },
      'unknown',
      'Kisi does not show phones',
    ],
    ['doors are not told either', { confirmed: false }, 'unknown', 'may have opened a door'],
    ['nothing is told', {}, 'unknown', 'nothing tells of the account'],
  ] as const)
    it(`is ${state} where ${what}, and says what shows it`, () => {
      const told = acceptanceOf({ ...silent, ...signs });
      assert.equal(told.state, state);
      assert.ok(told.evidence.includes(evidence), told.evidence);
    });
});

describe('a reminder', () => {
  const isDue = (
    mailedOn: number[],
    now: number,
    state: 'notAccepted' | 'accepted' | 'unknown' = 'notAccepted',
  ) => isReminderDue({ state }, { invitedAt, mailedAgainAt: mailedOn.map(at) }, at(now));

  it('is due on day 2 and on day 7, and never again', () => {
    assert.deepEqual(
      [1.9, 2, 5].map((day) => isDue([], day)),
      [false, true, true],
    );
    assert.deepEqual(
      [3, 6.9, 7].map((day) => isDue([2], day)),
      [false, false, true],
    );
    assert.deepEqual(
      [8, 20].map((day) => isDue([2, 7], day)),
      [false, false],
    );
  });

  it('follows no other mail within a day', () => {
    assert.deepEqual(
      [7, 7.4, 7.5].map((day) => isDue([6.5], day)),
      [false, false, true],
    );
  });

  it('is not sent where the invitation is accepted, or nobody can tell', () => {
    assert.deepEqual([isDue([], 3, 'accepted'), isDue([], 3, 'unknown')], [false, false]);
  });

  it('is not sent for an invitation of long ago, or of an unknown time', () => {
    assert.deepEqual([isDue([], 30), isDue([], 31)], [true, false]);
    assert.equal(
      isReminderDue({ state: 'notAccepted' }, { invitedAt: null, mailedAgainAt: [] }, at(3)),
      false,
    );
  });
});

describe('a mail that a person asks for', () => {
  const open = { state: 'notAccepted', evidence: '' } as const;
  it('may be sent once a day, however many there were', () => {
    const mails = { invitedAt, mailedAgainAt: [at(2), at(7), at(9)] };
    assert.match(
      mailAgainProblem(open, mails, at(9.5)) ?? '',
      /less than a day ago, at 2026-11-10T09:00:00Z/,
    );
    assert.equal(mailAgainProblem(open, mails, at(10)), null);
    assert.equal(mailAgainProblem({ ...open, state: 'unknown' }, mails, at(10)), null);
  });

  it('is not sent on the day of the invitation, nor once that is accepted', () => {
    const mails = { invitedAt, mailedAgainAt: [] };
    assert.match(mailAgainProblem(open, mails, at(0.5)) ?? '', /less than a day ago/);
    const accepted = { state: 'accepted', evidence: 'is signed in to the Kisi app' } as const;
    assert.match(mailAgainProblem(accepted, mails, at(5)) ?? '', /is accepted: the member is signed in/);
  });
});
