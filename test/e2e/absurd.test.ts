/**
 * APIs that ask to wait for a day, answer with 404s of a gateway, or leave out rows of their lists, which move, while
 * members come, go and are suspended.
 */
import assert from 'node:assert/strict';
import type { Fault } from '../../simulators/server.js';
import { latchkey, scratch } from '../client/cli.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

/** ABSURD_S=3600: an hour, one API after the other; by default both at once, for a few seconds. */
const absurdS = Number(process.env['ABSURD_S'] ?? 4);
const rounds: ('nexudus' | 'kisi')[][] = absurdS >= 60 ? [['nexudus'], ['kisi']] : [['nexudus', 'kisi']];

const inADay = new Date(Date.now() + 86_400_000).toUTCString();
const asking = (status: number, retryAfter: Fault['retryAfter']): Fault => ({
  match: '.*',
  kind: 'status',
  status,
  ...(retryAfter === undefined ? {} : { retryAfter }),
});
const gateways: Fault = { match: '.*', kind: 'status', status: 404, body: '{"message":"Not found"}' };
const lacking: Fault = { match: '.*', kind: 'truncated' };
/** One after another. A status of 409 is a throttle to Nexudus and a conflict to Kisi. */
const faults = {
  nexudus: [
    asking(409, 86_400),
    asking(429, inADay),
    gateways,
    lacking,
    asking(503, 3_600),
    asking(409, '1e30'),
  ],
  kisi: [asking(429, 86_400), asking(503, inADay), gateways, lacking, asking(429, '-1'), asking(503, 'NaN')],
};
const steps = faults.nexudus.length;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('APIs that answer with absurd waits', function () {
  this.timeout(absurdS * 1_000 + rounds.length * 480_000);
  const folder = scratch();
  let space: RunningSpace;
  let watch: NodeJS.Timeout;
  /** People who keep a key throughout: nothing changes for them. */
  const entitled: string[] = [];
  before(async () => {
    space = await startSpace();
  });
  afterEach(() => {
    clearInterval(watch);
  });
  after(async () => {
    await space.stop();
    folder.remove();
  });

  const keysOf = (name: string): number[] => space.kisi.org.keysOf(`${name}@example.com`);

  function joins(name: string): number {
    const { nexudus, ids } = space;
    const { Id } = nexudus.space.addCoworker({
      Email: `${name}@example.com`,
      InvoicingBusinessId: ids.rome,
    });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    return Id;
  }

  for (const [n, apis] of rounds.entries()) {
    it(`take no key away for ${absurdS / rounds.length} s (${apis.join(' and ')}), are said at once, and leave all right soon after`, async () => {
      const { kisi, nexudus, env } = space;
      const [old, suspended] = [joins(`old${n}`), joins(`suspended${n}`)];
      await eventually(
        'the first keys',
        () => keysOf(`old${n}`).length === 1 && keysOf(`suspended${n}`).length === 1,
      );
      entitled.push(`old${n}`);
      const lost = new Set<string>();
      const strangers: number[] = [];
      watch = setInterval(() => {
        for (const name of entitled) if (keysOf(name).length !== 1) lost.add(name);
        // So that rows move from page to page of Kisi's lists.
        const gone = strangers.length > 3 ? strangers.shift() : undefined;
        if (gone !== undefined) kisi.org.deleteUser(gone);
        const { id } = kisi.org.addUser({ email: `stranger${Date.now()}@example.com` });
        strangers.push(id);
      }, 250);

      const [newcomer, stepMs] = [joins(`new${n}`), (absurdS * 1_000) / rounds.length / steps];
      nexudus.space.suspend(suspended);
      for (let step = 0; step < steps; step++) {
        for (const api of apis) {
          const fault = faults[api][step];
          assert.ok(fault !== undefined);
          space[api].faults.clear();
          space[api].faults.add(fault);
        }
        if (step === 0) {
          const ran = await latchkey(['resync', '--all'], folder.path, env);
          assert.equal(ran.code, 0, ran.stderr);
          await eventually('somebody says for what it waits', async () => {
            const views = await Promise.all([old, suspended].map((id) => space.view(id)));
            return views.some((view) =>
              /It is asked again within 60 s|; wait 60 s \(it asked for/.test(view?.waitingFor?.what ?? ''),
            );
          });
        }
        await wait(stepMs);
      }

      for (const api of apis) space[api].faults.clear();
      // A member may wait its longest before it asks again, and then once more.
      await eventually(
        'all is right',
        async () => {
          const views = await Promise.all([old, newcomer].map((id) => space.view(id)));
          return (
            keysOf(`suspended${n}`).length === 0 &&
            views.every((view) => view?.state === 'access' && view.waitingFor === null)
          );
        },
        2 * patienceMs,
      );
      assert.deepEqual([...lost], [], 'nobody lost a key');
      const group = [space.ids.groups.romeDay];
      for (const name of [`old${n}`, `new${n}`]) assert.deepEqual(keysOf(name), group);
      const mailed = kisi.mails.map((mail) => mail.to).sort();
      assert.deepEqual(mailed, [...new Set(mailed)], 'no mail twice');
    });
  }
});
