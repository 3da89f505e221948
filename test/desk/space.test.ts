/** Today, groups, changes and going live, over HTTP, against a space that works. */
import assert from 'node:assert/strict';
import axios from 'axios';
import type { DeskServer } from '../../desk/server.js';
import { orderException } from '../../activities/orders.js';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { note } from '../database/records.js';
import { startTestDesk } from '../support/desk.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

const hour = 3_600_000;
const ada = 'ada@example.com';

describe('desk: the whole space', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  let adaId = 0;
  let passId = 0;
  before(async () => {
    space = await startSpace(
      ({ nexudus, kisi, ids }) => {
        adaId = nexudus.space.addCoworker({
          Email: ada,
          FullName: 'Ada Lovelace',
          InvoicingBusinessId: ids.rome,
        }).Id;
        passId = nexudus.space.addPass({
          CoworkerId: adaId,
          TimePassId: ids.passTypes.romeDay,
          BusinessId: ids.rome,
          ExpireDate: new Date(Date.now() + 8 * hour).toISOString(),
        }).Id;
        const other = kisi.org.addUser({ email: 'owner@example.com' });
        const role = { role_id: 'group_basic', applies_to_type: 'Group' as const, user_id: other.id };
        kisi.org.addRole({ ...role, applies_to_id: ids.groups.romeDay });
      },
      {},
      'none',
      'policies:\n  usedPass: atOnce\n',
    );
    desk = await startTestDesk(space);
    await eventually('a key', () => space.kisi.org.keysOf(ada).length === 1);
  });
  after(async () => {
    await desk.close();
    await space.stop();
  });

  async function get(path: string): Promise<{ status: number; html: string; type: string }> {
    const { status, data, headers } = await axios.get<string>(`${desk.url}${path}`, {
      ...{ validateStatus: () => true, responseType: 'text', maxRedirects: 0 },
    });
    return { status, html: data, type: String(headers['content-type']) };
  }
  const shows = (path: string, ...wanted: RegExp[]): Promise<void> =>
    eventually(`${path} shows ${wanted.join(' and ')}`, async () => {
      const { html } = await get(path);
      return wanted.every((one) => one.test(html));
    });

  it('every page says how the space stands, and opens to tell since when each side answers', async () => {
    await shows(
      '/',
      /<details class="health good"/,
      /Kisi: answers since/,
      /Temporal answers this desk since/,
    );
  });

  it('today says that all is well, what changed by name and group, and what will change', async () => {
    await shows(
      '/today',
      /All is well: nothing needs anybody\./,
      /Ada Lovelace<\/a><\/td><td[^>]*>was given a key<\/td><td[^>]*><a href="\/groups\/\d+">Trastevere, Rome – Day Pass/,
      /What will change until tomorrow.*Ada Lovelace/s,
    );
  });

  it('an exception that ends soon is told, with the reason', async () => {
    const wish = { kind: 'allow' as const, memberId: adaId, groupId: space.ids.groups.romeOffice };
    const refused = await orderException(
      space.service.client,
      { ...wish, until: Date.now() + 2 * hour, by: 'Gina', reason: 'a <b>guest</b>' },
      'one',
    );
    assert.equal(refused, null);
    await shows('/today', /Exceptions that end within 7 days: 1/, /by Gina: a &lt;b&gt;guest&lt;\/b&gt;/);
  });

  it('all groups are listed with how many hold a key from Latchkey', async () => {
    await shows(
      '/groups',
      /Trastevere, Rome – Day Pass<\/a><\/th><td[^>]*>1<\/td><td[^>]*>2<\/td><td[^>]*>yes/,
    );
    assert.match((await get('/groups')).html, /Chelsea, New York – Office Membership<\/a><\/th><td[^>]*>0</);
  });

  it('a group says who holds a key, until when, why and from whom, and which doors are in it', async () => {
    const path = `/groups/${space.ids.groups.romeDay}`;
    await shows(path, /Ada Lovelace<\/a><\/th>.*<td[^>]*>Latchkey<\/td>.*pass/s, /Kisi user \d+<\/th>/);
    const { html } = await get(path);
    assert.match(html, /<h1>Trastevere, Rome – Day Pass<\/h1>/);
    // Times are as the place has them: the two cities have two zones.
    assert.doesNotMatch(html.split('<main')[1] ?? '', /, UTC</);
    assert.match(
      html,
      /Kisi user \d+<\/th><td[^>]*>no end known<\/td><td[^>]*>never<\/td><td[^>]*>a person or another integration/,
    );
    const [door] = space.kisi.org.groups.get(space.ids.groups.romeDay)?.lock_ids ?? [];
    assert.ok(html.includes(`<li>${space.kisi.org.locks.get(door ?? 0)?.name ?? '?'}</li>`));
  });

  it('there is no page for a group that Kisi does not have, and for what is no group', async () => {
    for (const id of ['999999', '0', '-1', 'x', '1e3', '..%2f..', '%00', '9'.repeat(40)])
      assert.equal((await get(`/groups/${id}`)).status, 404, id);
  });

  it('the group tells who lost a key, and the changes tell when and why', async () => {
    space.nexudus.space.update('coworkertimepasses', passId, {
      ...{ Used: true, UsedDate: new Date().toISOString() },
    });
    await shows(`/groups/${space.ids.groups.romeDay}`, /Who lost one this week<\/h2><ul>.*Ada Lovelace/s);
    await shows(
      `/changes?person=${adaId}&group=${space.ids.groups.romeDay}&kind=write`,
      /lost a key/,
      /was given a key/,
    );
  });

  it('changes are filtered by what was asked for, and by nothing else', async () => {
    const table = async (query: string): Promise<string> => {
      const { html } = await get(`/changes?${query}`);
      return /<tbody>.*<\/tbody>/s.exec(html)?.[0] ?? '';
    };
    await shows('/changes?kind=act&by=Gina', /<tbody>.*Gina.*a &lt;b&gt;guest/s);
    const acts = await table('kind=act&by=Gina');
    assert.doesNotMatch(acts, /was given a key/);
    assert.equal(await table('by=Nobody%25'), '');
    assert.equal(await table('to=2026-01-01'), '');
    const { html } = await get('/changes?from=soon&person=%22%3E%3Cscript%3E');
    assert.match(html, /aria-invalid="true"/);
    assert.match(html, /value="&quot;&gt;&lt;script&gt;"/);
    assert.doesNotMatch(html, /<tbody>/);
  });

  it('changes go on to older ones behind the last of a page, without a gap or a repeat', async () => {
    const auditLog = createAuditLog(await openDatabase(space.config.databaseUrl));
    const newest = Date.now();
    const causes = Array.from({ length: 230 }, (_, index) => `cause-${index}.`);
    for (const [index, cause] of causes.entries())
      await auditLog.note(note({ key: `record/${index}`, at: newest - index, memberId: 77, cause }));
    await auditLog.close();
    const seen: string[] = [];
    for (let path: string | undefined = '/changes?person=77'; path !== undefined;) {
      const { html } = await get(path);
      seen.push(...(html.match(/cause-\d+\./g) ?? []));
      path = /<a href="([^"]*)">Older changes/.exec(html)?.[1]?.replaceAll('&amp;', '&');
    }
    assert.deepEqual(seen, causes);
  });

  it('changes are a file too', async () => {
    const { html, type } = await get(`/changes.csv?person=${adaId}`);
    assert.match(type, /^text\/csv/);
    const lines = html.trim().split('\r\n');
    assert.match(lines[0] ?? '', /^at,kind,state,memberId/);
    assert.ok(lines.length > 3);
    assert.ok(lines.slice(1).every((line) => line.split(',')[3] === String(adaId)));
    assert.equal((await get('/changes.csv?from=soon')).status, 400);
  });

  it('going live tells what is mapped, how Kisi compares, and what each step would write', async () => {
    await shows(
      '/going-live',
      /1\. Check.*Trastevere, Rome – Day Pass<\/a><\/th><td[^>]*>2<\/td><td[^>]*>Day pass/s,
      /2\. Report.*keys? compared/s,
      /1 key of Kisi users whose e-mail belongs to no coworker/,
      /4\. Live.*This is the mode now.*As of/s,
    );
    const again = await get('/going-live?again=1');
    assert.equal(again.status, 303);
  });

  it('no page fails where Kisi is down: it shows what is on record, and says that it is only that', async () => {
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    const fresh = await startTestDesk(space);
    try {
      const path = `/groups/${space.ids.groups.romeOffice}`;
      await eventually('only what is on record', async () => {
        const { data, status } = await axios.get<string>(`${fresh.url}${path}`);
        assert.equal(status, 200);
        const isSaid = data.includes('Kisi could not be asked, so only keys that Latchkey gave are shown');
        return isSaid && data.includes('Ada Lovelace');
      });
      assert.equal((await axios.get(`${fresh.url}/today`)).status, 200);
    } finally {
      space.kisi.faults.clear();
      await fresh.close();
    }
  });
});
