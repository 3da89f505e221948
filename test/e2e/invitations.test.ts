/** Who has not accepted Kisi's invitation, and how the API key is: the commands, with a real Temporal server and both APIs. */
import assert from 'node:assert/strict';
import { dailyCheckScheduleId } from '../../messages/to-invitations.js';
import { latchkeyDone, latchkeyWith } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

const dayMs = 24 * 3_600_000;

describe('invitations', () => {
  let space: RunningSpace;
  let annId: number;
  let bobId: number;
  before(async () => {
    space = await startSpace(
      ({ nexudus, kisi, ids }) => {
        const member = (Email: string, FullName: string): number => {
          const { Id } = nexudus.space.addCoworker({ Email, FullName, InvoicingBusinessId: ids.rome });
          nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
          return Id;
        };
        annId = member('ann@example.com', 'Ann Archer');
        bobId = member('bob@example.com', 'Bob Baker');
        // Bob was invited three days ago, before there was Latchkey.
        const bob = kisi.org.addUser({ email: 'bob@example.com' });
        kisi.org.people.put({ ...bob, created_at: new Date(Date.now() - 3 * dayMs).toISOString() });
      },
      {},
      'none',
      'policies:\n  inviteReminders: on\n',
      { everyMs: 200 },
    );
    for (const email of ['ann@example.com', 'bob@example.com'])
      await eventually(`a key of ${email}`, () => space.kisi.org.keysOf(email).length === 1);
  });
  after(() => space.stop());

  type Row = { memberId: number; state: string; invitedAt: string; evidence: string; name?: string };
  const listed = async (...args: string[]): Promise<Row[]> =>
    JSON.parse(await latchkeyDone(space.env, 'invitations', '--json', ...args)) as Row[];
  const mailsTo = (email: string): string[] =>
    space.kisi.mails.flatMap(({ to, kind }) => (to === email ? [kind] : []));
  const checkNow = (): Promise<void> =>
    space.service.client.schedule.getHandle(dailyCheckScheduleId).trigger();
  const resend = (id: number, ...more: string[]) =>
    latchkeyWith(space.env, 'invitations', '--resend', String(id), '--by', 'Mia', ...more);

  it('are listed, the oldest first, with names where asked', async () => {
    await eventually('both on record', async () => (await listed()).length === 2);
    const [first, second] = await listed('--names');
    assert.deepEqual(
      [first?.memberId, first?.name, first?.state, second?.memberId, second?.state],
      [bobId, 'Bob Baker', 'notAccepted', annId, 'notAccepted'],
    );
    const text = await latchkeyDone(space.env, 'invitations');
    assert.match(text, /not accepted .*, Rome/);
    assert.doesNotMatch(text, /Ann|@/);
  });

  it('get a reminder by the daily check, and no second one', async () => {
    await checkNow();
    await eventually('a reminder', () => mailsTo('bob@example.com').length === 1);
    assert.deepEqual(mailsTo('ann@example.com'), ['invitation']);
    await eventually('it is on record', async () =>
      /mailAgain/.test(await latchkeyDone(space.env, 'timeline', String(bobId), '--json')),
    );
    const { code, stderr } = await resend(bobId);
    assert.deepEqual([code, mailsTo('bob@example.com').length], [2, 1]);
    assert.match(stderr, /less than a day ago/);
  });

  it('are mailed again where a person asks, but not while writes are stopped', async () => {
    const { people } = space.kisi.org;
    const carl = space.nexudus.space.addCoworker({
      Email: 'carl@example.com',
      InvoicingBusinessId: space.ids.rome,
    }).Id;
    const user = space.kisi.org.addUser({ email: 'carl@example.com' });
    people.put({ ...user, created_at: new Date(Date.now() - 1.5 * dayMs).toISOString() });
    space.nexudus.space.addPass({
      CoworkerId: carl,
      TimePassId: space.ids.passTypes.romeDay,
      BusinessId: space.ids.rome,
    });
    await eventually('Carl listed', async () => (await listed()).some(({ memberId }) => memberId === carl));
    await latchkeyDone(space.env, 'pause', 'writes', '--by', 'Mia');
    const held = await resend(carl);
    assert.match(held.stderr, /Writing to Kisi is stopped by Mia/);
    await latchkeyDone(space.env, 'resume', '--by', 'Mia');
    // An order that is taken back holds for a moment yet.
    await eventually('the mail', async () => (await resend(carl, '--why', 'the mail was lost')).code === 0);
    assert.deepEqual(mailsTo('carl@example.com'), ['grant']);
    assert.match(
      await latchkeyDone(space.env, 'audit', '--format', 'jsonl'),
      /"what":"mailAgain".*the mail was lost/,
    );
  });

  it('are off the list once a phone is signed in', async () => {
    for (const { id } of space.kisi.org.users()) space.kisi.org.signIn(id);
    assert.deepEqual(await listed(), []);
    const { code, stderr } = await resend(annId);
    assert.equal(code, 2);
    assert.match(stderr, /is accepted/);
  });

  it('stand beside the health of the API key, which status tells', async () => {
    const said = (): Promise<string> => latchkeyDone(space.env, 'status');
    assert.match(
      await said(),
      /^API key of Kisi, at .*, Rome: Its role is organization_owner\. It does not end by itself\. Its user has 1 of 10 API keys\.$/m,
    );
    for (let i = 0; i < 7; i++) space.kisi.org.logins.addApiKey(space.kisi.org.ownerId);
    await checkNow();
    await eventually('an alert', async () =>
      /has 8 of 10 API keys, and Kisi makes no more/.test(await said()),
    );
    await eventually('the metrics', async () => {
      const metrics = await fetch(`http://127.0.0.1:${space.service.healthPort}/metrics`);
      const text = await metrics.text();
      return (
        /^latchkey_kisi_keys(\{.*\})? 8$/m.test(text) &&
        /^latchkey_kisi_key_problem\{problem="many"\} 1$/m.test(text)
      );
    });
  });
});
