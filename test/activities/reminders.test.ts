/** Reminders of invitations, and those that a person has mailed again: at most three mails, one a day, never a doubtful one twice. */
import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { readInvitation, readInvitations } from '../../activities/invitations.js';
import { createInvitationActivities, type ReminderDeps } from '../../activities/reminders.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import type { Ownership } from '../../database/ownership.js';
import { createKisiClient } from '../../kisi/client.js';
import type { InvitationActivities } from '../../messages/to-invitations.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { collect } from '../database/records.js';
import { ledgerKey, memoryStores } from '../support/stores.js';

const dayMs = 24 * 3_600_000;
const start = Date.UTC(2026, 10, 1, 9);
const memberId = 7;
const email = 'ada@example.com';

describe('mails about invitations', () => {
  let clock: number;
  let kisi: KisiSimulator;
  let auditLog: AuditLog;
  let ownership: Ownership;
  let deps: ReminderDeps;
  let userId: number;
  let keyId: number;
  let groupId: number;
  beforeEach(async () => {
    clock = start;
    kisi = await startKisiSimulator({ now: () => clock, switches: { rateLimit: null } });
    auditLog = createAuditLog(await openDatabase(':memory:'));
    ({ ownership } = await memoryStores(() => clock));
    deps = {
      ...{ auditLog, ownership, now: () => clock },
      kisi: createKisiClient({ baseUrl: kisi.url, apiKey: 'kisi-test-key' }),
      gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
      policy: { reminders: 'on', mails: 'keyUpdate' },
    };
    groupId = kisi.org.addGroup({ name: 'Office' }).id;
    userId = kisi.org.addUser({ email, confirmed: true }).id;
    keyId = kisi.org.grantByHand({ userId, groupId }).id;
    await own({});
    const about = { memberId, locationId: 12, cause: 'a pass', by: 'rules', planId: null };
    const done = async (what: string, after: { userId: number } | { keyId: number }): Promise<void> => {
      await auditLog.begin({
        ...about,
        what,
        key: what,
        at: start,
        groupId: null,
        before: null,
        after: null,
      });
      await auditLog.finish(what, { state: 'done', after, answer: null });
    };
    await done('createUser', { userId });
    await done('grant', { keyId });
  });
  afterEach(async () => {
    await kisi.stop();
    await auditLog.close();
  });

  const own = (over: Parameters<typeof ledgerKey>[0]): Promise<number> =>
    ownership.own(memberId, ledgerKey({ userId, groupId, keyId, ...over }));

  function run<K extends keyof InvitationActivities>(
    name: K,
    ...args: Parameters<InvitationActivities[K]>
  ): Promise<Awaited<ReturnType<InvitationActivities[K]>>> {
    const workflowExecution = { workflowId: 'daily-check', runId: `run ${clock}` };
    const env = new MockActivityEnvironment(
      { workflowExecution, startToCloseTimeoutMs: 60_000 },
      { logger: new DefaultLogger('ERROR') },
    );
    type Run = (
      ...args: Parameters<InvitationActivities[K]>
    ) => Promise<Awaited<ReturnType<InvitationActivities[K]>>>;
    return env.run(createInvitationActivities(deps)[name] as Run, ...args);
  }

  const onDay = (day: number): ReturnType<InvitationActivities['remindInvited']> => {
    clock = start + day * dayMs;
    return run('remindInvited');
  };
  const resend = (day: number): ReturnType<InvitationActivities['resendInvitation']> => {
    clock = start + day * dayMs;
    return run('resendInvitation', { memberId, by: 'Mia', why: 'the mail was lost', account: 'mia@desk-1' });
  };
  const mailedOn = (): number[] => kisi.mails.map(({ at }) => Math.floor((at - start) / dayMs));
  const stopped = (): Promise<never> =>
    Promise.reject(ApplicationFailure.create({ type: 'Stopped', message: 'by Mia', nonRetryable: true }));

  it('go out on days 2 and 7 where Kisi is asked every few hours, and each is in the audit log', async () => {
    for (let day = 0; day < 12; day += 0.25) await onDay(day);
    assert.deepEqual(mailedOn(), [2, 7]);
    const kept = (await collect(auditLog.all())).filter(({ what }) => what === 'mailAgain');
    assert.deepEqual(
      kept.map((one) => [one.kind, one.state, one.memberId, one.locationId, one.groupId, one.by]),
      [2, 7].map(() => ['write', 'done', memberId, 12, groupId, 'inviteReminders']),
    );
  });

  it('end once a phone is signed in, a door is opened, or the key is gone', async () => {
    assert.deepEqual(await onDay(2), { notAccepted: 1, sent: 1, held: 0, failed: 0 });
    kisi.org.signIn(userId);
    assert.deepEqual(await onDay(7), { notAccepted: 0, sent: 0, held: 0, failed: 0 });
    kisi.org.logins.removeAllOf(userId);
    await ownership.release({ userId, groupId }, memberId);
    assert.equal((await onDay(7)).notAccepted, 0);
    await own({ validUntil: start + 7 * dayMs });
    assert.equal((await onDay(7)).notAccepted, 0);
    assert.deepEqual(mailedOn(), [2]);
  });

  it('are not for a key that a person gave, nor for a suspended user', async () => {
    await own({ byHand: true });
    assert.equal((await onDay(2)).notAccepted, 0);
    await own({});
    kisi.org.setAccessEnabled(userId, false);
    assert.equal((await onDay(3)).sent, 0);
    assert.deepEqual(mailedOn(), []);
  });

  it('ask nothing where the policies say so', async () => {
    for (const policy of [
      { reminders: 'off', mails: 'keyUpdate' },
      { reminders: 'on', mails: 'none' },
    ] as const) {
      deps.policy = policy;
      kisi.requests.clear();
      assert.equal((await onDay(2)).notAccepted, null);
      assert.equal(kisi.requests.list().length, 0);
    }
    await assert.rejects(resend(3), /inviteMails is none/);
  });

  it('are held back by a mode or a pause, and follow when that is over', async () => {
    const { gate } = deps;
    deps.gate = { ...gate, admit: (part) => (part === 'grant' ? stopped() : Promise.resolve()) };
    assert.deepEqual(await onDay(2), { notAccepted: 1, sent: 0, held: 1, failed: 0 });
    deps.gate = gate;
    assert.equal((await onDay(3)).sent, 1);
    assert.deepEqual(mailedOn(), [3]);
  });

  it('whose answer was lost count as sent', async () => {
    kisi.faults.add({ match: '/role_assignments/', method: 'PATCH', kind: 'afterWrite', times: 1 });
    await onDay(2);
    await onDay(2.5);
    assert.deepEqual(mailedOn(), [2]);
    await onDay(7);
    await onDay(9);
    assert.deepEqual(mailedOn(), [2, 7]);
  });

  it('that Kisi surely did not send are tried again', async () => {
    kisi.faults.add({ match: '/role_assignments/', method: 'GET', kind: 'reset', times: 1 });
    await assert.rejects(onDay(2));
    assert.equal((await onDay(2)).sent, 1);
    assert.deepEqual(mailedOn(), [2]);
  });

  it('do not concern the writes to the key itself', async () => {
    kisi.faults.add({ match: '/role_assignments/', method: 'PATCH', kind: 'afterWrite', times: 1 });
    await onDay(2);
    assert.deepEqual(await auditLog.begunFor(memberId, groupId), []);
    assert.equal(await auditLog.lastDoneFor(memberId, groupId), null);
  });

  it('are not sent again for a doubtful sign: Kisi shows no phones', async () => {
    kisi.switches.loginsOfOthers = 'refused';
    assert.deepEqual(await onDay(2), { notAccepted: 0, sent: 0, held: 0, failed: 0 });
    const [open] = (await readInvitations(deps)).open;
    assert.equal(open?.state, 'unknown');
  });

  it('are sent once a day where a person asks, and say who did', async () => {
    await assert.rejects(resend(0.5), /less than a day ago/);
    assert.equal((await resend(1)).isSure, true);
    await assert.rejects(resend(1.5), /less than a day ago/);
    await resend(2.5);
    assert.deepEqual(mailedOn(), [1, 2]);
    const kept = (await collect(auditLog.all())).at(-1);
    assert.deepEqual([kept?.by, kept?.cause], ['Mia (mia@desk-1)', 'the mail was lost']);
    // After three mails, Latchkey sends none by itself.
    assert.equal((await onDay(7)).sent, 0);
  });

  it('are refused where there is nothing to mail', async () => {
    kisi.org.signIn(userId);
    await assert.rejects(resend(3), /the invitation is accepted: the member signed in/);
    await ownership.release({ userId, groupId }, memberId);
    await assert.rejects(resend(3), /holds no key that Latchkey gave/);
    assert.deepEqual(mailedOn(), []);
  });

  it('tell of one member whatever the state, and of all the oldest first', async () => {
    clock = start + dayMs;
    const other = kisi.org.addUser({ email: 'bob@example.com' }).id;
    const key = kisi.org.grantByHand({ userId: other, groupId }).id;
    await ownership.own(3, ledgerKey({ userId: other, groupId, keyId: key }));
    const { open, acceptedCount } = await readInvitations(deps);
    assert.deepEqual(
      open.map((one) => [one.memberId, one.invitedAt, one.isByLatchkey]),
      [
        [memberId, start, true],
        [3, start + dayMs, false],
      ],
    );
    assert.equal(acceptedCount, 0);
    const seen = kisi.org.people.get(other);
    assert.ok(seen);
    kisi.org.people.put({ ...seen, last_accessed_at: kisi.org.timestamp() });
    assert.equal((await readInvitations(deps)).acceptedCount, 1);
    assert.match((await readInvitation(deps, 3))?.evidence ?? '', /^last opened a door/);
    assert.equal(await readInvitation(deps, 99), null);
  });

  it('leave the key’s own health to a look that tells what is wrong', async () => {
    const key = await run('checkKisiKey', null);
    assert.deepEqual(
      [key.keyCount, key.expires, key.role, key.mayManage, key.unused],
      [1, false, 'organization_owner', true, []],
    );
    kisi.org.demoteKeyOwner();
    assert.equal((await run('checkKisiKey', key)).mayManage, false);
  });
});
