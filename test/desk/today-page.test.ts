// What today's page says of a space in which everything needs somebody, and of one in which nothing does.
import assert from 'node:assert/strict';
import type { ShownHealth } from '../../desk/health.js';
import type { Shown } from '../../desk/last-known.js';
import { Invitations } from '../../desk/pages/invitations.js';
import { listedName } from '../../desk/pages/told.js';
import { Today } from '../../desk/pages/today.js';
import type { TodayFacts } from '../../desk/today-facts.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { firstOrders } from '../../messages/to-control.js';
import type { DriftView } from '../../messages/to-drift.js';
import { alertsOf } from '../../monitoring/alerts.js';
import type { Facts } from '../../monitoring/facts.js';
import type { ListedMember } from '../../space/member-lists.js';
import type { Invitation } from '../../activities/invitations.js';
import { problemsAmong } from '../../desk/problems.js';
import { note } from '../database/records.js';
import { facts as factsOf, kisiKey, hour, minute, noon } from '../monitoring/facts.js';
import { exception } from '../support/builders.js';
import { htmlOf } from '../support/html.js';

const read = <T>(value: T): Shown<T> => ({ value, readAt: noon, problem: null, isReading: false });
const unread: Shown<never> = { value: null, readAt: null, problem: 'nobody answered', isReading: false };
const nobody = { members: [], count: 0 };
const noDrift: DriftView = {
  ...{ findings: [], more: 0, alert: null },
  ...{ lastComparedAt: '2026-11-28T11:52:00Z', nextComparisonAt: '2026-11-28T12:07:00Z' },
};
const quiet: TodayFacts = {
  withheld: read([]),
  drift: read(noDrift),
  waiting: read(nobody),
  changed: read([]),
  next: read(nobody),
  disagreements: read([]),
  invitations: read({ open: [], acceptedCount: 3 }),
  hadProblems: read([]),
  places: read(new Map()),
};
const names = new Map([
  [7, 'Ada Lovelace'],
  [8, '<script>x</script>\u202Eevil'],
]);
const member = (memberId: number, over: Partial<ListedMember> = {}): ListedMember => ({
  ...{ memberId, problem: null, locationId: 1, nextChangeAt: null, groupIds: [] },
  ...over,
});

const write = {
  ...note({ key: 'w', at: noon, memberId: 7, groupId: 12, locationId: 1 }),
  ...{ kind: 'write' as const, what: 'grant' },
};

function invitation(over: Partial<Invitation>): Invitation {
  return {
    ...{ memberId: 7, userId: 5, isByLatchkey: true, isSuspended: false, locationId: 1 },
    ...{ key: { id: 3, groupId: 12 }, state: 'notAccepted', invitedAt: noon, mailedAgainAt: [] },
    evidence: 'has no phone signed in to the Kisi app, and has never opened a door',
    ...over,
  };
}

const about = {
  naming: {
    people: { nameOf: (id: number) => names.get(id) ?? null },
    groups: new Map([[12, 'Trastevere, Rome – Office']]),
    zone: 'Europe/Rome',
    zones: { 1: 'Europe/Rome', 2: 'America/New_York' },
  },
  viewer: { name: 'Mia', role: 'operator' as const, account: 'mia@desk-1' },
  now: noon,
};

function page(
  facts: Partial<TodayFacts> = {},
  over: Partial<Facts> = {},
  more: Partial<ShownHealth> = {},
): string {
  const known = factsOf(over);
  const health: ShownHealth = {
    value: { facts: known, inForce: null, standing: alertsOf(known, noon).standing },
    ...{ readAt: noon, problem: null, isReading: false, now: noon, temporal: null },
    verified: { value: null, readAt: null, problem: null, isReading: false },
    ...more,
  };
  return htmlOf(Today({ facts: { ...quiet, ...facts }, health, about }));
}

describe('the page of today', () => {
  it('says that all is well and when that was looked at, where nothing needs anybody', () => {
    const html = page();
    assert.match(html, /All is well: nothing needs anybody\./);
    assert.match(html, /Looked at <time[^>]*>Sat 28 Nov(?: 2026)? 13:00, Rome<\/time>/);
    assert.match(html, /Nexudus was polled 20 s ago/);
    assert.match(html, /Nothing changed\..*Nothing is known that changes until then\./s);
  });

  it('does not say so where something could not be read', () => {
    for (const part of ['withheld', 'drift', 'waiting', 'disagreements', 'invitations'] as const)
      assert.doesNotMatch(page({ [part]: unread }), /All is well/, part);
    assert.doesNotMatch(page({}, {}, { problem: 'Temporal is gone' }), /All is well/);
    assert.doesNotMatch(page({}, {}, { value: null }), /All is well/);
    assert.match(page({ withheld: unread }), /Keys that are withheld could not be read: nobody answered/);
  });

  it('tells withheld keys once: whose they are, to which group, and why', () => {
    const loss = { memberId: 7, locationId: 1, groupId: 12, cause: 'member' as const, doubt: null };
    const why = 'Coworker 7 Active is false since 2026-11-28T11:00:00Z';
    const withheld = [{ id: 3, since: noon - hour, grewAt: noon, ruling: null, losses: [{ ...loss, why }] }];
    const held = [{ id: 3, since: noon - hour, keys: 1, ruling: null }];
    const html = page({ withheld: read(withheld) }, { held });
    assert.match(html, /Keys that are withheld: 1/);
    assert.match(
      html,
      /href="\/people\/7">Ada Lovelace<\/a>, <a href="\/groups\/12">Trastevere, Rome – Office<\/a>/,
    );
    assert.match(html, /since Sat 28 Nov(?: 2026)? 12:00, Rome/);
    assert.doesNotMatch(html, /latchkey approve/);
    // Without a worker nobody tells which keys: then the alert says how many there are.
    assert.match(page({ withheld: unread }, { held }), /Latchkey has withheld 1 keys/);
  });

  it('tells blocks that are not carried out, who waits for what, and how many more there are', () => {
    const members = [member(7, { problem: 'Block' }), member(9, { problem: 'Kisi' })];
    const blocked = { Block: 1, Kisi: 4, Stopped: 3 };
    const waiting = read({ members, count: 5 });
    const html = page({ waiting }, { blocked, orders: firstOrders('observe', noon) });
    assert.match(html, /Blocks that are not carried out yet: 1.*Ada Lovelace/s);
    assert.match(html, /People who wait: 4.*Member 9<\/a> waits for Kisi.*and 3 more/s);
    assert.match(html, /The keys of 3 people may not be written, by order/);
    // Nobody ordered that: these keys are withheld.
    const live = page({ waiting }, { blocked, orders: firstOrders('live', noon) });
    assert.doesNotMatch(live, /may not be written/);
  });

  it('tells findings, disagreements, and exceptions that end within a week', () => {
    const finding: DriftView['findings'][number] = {
      ...{ id: 4, kind: 'extra', memberId: 7, groupId: 12, groupName: 'Office', kisiUserId: 5 },
      ...{ what: 'a key until 2026-12-01T00:00:00Z', since: '2026-11-28T11:00:00Z', contested: true },
      ...{ ruling: null, doing: 'nothing' },
    };
    const settled = {
      ...finding,
      id: 5,
      ruling: { verb: 'ignore' as const, by: 'Mia', at: '' },
      what: 'settled',
    };
    const soon = exception({ memberId: 7, until: noon + 26 * hour, reason: 'the <b>plumber</b>' });
    const late = exception({ id: 8, until: noon + 30 * 24 * hour, reason: 'late' });
    const orders = { ...firstOrders('live', noon - hour), exceptions: [late, soon] };
    const disagreement = { memberId: 7, onlyNexudus: [12], onlyLatchkey: [], since: noon - hour, why: null };
    const html = page(
      {
        drift: read({ ...noDrift, findings: [finding, settled] }),
        disagreements: read([disagreement]),
      },
      { orders },
    );
    assert.match(html, /Kisi and Latchkey differ: 1.*Somebody undid a repair of Latchkey twice/s);
    assert.doesNotMatch(html, /settled/);
    assert.match(html, /Nexudus and Latchkey disagree: 1.*only Nexudus gives <a href="\/groups\/12">/s);
    assert.match(
      html,
      /Exceptions that end within 7 days: 1.*Sun 29 Nov(?: 2026)? 15:00, Rome.*&lt;b&gt;plumber/s,
    );
    assert.doesNotMatch(html, /late/);
  });

  it('tells a time by the clock of the person’s location, where that is known', () => {
    const finding: DriftView['findings'][number] = {
      ...{ id: 4, kind: 'extra', memberId: 8, groupId: null, groupName: null, kisiUserId: 5 },
      ...{ what: 'a key', since: '2026-11-28T11:00:00Z', contested: false, ruling: null, doing: 'nothing' },
    };
    const exceptions = [7, 9].map((memberId) => exception({ memberId, until: noon + 26 * hour }));
    const html = page(
      {
        drift: read({ ...noDrift, findings: [finding] }),
        places: read(
          new Map([
            [7, 2],
            [8, 2],
          ]),
        ),
      },
      { orders: { ...firstOrders('live', noon - hour), exceptions } },
    );
    assert.match(html, /a key \(since <time[^>]*>Sat 28 Nov(?: 2026)? 06:00, New York</);
    assert.match(
      html,
      /Ada Lovelace<\/a> [^<]*<[^>]*>[^<]*<\/a> until <time[^>]*>Sun 29 Nov(?: 2026)? 09:00, New York</,
    );
    assert.match(
      html,
      /Member 9<\/a> [^<]*<[^>]*>[^<]*<\/a> until <time[^>]*>Sun 29 Nov(?: 2026)? 15:00, Rome</,
    );
  });

  it('tells who has not accepted the invitation after two days, and what the API key of Kisi needs', () => {
    const open = invitation({ memberId: 7, invitedAt: noon - 3 * 24 * hour });
    const young = invitation({ memberId: 9, invitedAt: noon - 47 * hour });
    const unknown = invitation({ memberId: 11, state: 'unknown', invitedAt: noon - 9 * 24 * hour });
    const html = page(
      { invitations: read({ open: [unknown, open, young], acceptedCount: 3 }) },
      { kisiKey: kisiKey({ expires: true }) },
    );
    assert.match(html, /Invitations that are not accepted after 2 days: 1</);
    assert.match(
      html,
      /Ada Lovelace<\/a>, invited <time[^>]*>Wed 25 Nov[^<]*13:00, Rome<\/time>, 1 mail: has no phone/,
    );
    assert.match(html, /href="\/acts\/resend\?member=7"/);
    assert.doesNotMatch(html, /Member 9|Member 11/);
    assert.match(html, /The service: 1<\/h3>.*API key of Kisi/s);
  });

  it('tells who had a problem: keys that came late, and what Kisi refused', () => {
    const late = { record: { ...write, key: 'a', memberId: 7 }, waitedMs: 12 * minute, times: 1 };
    const refused = {
      record: { ...write, key: 'b', memberId: 8, state: 'failed' as const, answer: 'no <b>' },
    };
    const html = page({ hadProblems: read([late, { ...refused, waitedMs: null, times: 4 }]) });
    assert.match(
      html,
      /Ada Lovelace<\/a> was given a key, <a[^>]*>Trastevere[^<]*<\/a>, 12 min after it was due/,
    );
    assert.match(html, /evil<\/a> was given a key \(not done\).*, tried 4 times so far; Kisi: no &lt;b&gt;/);
    assert.match(page(), /Nobody: every key came and went in time\./);
    const begun = { ...write, key: 'c', state: 'begun' as const, at: noon - 2 * minute };
    const inTime = { ...write, key: 'd', waited: { since: noon - 30_000, until: noon } };
    const slow = { ...write, key: 'e', waited: { since: noon - 61_000, until: noon } };
    const found = problemsAmong([begun, inTime, slow, { ...begun, at: noon - 1_000 }], 60_000, noon);
    assert.deepEqual(
      found.map(({ record, waitedMs }) => [record.key, waitedMs]),
      [
        ['c', null],
        ['e', 61_000],
      ],
    );
  });

  it('tells once what Kisi refuses again and again, and how often that was', () => {
    const refused = (key: string, at: number): AuditRecord =>
      ({ ...write, key, at, memberId: 8, state: 'failed', answer: 'no' }) as const;
    const writes = [refused('b', noon), { ...refused('c', noon), memberId: 7 }, refused('a', noon - minute)];
    assert.deepEqual(
      problemsAmong(writes, 60_000, noon).map(({ record, times }) => [record.key, times]),
      [
        ['b', 2],
        ['c', 1],
      ],
    );
  });

  it('shows no more than the beginning of a name that goes on and on', () => {
    assert.equal(listedName('W'.repeat(500)), `${'W'.repeat(80)}…`);
    assert.equal(listedName('Ada Lovelace'), 'Ada Lovelace');
  });

  it('says of invitations once that nobody held a key yet', () => {
    const html = htmlOf(Invitations({ invitations: read({ open: [], acceptedCount: 0 }), about }));
    assert.match(html, /Nobody held a key that Latchkey gave\./);
    assert.doesNotMatch(html, /accepted/);
    const one = htmlOf(Invitations({ invitations: read({ open: [], acceptedCount: 1 }), about }));
    assert.match(one, /1 person has a key and has accepted\./);
  });

  it('tells what changed by name and group, and shows no markup of others', () => {
    const records = [
      note({
        key: 'c',
        at: noon,
        locationId: 2,
        what: 'keys to 12',
        cause: 'pass 3 until 2026-11-28T20:00:00Z',
      }),
      note({ key: 'a', at: noon - minute, kind: 'act', memberId: 8, what: 'resync', by: '<i>Mia</i>' }),
      {
        ...note({ key: 'b', at: noon - hour }),
        kind: 'write' as const,
        what: 'revoke',
        state: 'begun' as const,
      },
    ];
    const html = page({ changed: read(records) });
    assert.match(html, /Ada Lovelace<\/a><\/td><td[^>]*>lost a key \(Kisi’s answer is not known\)/);
    assert.match(
      html,
      /07:00, New York.*keys to 12 \(Trastevere.*until Sat 28 Nov(?: 2026)? 15:00, New York/s,
    );
    assert.match(html, /&lt;script&gt;x&lt;\/script&gt;evil/);
    assert.doesNotMatch(html, /<script>|<i>|\u202E/);
  });

  it('tells when which members change next, the first to change first, and how many more', () => {
    const members = [
      member(7, { nextChangeAt: noon + hour, groupIds: [12] }),
      member(9, { nextChangeAt: noon + 11 * hour }),
    ];
    const html = page({ next: read({ members, count: 12 }) });
    assert.match(html, /Sat 28 Nov(?: 2026)? 14:00, Rome.*Ada Lovelace.*holds <a href="\/groups\/12">/s);
    assert.match(html, /Sat 28 Nov(?: 2026)? 24:00, Rome.*Member 9<\/a> \(holds no key\)/s);
    assert.match(html, /10 people more until tomorrow/);
  });
});
