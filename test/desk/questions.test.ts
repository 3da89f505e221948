/** The ten questions that a front desk is asked in a week, each answered in at most three steps. */
import assert from 'node:assert/strict';
import { DateTime } from 'luxon';
import type { DeskServer } from '../../desk/server.js';
import { startTestDesk } from '../support/desk.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';
import { Walk } from '../support/walk.js';

const dayMs = 24 * 3_600_000;
/** What the location has in Nexudus: a zone in which it is day, so that no midnight comes amid the tests. */
const zone =
  ['Europe/Rome', 'Asia/Tokyo', 'Pacific/Honolulu'].find((one) => {
    const { hour } = DateTime.now().setZone(one);
    return hour >= 6 && hour < 22;
  }) ?? 'Europe/Rome';

describe('desk: the questions of a week', function () {
  this.timeout(240_000);
  let space: RunningSpace;
  let desk: DeskServer;
  const ids = new Map<string, number>();

  before(async () => {
    space = await startSpace(
      ({ kisi, nexudus, ids: city }) => {
        const { Id: SimpleTimeZoneId } = nexudus.space.addSimpleTimeZone({ Name: zone });
        nexudus.space.update('businesses', city.rome, { SimpleTimeZoneId });
        const bob = kisi.org.addUser({ email: 'bob@example.com', name: 'Bob' });
        kisi.org.changeUser({ ...bob, created_at: new Date(Date.now() - 5 * dayMs).toISOString() });
      },
      {},
      'none',
      'policies: { latencyObjective: 1s }',
    );
    desk = await startTestDesk(space);
    joins('Ada', 'Ada Lovelace', Date.now() + 30 * dayMs);
    joins('Bob', 'Bob Noyce', Date.now() + 30 * dayMs);
    joins('Eve', 'Eve Online', Date.now() - 3 * dayMs);
    joins('Mia', 'Mia Midnight', DateTime.now().setZone(zone).startOf('day').toMillis());
    await eventually('the keys', () => ['ada', 'bob', 'mia'].every((name) => keysOf(name).length === 1));
    space.kisi.org.signIn(userOf('ada'));
    await eventually('Eve is looked at', async () => typeof (await view('Eve'))?.lastCheckedAt === 'string');
  });
  after(async () => {
    await desk.close();
    await space.stop();
  });

  function joins(name: string, FullName: string, expiresAt: number): void {
    const { nexudus, ids: city } = space;
    const Email = `${name.toLowerCase()}@example.com`;
    const { Id } = nexudus.space.addCoworker({ FullName, Email, InvoicingBusinessId: city.rome });
    nexudus.space.addPass({
      ...{ CoworkerId: Id, TimePassId: city.passTypes.romeDay, BusinessId: city.rome },
      ExpireDate: new Date(expiresAt).toISOString(),
    });
    ids.set(name, Id);
  }
  const keysOf = (name: string): number[] => space.kisi.org.keysOf(`${name}@example.com`);
  const userOf = (name: string): number =>
    space.kisi.org.users().find(({ email }) => email === `${name}@example.com`)?.id ?? 0;
  const view = (name: string) => space.view(ids.get(name) ?? 0);

  /** Goes one way again and again until it ends at an answer that has all of this, in three steps. */
  async function answers(way: (walk: Walk) => Promise<Walk>, ...wanted: RegExp[]): Promise<void> {
    let walk = new Walk(desk.url);
    const isThere = async (): Promise<boolean> => {
      walk = new Walk(desk.url);
      // A link on the way may not be there yet.
      await way(walk).catch(() => undefined);
      return wanted.every((one) => one.test(walk.text));
    };
    await eventually(String(wanted), isThere, patienceMs, 200, () => Promise.resolve(walk.text));
    assert.ok(walk.steps <= 3, `${walk.steps} steps`);
  }
  const personOf = async (walk: Walk, name: string): Promise<Walk> =>
    (await walk.find(name)).follow(new RegExp(name));

  it('why not?', () =>
    answers(
      (walk) => personOf(walk, 'Eve'),
      /Eve Online can’t get in: the last pass expired on/,
      /Your last pass has expired\. Sell another pass\./,
    ));

  it('since when?', () =>
    answers((walk) => personOf(walk, 'Ada'), /Given by Latchkey Since \w{3} \d+ \w{3}[^,]*, \w+/));

  it('until when?', () =>
    answers(
      (walk) => personOf(walk, 'Ada'),
      /Ada Lovelace can open Trastevere, Rome – Day Pass until \w{3} \d+ \w{3}/,
    ));

  it('who has keys to this group?', () =>
    answers(
      async (walk) => (await walk.open('/groups')).follow(/Trastevere, Rome – Day Pass/),
      /Who holds a key now 3 people .*Ada Lovelace .*Bob Noyce .*Mia Midnight/,
    ));

  it('who had a problem today?', async () => {
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    joins('Cleo', 'Cleo Late', Date.now() + 30 * dayMs);
    await eventually('she waits', async () => ((await view('Cleo'))?.waitingFor ?? null) !== null);
    await answers((walk) => walk.open('/today'), /People who wait: \d.*Cleo Late waits for Kisi/);
    space.kisi.faults.clear();
    await eventually('her key', () => keysOf('cleo').length === 1);
    await answers(
      (walk) => walk.open('/today'),
      /Who had a problem since yesterday .*Cleo Late was given a key, Trastevere, Rome – Day Pass , [^,;]+ after it was due/,
    );
  });

  it('let Eve in for two hours', async () => {
    let walk = new Walk(desk.url);
    await eventually('the offer', async () => {
      walk = await new Walk(desk.url).find('eve@example.com');
      return /group=\d+">Allow for a while/.test(walk.html);
    });
    const [, href = ''] = /<a href="([^"]*group=\d+)">Allow for a while/.exec(walk.html) ?? [];
    await walk.open(href.replaceAll('&amp;', '&'));
    assert.match(walk.text, /Eve Online \(member \d+\) gets a key to Trastevere, Rome – Day Pass/);
    await walk.press({ why: 'the invoice is on its way' });
    assert.match(walk.text, /Allowed\. Latchkey gives the key now\./);
    assert.equal(walk.steps, 3);
    await eventually('her key', () => keysOf('eve').length === 1);
    const [right] = space.kisi.org.assignments().filter((one) => one.user_id === userOf('eve'));
    const leftMs = Date.parse(right?.valid_until ?? '') - Date.now();
    // Kisi itself ends it a quarter of an hour later, where nobody is there to take it away.
    assert.ok(leftMs > 1.9 * 3_600_000 && leftMs < 2.5 * 3_600_000, String(leftMs));
  });

  it('what changed last night?', () => {
    const typed = (hours: number): string =>
      DateTime.now().setZone(zone).plus({ hours }).toFormat("yyyy-MM-dd'T'HH:mm");
    const night = new URLSearchParams({ from: typed(-9), to: typed(1) });
    return answers(
      async (walk) => (await walk.open('/changes')).open(`/changes?${night.toString()}&person=Ada`),
      /Ada Lovelace was given a key Trastevere, Rome – Day Pass/,
    );
  });

  it('did the invitation arrive?', async () => {
    await answers(
      (walk) => personOf(walk, 'Bob'),
      /Bob Noyce has access, and has not yet accepted Kisi’s invitation of \w{3} \d+ \w{3}/,
      /Once it is accepted, Bob Noyce can open Trastevere, Rome – Day Pass until/,
      /is not accepted: the member has no phone signed in to the Kisi app, and has never opened a door\./,
    );
    await answers(
      (walk) => personOf(walk, 'Ada'),
      /Kisi's invitation is accepted: the member signed in to the Kisi app at \w{3} \d+ \w{3}/,
    );
  });

  it('who never accepted?', async () => {
    await answers((walk) => walk.open('/today'), /not accepted after 2 days: 1 .*Bob Noyce , invited \w{3}/);
    await answers(
      async (walk) => (await walk.open('/today')).follow(/Everybody who has not accepted/),
      /Bob Noyce not accepted .*Mia Midnight not accepted/,
    );
  });

  it('what happens at midnight?', () =>
    answers(
      (walk) => walk.open('/today'),
      /What will change until tomorrow .* 24:00, \w+ : Mia Midnight \(holds Trastevere, Rome – Day Pass/,
    ));
});
