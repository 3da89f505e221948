import assert from 'node:assert/strict';
import type { Stage } from '../../client/stage.js';
import { latchkeyDone } from '../client/cli.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('a whole space, at the published limits', () => {
  let space: RunningSpace;
  let ada: number;

  before(async () => {
    const fill = ({ nexudus, ids }: Stage): void => {
      ada = nexudus.space.addCoworker({
        FullName: 'Ada',
        Email: 'ada@example.com',
        InvoicingBusinessId: ids.rome,
      }).Id;
      nexudus.space.addPass({ CoworkerId: ada, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    };
    // More polls would come to more than 120 requests a minute, and on a slow machine the tests last that long.
    space = await startSpace(fill, { LATCHKEY_POLL_INTERVAL: '5s' }, 'published');
  });
  after(() => space.stop());

  it('gives a member who was there before the first start the key, with one mail', async () => {
    await eventually('the key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    assert.deepEqual(space.kisi.org.keysOf('ada@example.com'), [space.ids.groups.romeDay]);
    assert.deepEqual(
      space.kisi.mails.map((mail) => [mail.to, mail.kind]),
      [['ada@example.com', 'invitation']],
    );
  });

  it('notices a purchase by the poll', async () => {
    const { nexudus, kisi, ids } = space;
    const bob = nexudus.space.addCoworker({
      FullName: 'Bob',
      Email: 'bob@example.com',
      InvoicingBusinessId: ids.newYork,
    }).Id;
    const contract = nexudus.space.addContract({
      CoworkerId: bob,
      TariffId: ids.plans.newYorkWeek,
      IssuedById: ids.newYork,
    });
    nexudus.space.renew(contract.Id);
    await eventually('the key', () => kisi.org.keysOf('bob@example.com').length === 1);
    assert.deepEqual(kisi.org.keysOf('bob@example.com'), [ids.groups.newYorkOffice]);
    await eventually('the view', async () => (await space.view(bob))?.state === 'access');
  });

  it('takes the key away when the member is suspended, and gives it back without a mail', async () => {
    const { nexudus, kisi } = space;
    nexudus.space.suspend(ada);
    await eventually('no key', () => kisi.org.keysOf('ada@example.com').length === 0);
    nexudus.space.update('coworkers', ada, { Active: true });
    const tell = async (): Promise<unknown> => ({
      member: await space.view(ada),
      requests: nexudus.requests.list().slice(-20),
      writes: kisi.requests.list().slice(-5),
    });
    const isBack = (): boolean => kisi.org.keysOf('ada@example.com').length === 1;
    await eventually('the key', isBack, patienceMs, 50, tell);
    assert.equal(kisi.mails.filter((mail) => mail.to === 'ada@example.com').length, 1);
  });

  it('counts how long each was waited for, but not who was there before', async () => {
    const { rome, newYork } = space.ids;
    let rows: unknown[] = [];
    const areThere = async (): Promise<boolean> => {
      const report = JSON.parse(await latchkeyDone(space.env, 'latency', '--json')) as {
        rows: { what: string; location: number | 'all'; count: number }[];
      };
      rows = report.rows.map(({ what, location, count }) => [what, location, count]);
      return rows.length >= 5;
    };
    // Kisi has a key a moment before that is on record.
    await eventually('all of them', areThere, patienceMs, 200, () => Promise.resolve(rows));
    assert.deepEqual(rows, [
      ['purchase to key', 'all', 2],
      ['purchase to key', rome, 1],
      ['purchase to key', newYork, 1],
      ['end to no key', 'all', 1],
      ['end to no key', rome, 1],
    ]);

    let metrics = '';
    const count = (what: string, location: number): string | undefined => {
      const line = metrics
        .split('\n')
        .find((one) =>
          ['latchkey_key_latency_seconds_count', `what="${what}"`, `location="${location}"`].every((part) =>
            one.includes(part),
          ),
        );
      return line?.split(' ').at(-1);
    };
    const counts = (): unknown[] => [count('grant', rome), count('grant', newYork), count('revoke', rome)];
    await eventually('the metrics', async () => {
      metrics = await (await fetch(`http://127.0.0.1:${space.service.healthPort}/metrics`)).text();
      return counts().every((one) => one !== undefined);
    });
    assert.deepEqual(counts(), ['1', '1', '1']);
    assert.match(metrics, /^latchkey_poll_lag_seconds_bucket\{.*le="3600"\} /m);
    assert.doesNotMatch(metrics, /example\.com/);
  });
});
