import assert from 'node:assert/strict';
import { problemsAmong } from '../../desk/problems.js';
import { willFailAgain } from '../../kisi/errors.js';
import { personText } from '../../desk/person-text.js';
import { personView, type PersonView } from '../../desk/person-view.js';
import { standingOf } from '../../desk/standing.js';
import type { Snapshot } from '../../access/types.js';
import type { AuditRecord } from '../../database/audit-records.js';
import type { InKisiInFull } from '../../space/in-kisi.js';
import type { MemberRead } from '../../nexudus/reader.js';
import { at, member, pass, profile, snapshot } from '../support/builders.js';
import { aKey, governed, person, view, watched, type Over } from './facts.js';

const now = at('2026-11-29T10:00:00Z');

function viewOf(over: Over = {}): PersonView {
  const { asOf = null, invitation = null, listedName = null, ...facts } = over;
  const all = person({ now, ...facts });
  return personView(all, standingOf(all, { asOf, invitation, listedName }));
}

const read = (one: Snapshot, more: Partial<MemberRead> = {}): { value: MemberRead } => ({
  value: { snapshot: one, gone: false, doubts: [], broken: [], written: [], records: '', ...more },
});
const held = (over: Parameters<typeof aKey>[0] = {}): { value: InKisiInFull } => ({
  value: { userId: 5, isSuspended: false, keys: [aKey(over)], widerRoles: [] },
});
const bought = read(
  snapshot({ profiles: [profile({ passes: [pass({ expiresAt: at('2026-12-30T05:15:00Z') })] })] }),
);

function record(over: Partial<AuditRecord> = {}): AuditRecord {
  return {
    ...{ key: 'a', at: now - 1_000, kind: 'write', state: 'done', memberId: 100, locationId: 1, groupId: 12 },
    ...{
      what: 'grant',
      before: null,
      after: null,
      cause: 'pass 900',
      by: 'rules',
      planId: null,
      answer: null,
    },
    ...over,
  };
}

describe('what a person’s page shows', () => {
  it('tells of each group what should be, what is, who gave it, since when and until when', () => {
    const [group] = viewOf({ records: bought, inKisi: held() }).groups;
    const facts = new Map(group?.facts);
    assert.equal(group?.name, 'Office');
    assert.match(facts.get('Should have') ?? '', /^yes, until Wed 30 Dec( 2026)? 06:15, Rome$/);
    assert.equal(facts.get('Has in Kisi'), 'yes');
    assert.equal(facts.get('Given by'), 'Latchkey');
    assert.match(facts.get('Since') ?? '', /^Fri 20 Nov( 2026)? 11:00, Rome$/);
    assert.match(facts.get('Ends in Kisi') ?? '', /^Sun 6 Dec( 2026)? 11:00, Rome$/);
    assert.match(facts.get('Why') ?? '', /^pass 900 \(Day pass\), which expires at Wed 30 Dec/);
  });

  it('says how many more passes count, and that older ones do not', () => {
    const lasting = { expiresAt: at('2026-12-30T05:15:00Z') };
    const count = [1, 2, 3, 4, 5, 6, 7].map((id) => pass({ id: 900 + id, ...lasting }));
    const over = pass({ id: 800, expiresAt: at('2026-11-28T05:15:00Z') });
    const many = read(snapshot({ profiles: [profile({ passes: [...count, over] })] }));
    const verdicts = viewOf({ records: many, inKisi: held() }).groups[0]?.why ?? [];
    assert.equal(verdicts.length, 7);
    assert.deepEqual(verdicts.slice(5), ['2 more passes count.', 'Older passes do not count.']);
  });

  it('tells a right by hand, its role and an end that cannot be read', () => {
    const odd = { byLatchkey: false, role: 'group_manager', until: null, isEndReadable: false, since: null };
    const facts = new Map(viewOf({ records: bought, inKisi: held(odd) }).groups[0]?.facts);
    assert.equal(facts.get('Has in Kisi'), 'yes, as group_manager');
    assert.equal(facts.get('Given by'), 'a person, or another integration');
    assert.equal(facts.get('Since'), 'not known');
    assert.equal(facts.get('Ends in Kisi'), 'an end that cannot be read');
  });

  it('tells who gave a right: an integration, or a person whose key Latchkey moved on', () => {
    const given = (over: Parameters<typeof aKey>[0]): string | undefined =>
      new Map(viewOf({ records: bought, inKisi: held(over) }).groups[0]?.facts).get('Given by');
    assert.equal(given({ byLatchkey: false, isByApp: true }), 'another integration');
    assert.match(given({ isMovedOn: true }) ?? '', /^a person\. Latchkey has moved its end on/);
  });

  it('says that a right ends too early in Kisi, and that what waits does not take the key away', () => {
    const early = held({ byLatchkey: false, until: '2026-11-29T11:30:00Z' });
    const waitingFor = { what: 'mode observe', since: '2026-11-29T09:42:00Z', wakes: 'by itself' };
    const stopped = watched({ problem: 'Stopped', view: view({ waitingFor }) });
    const question = viewOf({ records: bought, inKisi: early, watched: stopped }).questions[1];
    assert.equal(question?.isWell, false);
    assert.equal(question.reasons[0]?.tell, 'Your key works as it is.');
    assert.match(question.reasons[1]?.short ?? '', /^the right to Office ends in Kisi before/);
  });

  it('gives one reason why a key is not there yet', () => {
    const without = watched({ view: view({ state: 'new' }) });
    const reasons = viewOf({ records: bought, watched: without }).questions[1]?.reasons ?? [];
    assert.deepEqual(
      reasons.map(({ short }) => short),
      ['Latchkey has not looked at this person yet'],
    );
  });

  it('advises to correct what Kisi refuses, and not to wait', () => {
    const waitingFor = {
      what: `because of email; ${willFailAgain}`,
      since: '2026-11-29T09:42:00Z',
      wakes: '',
    };
    const refused = watched({ problem: 'Kisi', view: view({ waitingFor }) });
    const todo = viewOf({ records: bought, watched: refused }).questions[1]?.reasons[0]?.todo ?? '';
    assert.match(todo, /^Correct in Nexudus what Kisi does not accept/);
  });

  it('tells that a pass with a last day expires when that day is over, and what the rules decided', () => {
    const lastDay = at('2026-11-27T23:00:00Z');
    const expired = read(snapshot({ profiles: [profile({ passes: [pass({ expiresAt: lastDay })] })] }));
    const kept = { value: [record({ kind: 'decision', what: 'no key', groupId: null, at: now })] };
    const rows = viewOf({ records: expired, kept }).timeline?.rows ?? [];
    assert.deepEqual(
      rows.map(({ iso, what }) => `${iso.slice(0, 16)} ${what}`),
      ['2026-11-29T10:00 the rules give no key', '2026-11-28T23:00 a pass expires'],
    );
  });

  it('calls it no failure where a key was left to a person', () => {
    const left = record({ state: 'failed', answer: 'byHand key 7' });
    const [row] = viewOf({ kept: { value: [left] } }).timeline?.rows ?? [];
    assert.equal(row?.what, 'a key that Latchkey did not give is left as it is');
    assert.equal(row.why, 'pass 900; Kisi: key 7 was there already, and Latchkey did not give it');
    assert.deepEqual(problemsAmong([left], 1, now), []);
  });

  it('asks the three questions in order, and answers each', () => {
    const answers = viewOf({ records: bought, inKisi: held() }).questions.map(({ isWell }) => isWell);
    assert.deepEqual(answers, [true, true, true]);
    const down = { why: 'down', since: now };
    const unknown = viewOf({ records: down, inKisi: down }).questions.map(({ isWell }) => isWell);
    assert.deepEqual(unknown, [null, null, null]);
  });

  it('looks for nothing at the phone or the door where there is no key', () => {
    const without = read(snapshot({ profiles: [profile()] }));
    const { answer, checks } =
      viewOf({ records: without, watched: watched({ shown: null }) }).questions[2] ?? {};
    assert.equal(answer, 'Neither: there is no key, and none is due.');
    assert.deepEqual(checks, []);
  });

  it('says of each restriction of a door what to tell the member and what to do', () => {
    const restrictions = [
      'geofence',
      'reader',
      'primaryDevice',
      'managedDevice',
      'time',
      'tapToAccess',
    ] as const;
    const door = { id: 12, name: 'Office', placeId: null, loginEnabled: true, locksCount: 1 };
    const groups = new Map([[12, { ...door, restrictions: [...restrictions] }]]);
    const doors = { value: { groups, organizationId: 7 } };
    const reasons = viewOf({ records: bought, inKisi: held(), doors }).questions[2]?.reasons ?? [];
    assert.equal(reasons.length, restrictions.length);
    for (const { short, tell, todo } of reasons) {
      assert.match(short, /Office/);
      assert.ok(tell.length > 10 && todo.length > 10);
    }
  });

  it('shows some of hundreds of old passes, the one that counts first, and one reason for all', () => {
    const old = Array.from({ length: 400 }, (_, index) =>
      pass({ id: index + 1, expiresAt: at('2026-10-01T10:00:00Z') + index }),
    );
    const profiles = [profile({ passes: [pass({ id: 900 }), ...old] })];
    const shown = viewOf({ records: read(snapshot({ profiles })), inKisi: held() });
    assert.match(shown.groups[0]?.why?.[0] ?? '', /^pass 900 .* counts/);
    assert.equal(shown.groups[0]?.why?.at(-1), 'Older passes do not count.');
    const without = viewOf({ records: read(snapshot({ profiles: [profile({ passes: old })] })) });
    assert.equal(without.questions[0]?.reasons.length, 1);
    assert.equal(without.timeline?.rows.length, 100);
    assert.equal(without.timeline.isAll, false);
  });

  it('tells what happened, the newest first, by whom and with what Kisi answered', () => {
    const kept = [
      record({ answer: 'created key 77' }),
      record({
        at: now - 5_000,
        kind: 'act',
        what: 'block every group',
        by: 'gina (gina@desk)',
        groupId: null,
      }),
      record({ at: now - 9_000, state: 'failed', what: 'revoke', groupId: 13 }),
    ];
    const { rows, isAll } = viewOf({ records: bought, kept: { value: kept } }).timeline ?? {
      rows: [],
      isAll: null,
    };
    assert.deepEqual(
      rows.map(({ what, group, by }) => [what, group, by]),
      [
        ['the key is given', 'Office', 'rules'],
        ['block every group', '', 'gina (gina@desk)'],
        ['the key is taken away (not made)', 'group 13', 'rules'],
      ],
    );
    assert.equal(rows[0]?.why, 'pass 900; Kisi: created key 77');
    assert.equal(isAll, true);
  });

  it('says what could not be read, since when, and which records are broken', () => {
    const down = { why: 'it is down.', since: at('2026-11-29T09:00:00Z') };
    const { unread } = viewOf({
      records: read(bought.value.snapshot ?? snapshot(), { broken: ['CoworkerTimePass 5 Used is missing'] }),
      inKisi: down,
      kept: down,
    });
    assert.match(
      unread.join('\n'),
      /^What Kisi holds could not be read since Sun 29 Nov( 2026)? 10:00, Rome: it is down\.$/m,
    );
    assert.match(unread.join('\n'), /^The audit log could not be read since /m);
    assert.match(
      unread.join('\n'),
      /^A record in Nexudus cannot be read, and counts for nothing: CoworkerTimePass 5/m,
    );
    const silent = viewOf({ records: bought, watched: watched({ view: null }) });
    assert.match(silent.unread.join('\n'), /^No worker answers/m);
    const ruleless = { value: { inForce: null, orders: governed().value.orders } };
    assert.match(
      viewOf({ records: bought, governed: ruleless }).unread.join('\n'),
      /^No worker has said yet by which rules/,
    );
  });

  it('links to the records, and to the other profiles of the person', () => {
    const profiles = [profile({ member: member({ id: 90 }) }), profile({ passes: [pass()] })];
    const { links, keyOwnerId } = viewOf({ records: read(snapshot({ profiles })), inKisi: held() });
    assert.deepEqual(
      links.map(({ href }) => href),
      [
        'https://dashboard.nexudus.com/operations/coworkers/100',
        'https://web.kisi.io/organization/7/users/5',
        '/people/90',
      ],
    );
    assert.equal(keyOwnerId, 90);
  });

  it('is plain text in which every line is one, whatever a name or a reason holds', () => {
    const hostile = 'Ada\u001b[31m\n\u202egnp.exe\u2028x';
    const named = snapshot({
      profiles: [profile({ member: member({ fullName: hostile }), passes: [pass()] })],
    });
    const waitingFor = { what: hostile, since: '2026-11-29T09:00:00Z', wakes: 'by itself' };
    const text = personText(
      viewOf({
        records: read(named),
        watched: watched({ view: view({ waitingFor }) }),
        kept: { value: [record({ cause: hostile, by: hostile })] },
      }),
    );
    assert.doesNotMatch(text, /[\u001b\u202e\u2028]/);
    assert.equal(text.split('\n').filter((line) => /^gnp\.exe/.test(line)).length, 0);
  });
});
