/** The audit log of a whole space: every decision, write and order once, and told by the commands. */
import assert from 'node:assert/strict';
import { accountHere, loginName } from '../../space/order.js';
import { latchkeyDone, latchkeyWith, linesOf } from '../client/cli.js';
import { memberWorkflowId, resync, resyncNow } from '../../messages/to-member.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

interface Kept {
  kind: string;
  state: string;
  what: string;
  memberId: number | null;
  groupId: number | null;
  cause: string;
  by: string | null;
  answer: string | null;
}

describe('the audit log of a space', () => {
  let space: RunningSpace;
  let ada: number;
  let passId: number;
  before(async () => {
    space = await startSpace();
    const { nexudus, ids } = space;
    ada = nexudus.space.addCoworker({ Email: 'ada@example.com', InvoicingBusinessId: ids.rome }).Id;
    const pass = { CoworkerId: ada, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome };
    passId = nexudus.space.addPass(pass).Id;
    await eventually('her key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    await order('pause', 'revokes', '--by', 'Mia', '--why', 'a test');
    nexudus.space.update('coworkertimepasses', passId, { ExpireDate: '2021-01-01T00:00:00Z' });
    await eventually('she waits', async () => typeof (await space.view(ada))?.waitingFor?.what === 'string');
    await order('resume', '--by', 'Mia');
    await eventually('no key', () => space.kisi.org.keysOf('ada@example.com').length === 0);
    await eventually('she is at rest', async () => (await space.view(ada))?.state === 'noAccess');
    await eventually(
      'both orders',
      async () => (await compared()).filter(({ kind }) => kind === 'act').length === 2,
    );
  });
  after(async () => {
    await space.stop();
  });

  const order = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);

  async function compared(): Promise<Kept[]> {
    const lines = linesOf(await order('audit', '--format', 'jsonl'));
    return lines.map((line) => JSON.parse(line) as Kept);
  }

  it('keeps every write once, with its cause and Kisi’s answer', async () => {
    const writes = (await compared()).filter(({ kind }) => kind === 'write');
    const group = space.ids.groups.romeDay;
    assert.deepEqual(
      writes.map(({ what, state, memberId, groupId, by }) => [what, state, memberId, groupId, by]),
      [
        ['createUser', 'done', ada, null, 'rules'],
        ['grant', 'done', ada, group, 'rules'],
        ['revoke', 'done', ada, group, 'rules'],
      ],
    );
    assert.match(writes[1]?.cause ?? '', /^pass \d+ \(Day pass\)/);
    assert.match(writes[1]?.answer ?? '', /^created key \d+$/);
    assert.equal(writes[2]?.cause, `CoworkerTimePass ${passId} ExpireDate 2021-01-01T00:00:00Z is past`);
  });

  it('keeps what was decided, and who ordered what and why', async () => {
    const kept = await compared();
    assert.deepEqual(
      kept.filter(({ kind }) => kind === 'decision').map(({ what }) => what),
      [`keys to ${space.ids.groups.romeDay}`, 'no key'],
    );
    assert.deepEqual(
      kept.filter(({ kind }) => kind === 'act').map(({ what, by, cause }) => [what, by, cause]),
      [
        ['pause revokes', `Mia (${accountHere()})`, 'a test'],
        ['resume', `Mia (${accountHere()})`, ''],
      ],
    );
  });

  it('holds no e-mail and no name', async () => {
    assert.doesNotMatch(await order('audit'), /example\.com/);
  });

  it('tells the timeline of a member in the order of time', async () => {
    const events = JSON.parse(await order('timeline', String(ada), '--json')) as {
      at: string;
      what: string;
    }[];
    assert.deepEqual(
      events.map(({ what }) => what),
      ['a pass expires', `keys to ${space.ids.groups.romeDay}`, 'createUser', 'grant', 'no key', 'revoke'],
    );
    assert.match(await order('timeline', 'ada@example.com'), /^at +what +group +by +why/);
  });

  it('keeps who asked for a fresh look, at one member, at all, and at Nexudus', async () => {
    await order('resync', String(ada), '--by', 'Mia', '--why', 'she stands at the door');
    await order('resync', '--all', '--by', 'Ned');
    await order('poll', '--by', 'Ned');
    await order('poll', '--full');
    const handle = space.service.client.workflow.getHandle(memberWorkflowId(ada));
    await handle.signal(resync);
    await handle.signal(resync, { by: 'Ned', why: 'a call' });
    await handle.executeUpdate(resyncNow);
    const asked = async (): Promise<Kept[]> =>
      (await compared()).filter(
        ({ kind, what }) => kind === 'act' && /resync|poll|reconciliation/.test(what),
      );
    await eventually('all of them', async () => (await asked()).length === 7);
    const inUi = "somebody in Temporal's UI";
    assert.deepEqual(
      (await asked()).map(({ what, memberId, by, cause }) => [what, memberId, by, cause]),
      [
        ['resync', ada, `Mia (${accountHere()})`, 'she stands at the door'],
        ['resync of all', null, `Ned (${accountHere()})`, ''],
        ['poll', null, `Ned (${accountHere()})`, ''],
        ['reconciliation', null, `${loginName()} (${accountHere()})`, ''],
        ['resync', ada, inUi, ''],
        ['resync', ada, 'Ned', 'a call'],
        ['resync', ada, inUi, ''],
      ],
    );
  });

  it('lets a fresh look go on where the audit log cannot be reached, and says so', async () => {
    const env = { ...space.env, LATCHKEY_DATABASE_URL: 'file:/nowhere/latchkey.db' };
    const { code, stdout, stderr } = await latchkeyWith(env, 'poll');
    assert.deepEqual([code, stdout], [0, 'The poll is asked for.\n'], stderr);
    assert.match(stderr, /the audit log does not say who asked for this: there is no audit log at/);
  });

  it('answers wrong use in one line with exit code 2', async () => {
    for (const args of [
      ['audit', '--since', 'lately'],
      ['timeline', '999999'],
    ]) {
      const { code, stdout, stderr } = await latchkeyWith(space.env, ...args);
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
    }
  });
});
