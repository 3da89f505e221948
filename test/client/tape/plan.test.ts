import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../../support/eventually.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { latchkey, scratch, type Ran } from '../cli.js';

describe('latchkey tape plan', () => {
  const folder = scratch();
  const tape = join(folder.path, 'plan.tape');
  let space: RunningSpace;
  let ids: number[];
  const emails = ['Ada@Example.com', 'bob@example.com', 'cleo@example.com'];

  before(async () => {
    // Nothing is noticed by itself: what is planned is still to be done.
    space = await startSpace(
      ({ nexudus, ids: { rome, passTypes } }) => {
        const [Email = ''] = emails;
        const { Id } = nexudus.space.addCoworker({
          FullName: 'Ada Lovelace',
          Email,
          InvoicingBusinessId: rome,
        });
        const pass = { CoworkerId: Id, TimePassId: passTypes.romeDay, BusinessId: rome };
        nexudus.space.addPass({ ...pass, ExpireDate: '2036-06-01T00:00:00Z' });
        ids = [Id];
      },
      { LATCHKEY_POLL_INTERVAL: '1d', LATCHKEY_RECONCILIATION_INTERVAL: '1d' },
    );
    await eventually('her key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    await eventually('her workflow at rest', async () => (await space.view(ids[0] ?? 0))?.state === 'access');
    const { nexudus } = space;
    for (const [at, Email] of emails.slice(1).entries()) {
      const { Id } = nexudus.space.addCoworker({
        FullName: `Lent ${at}`,
        Email,
        InvoicingBusinessId: space.ids.newYork,
      });
      const pass = {
        CoworkerId: Id,
        TimePassId: space.ids.passTypes.newYorkOffice,
        BusinessId: space.ids.newYork,
      };
      nexudus.space.addPass({ ...pass, ExpireDate: '2036-06-01T00:00:00Z' });
      ids.push(Id);
    }
  });
  after(async () => {
    await space.stop();
    folder.remove();
  });

  /** Plays the tape in a process of its own, since a process that plays one digests e-mails otherwise. */
  const play = (...args: string[]): Promise<Ran> => latchkey(['tape', 'play', tape, ...args], folder.path);

  it('records what the plan stands on, so that the plan is the same when it is played', async () => {
    const { code, stdout, stderr } = await latchkey(
      ['tape', 'plan', '--json', '--out', tape],
      folder.path,
      space.env,
    );
    assert.equal(code, 0, stderr);
    const made = JSON.parse(stdout) as { totals: { gain: number; create: number } };
    assert.deepEqual([made.totals.gain, made.totals.create], [2, 2]);
    assert.equal((await play('plan', '--json')).stdout, stdout);

    const live = await latchkey(['explain', String(ids[0])], folder.path, space.env);
    const played = await play('explain', String(ids[0]));
    assert.equal(played.code, 0, played.stderr);
    const verdicts = (ran: Ran): string => ran.stdout.split('\n').slice(1).join('\n');
    assert.equal(verdicts(played), verdicts(live));

    const text = gunzipSync(readFileSync(tape)).toString('utf8').toLowerCase();
    for (const one of ['example.com', 'lovelace', 'kisi-test-key']) assert.ok(!text.includes(one), one);
  });

  it('says what a tape lacks that was made for explain', async () => {
    const made = await latchkey(['tape', 'explain', '--out', tape], folder.path, space.env);
    assert.equal(made.code, 0, made.stderr);
    const { code, stdout, stderr } = await play('plan');
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /the tape lacks what Latchkey itself knew of its members/);
  });
});
