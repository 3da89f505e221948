/** What people do on the pages of acts, over a whole space. */
import assert from 'node:assert/strict';
import type { Client, Connection } from '@temporalio/client';
import { acts } from '../../desk/acts/table.js';
import type { Desk, Role, Viewer } from '../../desk/desk.js';
import { readOrders } from '../../activities/orders.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { createNexudusClient } from '../../nexudus/client.js';
import { kisiOf } from '../../space/apis.js';
import { findingsNow } from '../../space/drift.js';
import { listWithheld } from '../../space/withheld.js';
import { createLogger } from '../../worker/logging.js';
import { connectClient } from '../../worker/temporal.js';
import { actsOf, type ActsOf, type ShownAct } from '../support/acts.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

const names = ['ann', 'ben', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal'] as const;
type Name = (typeof names)[number];

describe('the acts of the desk', function () {
  this.timeout(480_000);
  let space: RunningSpace;
  let desk: Desk;
  let auditLog: AuditLog;
  let client: Client;
  let connection: Connection;
  const ids = new Map<Name, number>();

  before(async () => {
    const env = { LATCHKEY_COMPARISON_INTERVAL: '7d' };
    space = await startSpace(addPeople, env, 'none', 'policies: { guardPeople: 1, guardShare: 1% }\n');
    await eventually('all keys', () => withKey().length === names.length - 1);
    const { config } = space;
    ({ client, connection } = await connectClient(space.temporal));
    const db = await openDatabase(config.databaseUrl);
    auditLog = createAuditLog(db);
    desk = {
      ...{ config, client, taskQueue: config.taskQueue, db, auditLog },
      ...{ nexudus: unpaced(), kisi: kisiOf(config), now: Date.now },
      log: createLogger({ level: 'silent' }),
    };
  });
  after(async () => {
    await auditLog.close();
    await connection.close();
    await space.stop();
  });
  /** These tests are not about budgets of requests. */
  function unpaced(): Desk['nexudus'] {
    const { baseUrl, auth } = space.config.nexudus;
    return createNexudusClient({ baseUrl, auth, pace: hurried().nexudus.members });
  }
  afterEach(() => {
    space.nexudus.faults.clear();
    space.kisi.faults.clear();
  });

  /** Everybody but ann has a pass. */
  function addPeople({ nexudus, ids: city }: Pick<RunningSpace, 'nexudus' | 'ids'>): void {
    for (const name of names) {
      const who = { Email: `${name}@example.com`, FullName: `${name} Lovelace` };
      const { Id } = nexudus.space.addCoworker({ ...who, InvoicingBusinessId: city.rome });
      if (name !== 'ann')
        nexudus.space.addPass({ CoworkerId: Id, TimePassId: city.passTypes.romeDay, BusinessId: city.rome });
      ids.set(name, Id);
    }
  }
  const idOf = (name: Name): number => ids.get(name) ?? 0;
  const keysOf = (name: Name): number[] => space.kisi.org.keysOf(`${name}@example.com`);
  const withKey = (): Name[] => names.filter((name) => keysOf(name).length > 0);
  const day = (): string => String(space.ids.groups.romeDay);
  const viewerOf = (role: Role): Viewer => ({ name: `Mia ${role}`, role, account: `mia@${role}` });
  const pagesOf = (role: Role): ActsOf => actsOf(desk, viewerOf(role));
  const exceptions = async () => (await readOrders(desk.client)).exceptions;
  const acted = async (what: RegExp) =>
    (await auditLog.list({ kinds: ['act'], limit: 1000 })).filter((one) => what.test(one.what));
  const ledTo = ({ location, told }: ShownAct) => [location, told];
  const textOf = ({ html }: ShownAct): string =>
    html
      .replace(/<[^>]*>/g, ' ')
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"')
      .replace(/\s+/g, ' ');

  it('tell what they will do before anything is done: by name, in the zone of the location', async () => {
    const shown = await pagesOf('desk').get(`/acts/allow?member=${idOf('ann')}&group=${day()}`);
    const told = new RegExp(
      `ann Lovelace \\(member ${idOf('ann')}\\) gets a key to Trastevere, Rome – Day Pass \\(group ${day()}\\)\\. ` +
        'It ends \\w{3} \\d+ \\w{3} \\d\\d:\\d\\d, Rome',
    );
    assert.equal(shown.status, 200);
    assert.match(textOf(shown), told);
    assert.equal(shown.fields['_csrf'], 'a token');
    assert.deepEqual(await exceptions(), []);
  });

  it('do nothing that was not shown: another group is shown first', async () => {
    const pages = pagesOf('desk');
    const shown = await pages.get(`/acts/allow?member=${idOf('ann')}`);
    assert.match(textOf(shown), /This is told here once everything above is filled in/);
    const filled = await pages.press(shown, { group: day(), why: 'a tour', by: 'Eve', account: 'eve@x' });
    assert.deepEqual([filled.status, filled.location], [409, null]);
    assert.match(textOf(filled), /Nothing is done yet\. Read below/);
    assert.deepEqual(await exceptions(), []);
    const done = await pages.press(filled, { by: 'Eve', account: 'eve@x' });
    assert.deepEqual([done.status, ...ledTo(done)], [303, `/people/${idOf('ann')}`, 'allowed']);
    await eventually('her key', () => keysOf('ann').length === 1);
    const [made, ...others] = await exceptions();
    assert.deepEqual(others, []);
    assert.deepEqual([made?.by, made?.account, made?.reason], ['Mia desk', 'mia@desk', 'a tour']);
    const again = await pages.press(filled);
    assert.equal(again.location, done.location, 'the same form once more');
    assert.equal((await exceptions()).length, 1);
  });

  it('obey a form that is sent twice only once, also where another desk gets it', async () => {
    const pages = pagesOf('operator');
    const address = `/acts/allow?member=${idOf('ann')}&group=${String(space.ids.groups.romeOffice)}`;
    const filled = await pages.press(await pages.get(address), { why: 'twice', step: 'look' });
    assert.equal(filled.status, 200);
    const other = pagesOf('operator');
    const both = await Promise.all([pages.press(filled), pages.press(filled), other.press(filled)]);
    assert.deepEqual([...new Set(both.map(({ status }) => status))], [303]);
    assert.equal((await exceptions()).filter(({ reason }) => reason === 'twice').length, 1);
    const edited = await pages.press(filled, { until: '3h', step: 'look' });
    assert.equal((await pages.press(edited)).status, 303, 'with something else in it, it is another order');
    assert.equal((await exceptions()).filter(({ reason }) => reason === 'twice').length, 2);
  });

  const wrong: [string, Record<string, string>, string, RegExp][] = [
    ['no group', { group: '' }, 'group', /Choose the group that is allowed/],
    ['a group that is not there', { group: '999999' }, 'group', /Kisi has no such group/],
    ['no time', { until: '"><b>later' }, 'until', /Type how long from now/],
    ['no end at all', { until: '' }, 'until', /Type how long from now/],
    [
      'an end that is past',
      { untilAt: '2020-01-01T09:00' },
      'untilAt',
      /That is past: Wed 1 Jan 2020 09:00, Rome/,
    ],
    ['more than the front desk may', { until: '2d' }, 'until', /may allow a group for 1 day at most/],
    ['no reason', { why: '' }, 'why', /Say why/],
    ['an e-mail in the reason', { why: 'ask ada@example.com' }, 'why', /must hold no e-mail/],
  ];
  for (const [what, typed, field, says] of wrong)
    it(`show a form again with what was typed and what is wrong beside the field: ${what}`, async () => {
      const pages = pagesOf('desk');
      const before = (await exceptions()).length;
      const shown = await pages.get(`/acts/allow?member=${idOf('ben')}&group=${day()}`);
      const answered = await pages.press(shown, { why: 'a tour', ...typed });
      assert.equal(answered.status, 422);
      assert.match(textOf(answered), says);
      const tag = new RegExp(`<(?:input|select) id="${field}"[^>]*>`).exec(answered.html)?.[0] ?? '';
      assert.match(tag, new RegExp(`aria-describedby="${field}-problem`));
      assert.match(tag, /aria-invalid="true"/);
      assert.match(tag, / autofocus/);
      assert.match(answered.html, new RegExp(`id="${field}-problem"`));
      assert.doesNotMatch(answered.html, /<b>later/);
      for (const [name, value] of Object.entries(typed))
        if (name !== 'group') assert.equal(answered.fields[name], value);
      assert.equal((await exceptions()).length, before);
    });

  it('let an operator allow for longer than the front desk may', async () => {
    const pages = pagesOf('operator');
    const shown = await pages.get(`/acts/allow?member=${idOf('ann')}&group=${day()}&until=2d`);
    assert.equal((await pages.press(shown, { why: 'a longer tour' })).status, 303);
  });

  it('refuse what contradicts an exception, and name it', async () => {
    const shown = await pagesOf('operator').get(`/acts/block?member=${idOf('ann')}`);
    assert.equal(shown.status, 409);
    assert.match(
      textOf(shown),
      /Nothing is done\. It contradicts exception \d+: member \d+ is allowed group \d+ \(Trastevere/,
    );
  });

  it('give a person without the role for them no page, and take no form that was made by hand', async () => {
    const before = (await exceptions()).length;
    for (const role of ['viewer', 'desk'] as const)
      for (const act of acts) {
        const pages = pagesOf(role);
        const about = act.about === null ? '' : `?${act.about}=${idOf('ben')}`;
        const mine = act.least === 'desk' && role === 'desk';
        if (mine) continue;
        const page = await pages.get(`/acts/${act.name}${about}`);
        const sent = await pages.send(`/acts/${act.name}`, {
          ...{ member: String(idOf('ben')), id: '1', group: day(), until: '2h', why: 'x', level: 'all' },
          ...{ mode: 'observe', step: 'do', form: '00000000-0000-0000-0000-000000000000' },
        });
        assert.deepEqual([page.status, sent.status], [403, 403], `${act.name} as ${role}`);
        assert.doesNotMatch(page.html, /<form/);
      }
    const { stop, mode } = await readOrders(desk.client);
    assert.deepEqual([stop, mode.name, (await exceptions()).length], [null, 'live', before]);
  });

  it('show a name as text, whatever is in it', async () => {
    const FullName = '<img src=x onerror=alert(1)> \u202eecalevoL ' + 'x'.repeat(500);
    const { Id } = space.nexudus.space.addCoworker({ Email: 'odd@example.com', FullName });
    const { html } = await pagesOf('desk').get(`/acts/allow?member=${Id}&group=${day()}`);
    assert.match(html, /&lt;img src=x onerror=alert\(1\)&gt;/);
    assert.doesNotMatch(html, /<img|\u202e/);
  });

  it('are about somebody or something: there is no page without a number, or with a wrong one', async () => {
    const pages = pagesOf('operator');
    for (const address of ['/acts/allow', '/acts/allow?member=x', '/acts/withdraw?id=1e3', '/acts/none'])
      assert.equal((await pages.get(address)).status, 404, address);
    const nobody = await pages.get(`/acts/allow?member=999999&group=${day()}`);
    assert.match(textOf(nobody), /Nexudus has no coworker with this id/);
  });

  it('withdraw an exception, and say so where somebody was faster', async () => {
    const pages = pagesOf('operator');
    const [first] = await exceptions();
    assert.ok(first);
    const address = `/acts/withdraw?id=${first.id}`;
    const [mine, theirs] = [await pages.get(address), await pages.get(address)];
    assert.match(textOf(mine), /This ends now: exception \d+: member \d+ is allowed group \d+ \(Trastevere/);
    const done = await pages.press(theirs, { why: 'over' });
    assert.deepEqual([done.status, ...ledTo(done)], [303, `/people/${idOf('ann')}`, 'withdrawn']);
    const late = await pages.press(mine);
    assert.equal(late.status, 409);
    assert.match(textOf(late), /Nothing is done\. There is no exception \d+, or it has ended/);
    for (const { id } of await exceptions()) await pages.press(await pages.get(`/acts/withdraw?id=${id}`));
    assert.deepEqual(await exceptions(), []);
    await eventually('no key', () => keysOf('ann').length === 0);
  });

  it('block, and take the key while Nexudus does not answer', async () => {
    space.nexudus.faults.add({ match: '.*', kind: 'timeout' });
    const pages = pagesOf('operator');
    const shown = await pages.get(`/acts/block?member=${idOf('ben')}`);
    assert.match(textOf(shown), /holds no key of Latchkey to any group until/);
    const done = await pages.press(shown, { why: 'a stolen phone' });
    assert.deepEqual([done.status, done.location], [303, `/people/${idOf('ben')}`]);
    // On a busy machine the member may answer later than an order waits for it.
    if (done.told !== 'blockOn') assert.deepEqual([done.told, keysOf('ben')], ['blocked', []]);
    await eventually('no key', () => keysOf('ben').length === 0);
    space.nexudus.faults.clear();
    const [made] = await exceptions();
    const back = await pages.press(await pages.get(`/acts/withdraw?id=${made?.id ?? 0}`));
    assert.equal(back.status, 303);
    await eventually('the key again', () => keysOf('ben').length === 1);
  });

  it('look again at a member, in the name of the person who is signed in', async () => {
    const pages = pagesOf('desk');
    const done = await pages.press(await pages.get(`/acts/resync?member=${idOf('ben')}`), {
      why: 'she says so',
    });
    assert.deepEqual([done.status, done.location], [303, `/people/${idOf('ben')}`]);
    // On a busy machine the look, too, may answer later than the order waits for it.
    assert.ok(done.told === 'looked' || done.told === 'lookedOn', String(done.told));
    await eventually('kept', async () =>
      (await acted(/resync/)).some(({ by }) => by === 'Mia desk (mia@desk)'),
    );
  });

  it('pause, resume and set the mode, each shown first', async () => {
    const pages = pagesOf('operator');
    assert.match(
      textOf(await pages.get('/acts/resume')),
      /Nothing is stopped, so there is nothing to let go on/,
    );
    const stop = await pages.get('/acts/pause');
    assert.match(textOf(stop), /Latchkey takes no key away, and gives keys as ever/);
    const other = await pages.press(stop, { level: 'writes' });
    assert.equal(other.status, 409);
    assert.match(textOf(other), /from now on: Latchkey writes nothing to Kisi/);
    assert.deepEqual(ledTo(await pages.press(other)), ['/today', 'paused']);
    assert.equal((await readOrders(desk.client)).stop?.level, 'writes');
    const waits = await pages.get(`/acts/allow?member=${idOf('ann')}&group=${day()}`);
    assert.match(textOf(waits), /Not at once: every write to Kisi is stopped\. By Mia operator/);
    const resume = await pages.get('/acts/resume');
    assert.match(textOf(resume), /By Mia operator \(mia@operator\) since/);
    assert.deepEqual(ledTo(await pages.press(resume)), ['/today', 'resumed']);

    const empty = await pages.press(await pages.get('/acts/mode'), { mode: 'canary' });
    assert.equal(empty.status, 422);
    assert.match(textOf(empty), /Choose a location, or give the ids of members/);
    const few = await pages.press(empty, { mode: 'canary', locations: String(space.ids.rome) });
    assert.match(
      textOf(few),
      new RegExp(`only the keys of these to Kisi: Trastevere, Rome \\(location ${space.ids.rome}\\)`),
    );
    assert.equal((await pages.press(few, { mode: 'canary', locations: String(space.ids.rome) })).status, 303);
    assert.deepEqual((await readOrders(desk.client)).mode.locationIds, [space.ids.rome]);
    const live = await pages.press(await pages.get('/acts/mode'), { mode: 'live' });
    assert.deepEqual(ledTo(await pages.press(live)), ['/today', 'modeSet']);
  });

  it('rule on a finding, and refuse a ruling that makes no sense', async () => {
    const pages = pagesOf('operator');
    const user = space.kisi.org.users().find(({ email }) => email === 'ben@example.com');
    space.kisi.org.grantByHand({ userId: user?.id ?? 0, groupId: space.ids.groups.romeOffice });
    const { findings } = await findingsNow(desk.client);
    const extra = findings.find(({ kind }) => kind === 'extra');
    assert.ok(extra);
    const shown = await pages.get(`/acts/repair?id=${extra.id}`);
    assert.match(textOf(shown), /Latchkey takes the key away from Kisi/);
    assert.match(textOf(shown), new RegExp(`It is about member ${idOf('ben')}, Trastevere, Rome – Office`));
    assert.deepEqual(ledTo(await pages.press(shown, { why: 'not his' })), ['/today', 'repaired']);
    await eventually('gone', () => keysOf('ben').length === 1);
    const late = await pages.get(`/acts/ignore?id=${extra.id + 100}`);
    assert.match(textOf(late), /There is no finding \d+ \(any more\)/);
  });

  it('approve and reject what is withheld, but only what was shown', async () => {
    const pages = pagesOf('operator');
    const suspend = async (...some: Name[]): Promise<void> => {
      for (const name of some) {
        space.nexudus.space.suspend(idOf(name));
        await pages.press(await pages.get(`/acts/resync?member=${idOf(name)}`));
      }
    };
    const losses = async (): Promise<number> =>
      (await listWithheld(desk.client)).filter(({ ruling }) => ruling === null)[0]?.losses.length ?? 0;
    // One key may go; those that come after are withheld.
    await suspend('cid');
    await eventually('one is gone', () => keysOf('cid').length === 0);
    await suspend('dan', 'eve');
    await eventually('some are withheld', async () => (await losses()) === 2);
    const [first] = await listWithheld(desk.client);
    assert.ok(first);
    const shown = await pages.get(`/acts/approve?id=${first.id}`);
    assert.match(
      textOf(shown),
      /Latchkey takes 2 keys of 2 members away, and only those that are listed here/,
    );
    space.nexudus.space.update('coworkers', idOf('eve'), { Active: true });
    await pages.press(await pages.get(`/acts/resync?member=${idOf('eve')}`));
    await eventually('one less', async () => (await losses()) === 1);
    const less = await pages.press(shown, { why: 'they left' });
    assert.equal(less.status, 409);
    assert.match(textOf(less), /Latchkey takes 1 key of 1 member away/);
    const kept = withKey().length;
    assert.deepEqual(ledTo(await pages.press(less)), ['/today', 'approved']);
    await eventually('it is gone', () => withKey().length === kept - 1);
    await eventually('nothing is withheld', async () => (await listWithheld(desk.client)).length === 0);
    const late = await pages.press(less, { why: 'once more' });
    assert.match(textOf(late), /Nothing is withheld under \d+ \(any more\)/);

    await suspend('gus', 'hal');
    await eventually('more are withheld', async () => (await losses()) === 2);
    const open = (await listWithheld(desk.client)).find(({ ruling }) => ruling === null);
    const rejected = await pages.press(await pages.get(`/acts/reject?id=${open?.id ?? 0}`));
    assert.deepEqual(ledTo(rejected), ['/today', 'rejected']);
  });

  it('say that nobody knows what becomes of an order that no worker takes, and do it once when one does', async () => {
    const pages = pagesOf('operator');
    const shown = await pages.get(`/acts/allow?member=${idOf('ann')}&group=${day()}`);
    await space.service.stop();
    const lost = await pages.press(shown, { why: 'while nobody works' });
    assert.equal(lost.status, 503);
    assert.match(textOf(lost), /Nobody knows yet whether this is done: no worker took the order/);
    await space.startWorker(hurried());
    const done = await pages.press(lost);
    assert.deepEqual([done.status, ...ledTo(done)], [303, `/people/${idOf('ann')}`, 'allowed']);
    await eventually('her key', () => keysOf('ann').length === 1);
    assert.equal((await exceptions()).filter(({ reason }) => reason === 'while nobody works').length, 1);
  });
});
