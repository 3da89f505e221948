/** An API changes under a running space: the daily look says so, and whatever was verified is used. */
import assert from 'node:assert/strict';
import { createKept } from '../../database/kept.js';
import { openDatabase } from '../../database/database.js';
import { dailyCheckScheduleId } from '../../messages/to-invitations.js';
import { createSession } from '../../nexudus/session.js';
import { keepProfile, readProfile } from '../../verify/keep-profile.js';
import { verifyByReading } from '../../verify/verify.js';
import { latchkeyDone } from '../client/cli.js';
import { noPace } from '../nexudus/stub.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('an API that changes under a running space', function () {
  this.timeout(300_000);
  let space: RunningSpace;
  before(async () => {
    space = await startSpace(
      ({ nexudus, ids }) => {
        for (const name of ['ann', 'bea', 'cid']) {
          const person = { Email: `${name}@example.com`, InvoicingBusinessId: ids.rome };
          const { Id } = nexudus.space.addCoworker(person);
          nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
        }
      },
      {},
      'none',
      undefined,
      { everyMs: 200 },
    );
    await eventually('all keys', () => space.kisi.org.assignments().length === 3);
  });
  after(() => space.stop());

  const status = (): Promise<string> => latchkeyDone(space.env, 'status');
  const checkNow = (): Promise<void> =>
    space.service.client.schedule.getHandle(dailyCheckScheduleId).trigger();

  it('is not looked at before somebody verified it', async () => {
    await eventually('a daily check', async () =>
      (await status()).includes('Its role is organization_owner'),
    );
    assert.match(await status(), /^Assumptions about both APIs: no daily look yet/m);
  });

  it('is told in status, by an alert and by a metric, and the profile is the new one', async () => {
    const { config, nexudus, kisi, service } = space;
    const kept = createKept(await openDatabase(config.databaseUrl));
    const { profile } = await verifyByReading({
      nexudus: { ...config.nexudus, pace: noPace(), session: createSession() },
      kisi: { ...config.kisi },
      zoned: [],
    });
    await keepProfile(kept, profile);
    await checkNow();
    await eventually('a look that finds nothing new', async () =>
      (await status()).includes('Assumptions about both APIs: nothing has changed in a week'),
    );

    nexudus.switches.batchEnveloped = true;
    kisi.switches.emailFilterExact = false;
    await checkNow();
    await eventually('two changes', async () =>
      (await status()).includes('Assumptions about both APIs: 2 changed in a week'),
    );
    assert.match(
      await status(),
      /Nexudus answers otherwise than before: “Records .* bare array\.” This held, and is so now/,
    );
    await eventually('the metrics', async () => {
      const metrics = await fetch(`http://127.0.0.1:${service.healthPort}/metrics`);
      return /^latchkey_api_changes\{api="nexudus"\} 1$/m.test(await metrics.text());
    });
    assert.equal((await readProfile(kept))?.answers.batchEnveloped?.result, 'differs');
    assert.equal(kisi.org.assignments().length, 3);
    assert.doesNotMatch(await status(), /example\.com/);
  });
});
