// What needs somebody, by what is known of a space.
import assert from 'node:assert/strict';
import { alertsOf } from '../../monitoring/alerts.js';
import type { ApiState, Problem } from '../../monitoring/api-watch.js';
import type { Facts } from '../../monitoring/facts.js';
import { api, facts, hour, minute, noon, kisiKey } from './facts.js';

const causes = (over: Partial<Facts> = {}): string[] =>
  alertsOf(facts(over), noon).standing.map(({ cause }) => cause);
const textOf = (over: Partial<Facts>): string => alertsOf(facts(over), noon).standing[0]?.text ?? '';
const problem = (forMs: number, why = 'Kisi gave no answer (ETIMEDOUT) to GET /user.'): Problem => ({
  since: noon - forMs,
  lastAt: noon - 1_000,
  why,
});
const kisi = (over: Partial<ApiState>): Partial<Facts> => ({ apis: { nexudus: api(), kisi: api(over) } });
const nexudus = (over: Partial<ApiState>): Partial<Facts> => ({ apis: { nexudus: api(over), kisi: api() } });
const down = (forMs: number): Partial<ApiState> => ({ reachableSince: null, down: problem(forMs) });

describe('what needs somebody', () => {
  it('a NEXUDUS_TOKEN that ends within a day, unless it is refused already or outlives its end', () => {
    const at = (endsAt: number, over: Partial<Facts> = {}): string[] =>
      causes({ tokenEndsAt: endsAt, ...over }).filter((cause) => cause.startsWith('token'));
    assert.deepEqual(at(noon + 25 * hour), []);
    for (const left of [24, 1, 0, -23]) assert.deepEqual(at(noon + left * hour), ['token/nexudus']);
    assert.deepEqual(at(noon - 25 * hour), []);
    const refused = { since: noon, lastAt: noon, why: 'refused' };
    assert.deepEqual(at(noon, { apis: { nexudus: api({ refused }), kisi: api() } }), []);
    const [alert] = alertsOf(facts({ tokenEndsAt: noon + hour }), noon).standing;
    assert.match(
      alert?.text ?? '',
      /^NEXUDUS_TOKEN ends at 2026-11-28 13:00 UTC or before.*NEXUDUS_PASSWORD/,
    );
    assert.ok(alertsOf(facts({ apis: null }), noon).undecided.includes('token'));
  });

  it('is nothing where all is well', () => {
    assert.deepEqual(alertsOf(facts(), noon), { standing: [], undecided: [] });
  });

  it('an API that does not answer, once that has lasted five minutes', () => {
    assert.deepEqual(causes(kisi(down(5 * minute - 1))), []);
    assert.deepEqual(causes(kisi(down(5 * minute))), ['down/kisi']);
    assert.deepEqual(causes(nexudus(down(5 * minute))), ['down/nexudus']);
    assert.match(textOf(kisi(down(hour))), /^Kisi has not answered since 2026-11-28 11:00 UTC: .*ETIMEDOUT/);
  });

  it('a key or login that is refused, at once, with the setting to mend', () => {
    const refused = problem(1_000, 'the API key is wrong or has expired');
    assert.deepEqual(causes(kisi({ refused })), ['refused/kisi']);
    assert.match(textOf(kisi({ refused })), /KISI_API_KEY/);
    assert.match(textOf(nexudus({ refused })), /NEXUDUS_TOKEN/);
  });

  it('a call that is answered otherwise than documented, or refused, all through five minutes', () => {
    const call = (lastAt: number): Partial<Facts> =>
      nexudus({
        problems: [{ call: 'list teams', kind: 'changed', since: noon - hour, lastAt, why: 'no JSON.' }],
      });
    assert.deepEqual(causes(call(noon - hour + 4 * minute)), [], 'nothing followed the last failure');
    assert.deepEqual(causes(call(noon - minute)), ['call/nexudus/list teams']);
  });

  it('keys that are withheld, until a person has ruled on them', () => {
    const held = { id: 3, since: noon - hour, keys: 12, ruling: null };
    assert.deepEqual(causes({ held: [held] }), ['withheld/3']);
    assert.match(
      textOf({ held: [held] }),
      /^Latchkey has withheld 12 keys .*`latchkey approve 3`.*`latchkey reject 3`/,
    );
    const ruling = { does: 'reject', by: 'Mia', why: '', at: noon } as const;
    assert.deepEqual(causes({ held: [{ ...held, ruling }] }), []);
  });

  it('a list that lost most of its rows', () => {
    const doubted = [{ list: 'coworkers', rows: 3, before: 400, since: noon - minute }];
    assert.deepEqual(causes({ doubted }), ['loss/coworkers']);
    assert.match(textOf({ doubted }), /3 rows, 400 before/);
  });

  it('a repair that was undone twice, a comparison that fails for an hour, and a loss in Kisi', () => {
    const { drift } = facts();
    if (drift === null) throw new Error('no drift');
    const contested = [{ id: 7, kind: 'missing', memberId: 12, groupId: 3, since: noon } as const];
    assert.deepEqual(causes({ drift: { ...drift, contested, contestedCount: 1 } }), ['contested/7']);
    const failure = (forMs: number): Partial<Facts> => ({
      drift: { ...drift, failure: { since: noon - forMs, why: 'Kisi is down.' } },
    });
    assert.deepEqual(causes(failure(hour - 1)), []);
    assert.deepEqual(causes(failure(hour)), ['comparison']);
    assert.deepEqual(causes({ drift: { ...drift, doubt: { since: noon, lost: 30, held: 40 } } }), ['doubt']);
  });

  it('workers with other rules than those in force, and which hold', () => {
    const worker = (identity: string): object => ({ identity, lastSeenAt: noon });
    const workers = [
      worker('17@desk latchkey/0.1.0 rules 5296c79c'),
      worker('18@desk latchkey/0.1.0 rules 77aa0b12'),
      worker('19@desk latchkey/0.1.0 rules unknown'),
      worker('somebody else'),
    ] as Facts['workers'];
    const [alert] = alertsOf(facts({ workers }), noon).standing;
    assert.equal(alert?.cause, 'rules');
    assert.match(
      alert.text,
      /Rules 5296c79c of process 17@desk are in force; 18@desk has rules 77aa0b12\. Start all workers with the same latchkey\.yaml/,
    );
    assert.deepEqual(causes({ workers: workers.filter(({ identity }) => !identity.startsWith('18')) }), []);
    assert.deepEqual(causes({ workers, rules: null }), []);
  });

  it('groups that are gone and ends that cannot be read, but no finding that a space may live with', () => {
    const { drift } = facts();
    if (drift === null) throw new Error('no drift');
    const open = { groupGone: 1, endUnreadable: 2, extra: 40, orphan: 3, missing: 1 };
    assert.deepEqual(causes({ drift: { ...drift, open } }), ['drift/groupGone', 'drift/endUnreadable']);
    assert.match(
      textOf({ drift: { ...drift, open: { groupGone: 1 } } }),
      /^The mapping names groups that Kisi no longer has.*`latchkey drift` names them \(1\)\.$/,
    );
  });

  it('each webhook that Nexudus switched off', () => {
    const hooks = { at: noon, off: ['CoworkerUpdate at 12', 'AccessControlUpdate at 12'] };
    assert.deepEqual(causes({ hooks }), ['hook/CoworkerUpdate at 12', 'hook/AccessControlUpdate at 12']);
  });

  it('clocks that differ by more than a minute, either way', () => {
    for (const skewMs of [60_000, -60_000, 0]) assert.deepEqual(causes(nexudus({ skewMs })), []);
    assert.match(textOf(nexudus({ skewMs: 240_000 })), /Nexudus' is 4 min ahead of this machine's/);
    assert.match(textOf(nexudus({ skewMs: -240_000 })), /4 min behind/);
  });

  it('is one thing where one clock is wrong, and says which, or that nobody knows', () => {
    const skewed = (nexudusMs: number | null, kisiMs: number | null, temporalSkewMs: number | null) => ({
      apis: { nexudus: api({ skewMs: nexudusMs }), kisi: api({ skewMs: kisiMs }) },
      temporalSkewMs,
    });
    const ahead = -6 * hour;
    assert.deepEqual(causes(skewed(ahead, ahead, ahead)), ['clocks/machine']);
    assert.match(textOf(skewed(ahead, ahead, ahead)), /Set this machine's clock right/);
    assert.deepEqual(causes(skewed(ahead, ahead, 0)), ['clocks/machine-temporal']);
    assert.deepEqual(causes(skewed(0, ahead, 0)), ['clocks/kisi']);
    assert.deepEqual(causes(skewed(null, 0, ahead)), ['clocks/temporal']);
    assert.deepEqual(causes(skewed(ahead, null, 0)), ['clocks/disputed']);
    assert.deepEqual(causes(skewed(ahead, 2 * ahead, 0)), ['clocks/disputed']);
    assert.match(textOf(skewed(ahead, null, 0)), /nothing is given or taken away but what is so by all/);
    assert.deepEqual(causes(skewed(null, null, 0)), []);
  });

  it('an audit log that cannot be written, by what this process or a member says', () => {
    assert.deepEqual(causes({ auditLog: problem(minute, 'the disk is full') }), ['auditLog']);
    assert.deepEqual(causes({ blocked: { AuditLog: 4 } }), ['auditLog']);
  });

  it('keys that end at the door within two days though access goes on, with whose', () => {
    const endingSoon = Array.from({ length: 25 }, (_, i) => ({ memberId: i + 1, endsAt: noon + hour }));
    assert.deepEqual(causes({ endingSoon }), ['ending']);
    assert.match(textOf({ endingSoon }), /^Keys of 25 members .* 13:00 UTC.*: members 1, 2, .*20 and 5 more/);
  });

  it('blocks that are not carried out, at once and whatever is down', () => {
    const down = nexudus({ reachableSince: null });
    assert.ok(causes({ ...down, blocked: { Block: 2 } }).includes('block'));
    assert.match(
      textOf({ blocked: { Block: 2 } }),
      /^Latchkey has not carried out the blocks of 2 members yet, /,
    );
  });

  it('members that wait though the API answers, but not those that an order holds', () => {
    assert.deepEqual(causes({ blocked: { Configuration: 2, Kisi: 1 } }), [
      'blocked/Configuration',
      'blocked/Kisi',
    ]);
    assert.deepEqual(causes({ blocked: { Stopped: 14 } }), []);
    const since = { reachableSince: noon - minute };
    assert.deepEqual(causes({ ...kisi(since), blocked: { Kisi: 9 } }), [], 'it catches up');
  });

  it('a poll or a reconciliation that is long overdue, unless it is paused or the API itself is the matter', () => {
    const late = { lastGoodAt: noon - 10 * minute, everyMs: 30_000, isPaused: false };
    assert.deepEqual(causes({ poll: late }), ['late/poll']);
    assert.deepEqual(causes({ poll: { ...late, everyMs: 10 * minute } }), []);
    assert.deepEqual(causes({ poll: { ...late, isPaused: true } }), []);
    assert.deepEqual(causes({ ...nexudus(down(hour)), poll: late }), ['down/nexudus']);
    assert.deepEqual(causes({ reconciliation: { ...late, lastGoodAt: noon - hour } }), [
      'late/reconciliation',
    ]);
  });

  it('that no worker is the leader, and then not that nothing is polled', () => {
    const leader = { isLeading: false, identity: null, beatAt: noon - hour };
    const poll = { lastGoodAt: noon - hour, everyMs: 30_000, isPaused: false };
    assert.deepEqual(causes({ leader, poll }), ['worker']);
  });

  it('an API key of Kisi that may end, has others beside it or lost its role, and nothing that is not known', () => {
    for (const [over, cause, says] of [
      [{ expires: true }, 'key/expires', /make one that does not expire/],
      [
        { unused: [{ id: 12, since: noon - 61 * 24 * hour }] },
        'key/unused',
        /key 12, last used 2026-09-28 12:00 UTC/,
      ],
      [{ mayManage: false, role: null }, 'key/role', /Kisi user 7.* can give and take away no keys/],
      [{ keyCount: 9 }, 'key/many', /has 9 of 10 API keys/],
    ] as const) {
      const { standing } = alertsOf(
        facts({ kisiKey: kisiKey({ ...over, unused: [...('unused' in over ? over.unused : [])] }) }),
        noon,
      );
      assert.deepEqual(
        standing.map((alert) => alert.cause),
        [cause],
      );
      assert.match(standing[0]?.text ?? '', says);
    }
    const unknown = kisiKey({ keyCount: null, expires: null, role: null, mayManage: null });
    assert.deepEqual(causes({ kisiKey: unknown }), []);
  });

  it('alerts that do not get there', () => {
    const undelivered = [{ channel: 'the webhook at example.com', since: noon, why: 'it answered 500.' }];
    assert.deepEqual(causes({ undelivered }), ['undelivered/the webhook at example.com']);
  });

  it('a hundred causes are a hundred lines, each one line', () => {
    const held = Array.from({ length: 100 }, (_, id) => ({ id, since: noon, keys: 9, ruling: null }));
    const { standing } = alertsOf(facts({ held }), noon);
    assert.equal(standing.length, 100);
    assert.equal(new Set(standing.map(({ cause }) => cause)).size, 100);
    for (const { text } of standing) assert.doesNotMatch(text, /\n/);
  });

  it('cannot be told where nobody has heard from an API or a check, which does not mean that all is well', () => {
    assert.deepEqual(causes({ apis: null, drift: null, hooks: null }), []);
    const unheard = { ...kisi({ answeredAt: null }), hooks: null, kisiKey: null };
    const { undecided } = alertsOf(facts(unheard), noon);
    assert.deepEqual(undecided, [
      'down/kisi',
      'refused/kisi',
      'call/kisi',
      'retiring/kisi',
      'clocks',
      'hook',
      'key',
    ]);
  });
});
