import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import type { DeskServer } from '../../desk/server.js';
import { startTestDesk } from '../support/desk.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

const dayMs = 24 * 3_600_000;
const inDays = (days: number): string =>
  new Date(Math.ceil((Date.now() + days * dayMs) / 1000) * 1000).toISOString().replace('.000Z', 'Z');

describe('desk: a person', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  let adaId = 0;
  let adaPassId = 0;
  let eveId = 0;
  /** What the desk takes the time to be: the true time, but while it stands still. */
  let lateMs = 0;
  let standsAt: number | null = null;
  const now = (): number => (standsAt ?? Date.now()) + lateMs;
  /** Lets so much time pass that what was read is read anew. */
  const laterOn = (): void => {
    lateMs += 1_000;
  };

  function joins(FullName: string, Email: string, ExpireDate: string): { memberId: number; passId: number } {
    const { nexudus, ids } = space;
    const { Id: memberId } = nexudus.space.addCoworker({ FullName, Email, InvoicingBusinessId: ids.rome });
    const { Id: passId } = nexudus.space.addPass({
      ...{ CoworkerId: memberId, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome, ExpireDate },
    });
    return { memberId, passId };
  }

  before(async () => {
    space = await startSpace(() => undefined, {}, 'none', 'policies: { usedPass: atOnce }');
    desk = await startTestDesk(space, { now });
    ({ memberId: adaId, passId: adaPassId } = joins('Ada <i>Lovelace</i>', 'ada@example.com', inDays(30)));
    ({ memberId: eveId } = joins('Eve', 'eve@example.com', inDays(-3)));
    await eventually('her key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    const [ada] = space.kisi.org.users().filter(({ email }) => email === 'ada@example.com');
    space.kisi.org.signIn(ada?.id ?? 0);
    await eventually('both are looked at', async () => {
      const views = await Promise.all([adaId, eveId].map((id) => space.view(id)));
      return views[0]?.state === 'access' && typeof views[1]?.lastCheckedAt === 'string';
    });
  });
  after(async () => {
    await desk.close();
    await space.stop();
  });
  afterEach(() => {
    standsAt = null;
    space.nexudus.faults.clear();
    space.kisi.faults.clear();
  });

  const get = (path: string): Promise<AxiosResponse<string>> =>
    axios.get<string>(`${desk.url}${path}`, { maxRedirects: 0, validateStatus: () => true });
  /** What a browser is told of a topic: whether something has changed since that was asked last. */
  async function eventsOf(topic: string): Promise<{ hasNews: () => boolean; close: () => void }> {
    const { data } = await axios.get<Readable>(`${desk.url}/live?topic=${topic}`, { responseType: 'stream' });
    let news = 0;
    data.on('data', (part: Buffer) => (news += part.toString().split('data: changed').length - 1));
    const hasNews = (): boolean => {
      const isTold = news > 0;
      news = 0;
      return isTold;
    };
    return { hasNews, close: () => void data.destroy() };
  }
  /** The page once it is of now: a page that is loaded after it could be older than that on a machine that stands still. */
  async function readPage(id: number): Promise<AxiosResponse<string>> {
    let page = await get(`/people/${id}`);
    await eventually('it is read', async () => {
      if (/being asked/.test(page.data)) page = await get(`/people/${id}`);
      return !/being asked/.test(page.data);
    });
    return page;
  }
  const textOf = async (id: number, query = ''): Promise<string> =>
    (await get(`/people/${id}/text${query}`)).data;

  it('says at once what Latchkey decided last, and of when that is, while the APIs are being asked', async () => {
    for (const { faults } of [space.nexudus, space.kisi])
      faults.add({ match: '.*', kind: 'slow', delayMs: 3_000 });
    const events = await eventsOf(`member-${adaId}`);
    const { data } = await get(`/people/${adaId}`);
    assert.match(
      data,
      /<span>As of \w{3} \d+ \w{3} [\d:]{8}, \w+: Ada [^<]* can open Trastevere, Rome – Day Pass until [^<]*, as far as Latchkey knows\./,
    );
    assert.match(data, /Nexudus and Kisi are being asked again now\. <a href="[^"]*\?fresh=1">Read again</);
    assert.match(data, /<dt>Should have<\/dt><dd>yes, until [^<]*<\/dd>/);
    assert.match(data, /<dt>Has in Kisi<\/dt><dd>Kisi is being asked<\/dd>/);
    assert.match(data, new RegExp(`<dt>Why</dt><dd>pass ${adaPassId} \\(Day pass\\)`));
    assert.match(data, /<p>As of [^<]*: Yes\. Trastevere, Rome – Day Pass\.<\/p>/);
    assert.doesNotMatch(data, /What could not be read|not known|no pass opens it/);
    for (const { faults } of [space.nexudus, space.kisi]) faults.clear();
    await eventually('an event, at which the page is of now', async () => {
      if (!events.hasNews()) return false;
      return !/<span>As of|being asked again/.test((await get(`/people/${adaId}`)).data);
    });
    events.close();
  });

  it('says what the person can open, who gave it and why, with links to the records', async () => {
    laterOn();
    await get(`/people/${adaId}?fresh=1`);
    const { data, status, headers } = await readPage(adaId);
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(data, new RegExp(`<main [^>]*data-live="member-${adaId}"`));
    assert.match(data, /<h1>Ada &lt;i&gt;Lovelace&lt;\/i&gt;<\/h1>/);
    assert.match(data, /class="verdict can"/);
    assert.match(data, /can open Trastevere, Rome – Day Pass until \w{3} \d+ \w{3}[^<]*\./);
    assert.match(data, /<dt>Given by<\/dt><dd>Latchkey<\/dd>/);
    assert.match(data, new RegExp(`<li>pass ${adaPassId} \\(Day pass\\) counts until `));
    assert.match(data, new RegExp(`href="https://dashboard.nexudus.com/operations/coworkers/${adaId}"`));
    assert.match(data, /href="https:\/\/web\.kisi\.io\/organization\/\d+\/users\/\d+"/);
    const questions = ['Does the rule give access?', 'Did it reach Kisi?', 'Is it the phone or the door?'];
    const found = questions.map((question) => data.indexOf(`<h2>${question}</h2>`));
    assert.deepEqual(
      found,
      found.toSorted((a, b) => a - b),
    );
    assert.ok(found.every((index) => index > 0));
    assert.match(data, /<td[^>]*>the key is given<\/td>/);
  });

  it('says why somebody cannot get in, what to tell the member and what to do', async () => {
    const text = await textOf(eveId);
    assert.match(text, /^Eve can’t get in: the last pass expired on /m);
    assert.match(
      text,
      /^Does the rule give access\?\nNo: no rule gives a key\.\n- the last pass expired on /m,
    );
    assert.match(
      text,
      /^ {2}Tell the member: Your last pass has expired\.\n {2}What to do: Sell another pass\./m,
    );
  });

  it('tells all of it as plain text, without markup', async () => {
    const { data, headers } = await get(`/people/${adaId}/text`);
    assert.match(String(headers['content-type']), /^text\/plain/);
    assert.match(data, /^Ada <i>Lovelace<\/i> \(\d+\)\n/);
    assert.match(data, /^What happened$/m);
    assert.match(data, / \| the key is given \| Trastevere, Rome – Day Pass \| rules \| /);
  });

  it('answers for another time, clearly marked, by the clock of the location', async () => {
    const { data } = await get(`/people/${adaId}?at=2036-12-01T09:00`);
    assert.match(data, /This is as of Mon 1 Dec 2036 09:00, \w+, and not now\./);
    assert.match(
      data,
      /At that time Ada &lt;i&gt;Lovelace&lt;\/i&gt; can’t get in: the last pass expired on /,
    );
    assert.match(data, /<input id="at"[^>]*value="2036-12-01T09:00"/);
    assert.doesNotMatch(data, /Did it reach Kisi/);
    assert.doesNotMatch(data, /data-live/);
  });

  it('says beside the field what is wrong with a time', async () => {
    const { data, status } = await get(`/people/${adaId}?at=${encodeURIComponent('tomorrow"><b>')}`);
    assert.equal(status, 200);
    assert.match(data, /value="tomorrow&quot;&gt;&lt;b&gt;"[^>]*aria-describedby="at-problem"/);
    assert.match(data, /id="at-problem"[^>]*>Type a date and a time/);
    assert.match(data, /class="verdict can"/);
  });

  it('costs nothing to load again, and is read anew when that is asked for', async () => {
    const asked = (): number =>
      space.nexudus.requests.list().filter(({ path }) => path.includes(`/coworkers/${eveId}`)).length;
    laterOn();
    // Else what is kept for some seconds would be too old on a slow machine.
    standsAt = Date.now();
    await get(`/people/${eveId}?fresh=1`);
    await readPage(eveId);
    let before = 0;
    // The worker may look at her meanwhile, for itself.
    await eventually('two loads that ask nothing', async () => {
      before = asked();
      await get(`/people/${eveId}`);
      await get(`/people/${eveId}/text`);
      return asked() === before;
    });
    laterOn();
    const { status, headers } = await get(`/people/${eveId}?fresh=1`);
    assert.deepEqual([status, headers['location']], [303, `/people/${eveId}`]);
    await eventually('it is read anew', () => asked() > before);
  });

  it('says what could not be read and since when, and what Latchkey knows, where an API hangs', async () => {
    await readPage(adaId);
    laterOn();
    space.kisi.faults.add({ match: '.*', kind: 'timeout' });
    const byRule = await textOf(adaId, '?fresh=1');
    assert.match(
      byRule,
      /can open Trastevere, Rome – Day Pass until .*, as far as Latchkey knows: Kisi could not be read\./,
    );
    assert.match(
      byRule,
      /^- What Kisi holds could not be read since \w{3} \d+ \w{3} [^:]*:\d\d, \w+: there was no answer in time/m,
    );
    assert.match(byRule, /^ {2}Has in Kisi: not known$/m);
    space.nexudus.faults.add({ match: '/api/(spaces|billing)', kind: 'status', status: 503 });
    laterOn();
    const byWorkflow = await textOf(adaId, '?fresh=1');
    assert.match(byWorkflow, /^- The records in Nexudus could not be read since .*HTTP 503/m);
    assert.match(byWorkflow, /can open Trastevere, Rome – Day Pass until .*, as far as Latchkey knows/);
    assert.match(byWorkflow, /^Does the rule give access\?\nThat is not known\.$/m);
    assert.match(byWorkflow, / \| the key is given \| /);
  });

  it('says that a key is on its way, what it waits for and since when', async () => {
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    const { memberId } = joins('Bob', 'bob@example.com', inDays(30));
    await eventually('what he waits for', async () => {
      const waitingFor = (await space.view(memberId))?.waitingFor ?? null;
      return waitingFor !== null;
    });
    await eventually('the page says so', async () => {
      const text = await textOf(memberId);
      return (
        /^On its way for Bob: waiting for Kisi since \w{3} \d+ \w{3} [^.]*\.$/m.test(text) &&
        /^- What Kisi holds could not be read since .*Kisi (answered 503|gave no answer)/m.test(text)
      );
    });
    space.kisi.faults.clear();
    await eventually('the key', async () => /Bob can open /m.test(await textOf(memberId)));
  });

  it('is no page for a text that is no id, and for an id that nobody has', async () => {
    for (const id of ['abc', '0', '-1', '1e3', '1.5', '%2e%2e%2f', '9'.repeat(40), '%00', '<b>']) {
      const { status, data } = await get(`/people/${id}`);
      assert.ok(status === 404 || status === 400, `${id}: ${status}`);
      assert.doesNotMatch(data, /<b>/);
    }
    const { status, data } = await get('/people/999999');
    assert.equal(status, 404);
    assert.match(data, /Nexudus has no coworker 999999, and Latchkey knows none\./);
    assert.equal((await get('/people/999999/text')).status, 404);
  });

  it('says at once that a pass was used up', async () => {
    space.nexudus.space.usePass(adaPassId);
    await eventually('no key', () => space.kisi.org.keysOf('ada@example.com').length === 0);
    await eventually('the page says so', async () => {
      const text = await textOf(adaId);
      const isTold = / \| the key is taken away \| Trastevere, Rome – Day Pass \| rules \| /.test(text);
      return isTold && /can’t get in: the last pass was used up on /.test(text);
    });
  });

  it('tells a key that was given by hand from one of Latchkey’s', async () => {
    const { kisi, ids } = space;
    const { id: userId } = kisi.org.addUser({ email: 'eve@example.com', name: 'Eve' });
    kisi.org.grantByHand({ userId, groupId: ids.groups.newYorkOffice });
    laterOn();
    let text = await textOf(eveId, '?fresh=1');
    await eventually('Kisi is read', async () => {
      text = await textOf(eveId);
      return /can open Chelsea/.test(text);
    });
    assert.match(
      text,
      /can open Chelsea, New York – Office Membership, with no end known, by a right in Kisi that/,
    );
    assert.match(text, /^ {2}Given by: a person, or another integration$/m);
  });
});
