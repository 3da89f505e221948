/** Kisi's invitations on the desk: what the pages know of them, and the act that has one mailed again. */
import assert from 'node:assert/strict';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import type { DeskServer } from '../../desk/server.js';
import { startTestDesk } from '../support/desk.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';
import { Walk } from '../support/walk.js';

const dayMs = 24 * 3_600_000;

describe('desk: invitations', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  let bob = 0;
  let eve = 0;

  before(async () => {
    space = await startSpace(({ nexudus, kisi, ids }) => {
      const joins = (FullName: string, Email: string): number => {
        const { Id } = nexudus.space.addCoworker({ FullName, Email, InvoicingBusinessId: ids.rome });
        nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
        return Id;
      };
      const user = kisi.org.addUser({ email: 'bob@example.com' });
      kisi.org.changeUser({ ...user, created_at: new Date(Date.now() - 5 * dayMs).toISOString() });
      bob = joins('Bob', 'bob@example.com');
      eve = joins('Eve', 'eve@example.com');
    });
    desk = await startTestDesk(space);
    await eventually('both keys', () => keysOf('bob').length + keysOf('eve').length === 2);
  });
  after(async () => {
    await desk.close();
    await space.stop();
  });
  afterEach(() => {
    space.kisi.faults.clear();
  });

  const keysOf = (name: string): number[] => space.kisi.org.keysOf(`${name}@example.com`);
  const userOf = (name: string): number =>
    space.kisi.org.users().find(({ email }) => email === `${name}@example.com`)?.id ?? 0;
  const open = (path: string): Promise<Walk> => new Walk(desk.url).open(path);

  it('no page waits for what Kisi tells of logins, and what it told is kept', async () => {
    const asked = (): number =>
      space.kisi.requests.list().filter(({ path }) => path.includes(`user_id=${userOf('bob')}`)).length;
    space.kisi.faults.add({ match: '/logins', kind: 'timeout' });
    let [text, looks] = ['', 0];
    // A part that is read slowly is drawn from what was known before, and looking again gives it time.
    await eventually('the page that waits for logins alone', async () => {
      ({ text } = await open(`/people/${bob}${looks++ % 8 === 0 ? '?fresh=1' : ''}`));
      return /Kisi is being asked whether its invitation is accepted/.test(text);
    });
    assert.match(text, /Bob can open Trastevere, Rome – Day Pass/);
    space.kisi.faults.clear();
    // The clock stands still, so that what is kept for a while is never too old.
    const at = Date.now();
    const fresh = await startTestDesk(space, { now: () => at });
    try {
      const shown = async (): Promise<string> => (await new Walk(fresh.url).open(`/people/${bob}`)).text;
      await eventually('the invitation', async () => /has not yet accepted/.test(await shown()));
      const before = asked();
      await shown();
      assert.equal(asked(), before);
    } finally {
      await fresh.close();
    }
  });

  it('says that invitations could not be read where Kisi refuses, and nothing of them where there is no key', async () => {
    space.kisi.faults.add({ match: '/users', kind: 'status', status: 503 });
    const fresh = await startTestDesk(space);
    try {
      const read = async (): Promise<string> => (await new Walk(fresh.url).open('/invitations')).text;
      await eventually('it says so', async () => /could not be read: Kisi answered 503/.test(await read()));
      const today = await new Walk(fresh.url).open('/today');
      assert.doesNotMatch(today.text, /All is well: nothing needs anybody/);
    } finally {
      await fresh.close();
    }
  });

  it('has one mailed again, once a day, in the name of the person who is signed in', async () => {
    const young = await open(`/acts/resend?member=${eve}`);
    assert.match(young.text, /Nothing is done\. Kisi mailed the member less than a day ago, at \w{3} \d+/);
    const mails = space.kisi.mails.length;
    const shown = await open(`/acts/resend?member=${bob}`);
    assert.match(shown.text, /Kisi mails its invitation to Bob \(member \d+\) again\./);
    assert.match(shown.text, /is not accepted: the member has no phone signed in to the Kisi app/);
    const done = await shown.press({ why: 'the mail was lost' });
    assert.match(done.text, /Kisi was asked to mail the invitation again\./);
    assert.equal(space.kisi.mails.length, mails + 1);
    const again = await open(`/acts/resend?member=${bob}`);
    assert.match(again.text, /Kisi mailed the member less than a day ago/);
    const auditLog = createAuditLog(await openDatabase(space.config.databaseUrl));
    const [kept] = await auditLog.newestFirst({ memberId: bob, kinds: ['write'], limit: 1 });
    await auditLog.close();
    assert.deepEqual([kept?.what, kept?.state, kept?.cause], ['mailAgain', 'done', 'the mail was lost']);
    await eventually('the timeline has it', async () =>
      /the invitation is mailed again .* the mail was lost/.test((await open(`/people/${bob}`)).text),
    );
  });

  it('has none mailed where it makes no sense', async () => {
    assert.match((await open('/acts/resend?member=999999')).text, /holds no key that Latchkey gave/);
    space.kisi.org.setAccessEnabled(userOf('eve'), false);
    assert.match((await open(`/acts/resend?member=${eve}`)).text, /is suspended in Kisi/);
    space.kisi.org.setAccessEnabled(userOf('eve'), true);
    space.kisi.org.signIn(userOf('eve'));
    assert.match(
      (await open(`/acts/resend?member=${eve}`)).text,
      /The invitation is accepted: the member signed in/,
    );
    await eventually('the page says so', async () =>
      /Kisi's invitation is accepted/.test((await open(`/people/${eve}?fresh=1`)).text),
    );
    assert.doesNotMatch((await open(`/people/${eve}`)).html, /acts\/resend/);
  });
});
