// What `latchkey status` says, word by word, of spaces in every state.
import assert from 'node:assert/strict';
import { timeWords } from '../../../space/times.js';
import { statusWords } from '../../../client/checks/status.js';
import { alertsOf } from '../../../monitoring/alerts.js';
import type { Facts } from '../../../monitoring/facts.js';
import { firstOrders } from '../../../messages/to-control.js';
import { api, facts, hour, minute, noon } from '../../monitoring/facts.js';

const inForce = {
  ...{ version: '0.1.0', process: '17@desk', digest: '5296c79c', change: 1, fileDigest: 'a', ground: null },
  ...{ startedAt: noon - hour, since: noon - hour },
};
const at = (iso: string): string => timeWords(iso, null);
function said(over: Partial<Facts> = {}, force: typeof inForce | null = inForce): string[] {
  const one = facts(over);
  return statusWords(one, force, alertsOf(one, noon).standing, noon).split('\n');
}

describe('the words of status', () => {
  it('of a space that is well', () => {
    assert.deepEqual(said(), [
      `Mode live: the keys of all are written to Kisi. By the configuration since ${at('2026-11-26T12:00Z')}: the start of this space.`,
      'Nothing is stopped.',
      'No exception holds.',
      'Members: 120 are looked after, 98 have access.',
      'No member waits because of a problem.',
      'No key is withheld because too many would be lost at once.',
      `Nexudus: answers since ${at('2026-11-27T12:00Z')}. The login was accepted 1 s ago, with the role: administrator. Its clock agrees with ours.`,
      'Last poll: 20 s ago, every 30 s.',
      'Last reconciliation: 4 min ago, every 10 min.',
      `Kisi: answers since ${at('2026-11-27T12:00Z')}. The API key was accepted 1 s ago, and acts as user 7, with the role: organization_owner. Its clock agrees with ours.`,
      `API key of Kisi, at ${at('2026-11-28T09:00Z')}: Its role is organization_owner. It does not end by itself. Its user has 1 of 10 API keys.`,
      `Assumptions about both APIs: nothing has changed in a week, looked at 3 h ago (${at('2026-11-28T09:00Z')}).`,
      'Last comparison with Kisi: 8 min ago.',
      'No drift: Kisi and what was given agree.',
      `Rules in force: 5296c79c, of process 17@desk (Latchkey 0.1.0), since ${at('2026-11-28T11:00Z')}.`,
      'Worker 17@desk (Latchkey 0.1.0, rules 5296c79c): is the leader.',
      'Alerts go to the webhook at hooks.slack.com.',
      'Audit log: as Latchkey wrote it, 400 records, looked at 60 min ago; now at entry 420.',
      'Nothing needs anybody.',
    ]);
  });

  it('tell members that an order stops from keys that are withheld, and neither needs the other', () => {
    const orders = firstOrders('observe', noon);
    const observed = said({ orders, blocked: { Stopped: 14 } });
    assert.ok(observed.includes('Members whose keys may not be written, by order (mode observe): 14.'));
    assert.ok(observed.includes('No key is withheld because too many would be lost at once.'));
    assert.ok(observed.includes('No member waits because of a problem.'));
    assert.equal(observed.at(-1), 'Nothing needs anybody.');
    const stop = { level: 'revokes', by: 'Mia', why: '', since: noon } as const;
    const stopped = said({ orders: { ...orders, stop }, blocked: { Stopped: 2, Kisi: 3 } });
    assert.ok(stopped.includes('Members whose keys may not be written, by order (pause revokes): 2.'));
    assert.ok(
      stopped.includes('Members that wait because of a problem: Kisi 3; see `latchkey members --problem`.'),
    );
    const undone = said({ blocked: { Block: 1, Kisi: 3 } });
    assert.ok(undone.some((line) => line.startsWith('Members with a block that is not carried out yet: 1;')));
    assert.ok(undone.some((line) => line.includes('problem: Kisi 3;')));
    const held = said({ held: [{ id: 3, since: noon, keys: 12, ruling: null }] });
    assert.ok(held.some((line) => line.startsWith(`Withheld (3) since ${at('2026-11-28T12:00Z')}: 12 keys`)));
    assert.ok(!held.some((line) => /^No key is withheld/.test(line)));
  });

  it('say of an API that is down, or refuses, since when and why', () => {
    const why = 'Kisi gave no answer (ETIMEDOUT) to GET /user.';
    const down = { since: noon - 2 * minute, lastAt: noon, why };
    const kisi = (over: Parameters<typeof api>[0]): string | undefined =>
      said({ apis: { nexudus: api(), kisi: api(over) } }).find((line) => line.startsWith('Kisi'));
    assert.match(
      kisi({ reachableSince: null, down, acceptedAt: noon - 3 * hour }) ?? '',
      /^Kisi: does not answer since Sat 28 Nov(?: 2026)? 11:58, UTC: Kisi gave no answer .* accepted 3 h ago \(Sat 28 Nov(?: 2026)? 09:00, UTC\), /,
    );
    assert.match(
      kisi({ refused: down }) ?? '',
      /The API key is refused since Sat 28 Nov(?: 2026)? 11:58, UTC\./,
    );
    assert.match(kisi({ skewMs: -240_000 }) ?? '', /Its clock is 4 min behind ours\.$/);
    const late = statusWords(facts({ temporalSkewMs: -240_000 }), null, [], noon);
    assert.match(late, /^Temporal: Its clock is 4 min behind ours\.$/m);
    const silent = { reachableSince: null, answeredAt: null, acceptedAt: null, skewMs: null };
    assert.equal(kisi(silent), 'Kisi: was not asked yet. Whether the API key is accepted is not known.');
  });

  it('say what drifts, what is contested, and why nothing was compared', () => {
    const { drift } = facts();
    if (drift === null) assert.fail();
    const drifting = { ...drift, open: { missing: 2, extra: 1 }, contestedCount: 1, settled: 4 };
    assert.ok(
      said({ drift: drifting }).includes(
        'Drift: missing 2, extra 1; see `latchkey drift`. Contested, and left alone: 1. Adopted or ignored: 4.',
      ),
    );
    const failure = { since: noon - minute, why: 'Kisi is down.' };
    assert.ok(
      said({ drift: { ...drift, lastComparedAt: null, failure } }).includes(
        `Last comparison with Kisi: none yet. Not since ${at('2026-11-28T11:59Z')}: Kisi is down.`,
      ),
    );
    assert.ok(said({ drift: null }).includes('Last comparison with Kisi: none yet.'));
  });

  it('say of lists that are not believed, and of polls that are paused', () => {
    const doubted = [{ list: 'coworkers', rows: 3, before: 400, since: noon }];
    const poll = { lastGoodAt: null, everyMs: 30_000, isPaused: true };
    const lines = said({ doubted, poll });
    assert.ok(
      lines.some((line) => /^Not believed since .*: Nexudus lost most rows of coworkers \(3 rows/.test(line)),
    );
    assert.ok(lines.includes('Last poll (paused): none yet, every 30 s.'));
  });

  it('where no worker runs: what was told last, and that none runs', () => {
    const leader = { isLeading: false, identity: null, beatAt: noon - 5 * minute };
    const lines = said({ leader, workers: [], reportedAt: noon - 5 * minute });
    assert.ok(lines.some((line) => line.startsWith('Kisi, as last told 5 min ago: answers since')));
    assert.ok(lines.includes('No worker runs; one last told something 5 min ago.'));
    assert.match(
      lines.at(-1) ?? '',
      /^ {2}- No worker is the leader since 2026-11-28 11:55 UTC, so Latchkey asks Nexudus and Kisi nothing/,
    );
  });

  it('of several processes, with other versions and rules: which is the leader', () => {
    const other = { identity: '18@desk latchkey/0.2.0 rules unknown', lastSeenAt: noon - 30_000 };
    const lines = said({ workers: [...facts().workers, other, { identity: '9@old', lastSeenAt: noon }] });
    assert.deepEqual(
      lines.filter((line) => line.startsWith('Worker ')),
      [
        'Worker 17@desk (Latchkey 0.1.0, rules 5296c79c): is the leader.',
        'Worker 18@desk (Latchkey 0.2.0, rules not known yet): stands by, last seen 30 s ago.',
        'Worker 9@old: stands by, last seen 0 s ago.',
      ],
    );
  });

  it('say when NEXUDUS_TOKEN ends, as a line and as what needs somebody, where there is one', () => {
    assert.ok(said({}).every((line) => !line.includes('NEXUDUS_TOKEN')));
    const lines = said({ tokenEndsAt: noon + 6 * 60 * minute });
    assert.ok(
      lines.includes(
        `NEXUDUS_TOKEN ends at ${at('2026-11-28T18:00Z')} or before; it must be replaced by hand.`,
      ),
      lines.join('\n'),
    );
    assert.match(lines.at(-1) ?? '', /^ {2}- NEXUDUS_TOKEN ends at 2026-11-28 18:00 UTC or before, and/);
  });

  it('of a space that no worker has set up', () => {
    const nothing = { orders: null, drift: null, apis: null, reportedAt: null, workers: [], hooks: null };
    const members = { running: 0, withAccess: 0 };
    const leader = { isLeading: false, identity: null, beatAt: null };
    const lines = said({ ...nothing, members, leader }, null);
    assert.equal(lines[0], 'No worker has set this space up yet: start `latchkey worker`.');
    assert.ok(lines.includes('Kisi: no worker has told how it answers.'));
    assert.ok(lines.includes('No worker runs.'));
  });
});
