import type { PlanLine } from '../../messages/to-plan.js';
import assert from 'node:assert/strict';
import { timeWords } from '../../space/times.js';
import type { Preview } from '../../activities/preview.js';
import { foretellingWords } from '../../space/foretell.js';

describe('what a mode is told to do', () => {
  const at = Date.UTC(2026, 10, 28, 7);
  const person = (memberId: number, kinds: PlanLine['does'][], newUser = false): Preview =>
    ({
      memberId,
      changes: kinds.map((does) => ({ line: { does } })),
      newUser,
      requests: kinds.length + (newUser ? 1 : 0),
    }) as Preview;

  it('counts keys that are given, moved and taken away, mails, requests and their time', () => {
    const people = [
      person(1, ['grant', 'grant'], true),
      person(2, ['grant', 'revoke']),
      person(3, ['move', 'giveBack', 'adopt']),
      person(4, []),
    ];
    assert.equal(
      foretellingWords({ at, people, unread: [{ memberId: 5, why: 'malformed' }] }, 'Europe/Rome'),
      `As of ${timeWords(at, 'Europe/Rome')}, for 4 members: 3 keys given, 2 keys moved, 1 key taken away, 1 invitation mailed by Kisi: ` +
        '8 requests, at least 2 s. The records of 1 member cannot be judged: `latchkey plan` says why.',
    );
  });

  it('says where there is nothing to do', () => {
    assert.equal(
      foretellingWords({ at, people: [person(1, [])], unread: [] }, 'Europe/Rome'),
      `As of ${timeWords(at, 'Europe/Rome')}, for 1 member: nothing is to be written to Kisi now.`,
    );
  });
});
