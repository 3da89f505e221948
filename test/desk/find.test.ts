import assert from 'node:assert/strict';
import axios, { type AxiosResponse } from 'axios';
import type { DeskServer } from '../../desk/server.js';
import { startTestDesk } from '../support/desk.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('desk: find', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  let adaId = 0;
  before(async () => {
    space = await startSpace(({ nexudus }) => {
      adaId = nexudus.space.addCoworker({ FullName: 'Ada Lovelace', Email: 'ada@example.com' }).Id;
      nexudus.space.addCoworker({ FullName: 'Adam <b>Smith</b>', CompanyName: 'Pins & Co' });
    });
    desk = await startTestDesk(space);
    // A page waits a moment only for the first list of people.
    await eventually('the list', async () => /Ada Lovelace/.test((await get('/search?q=ada')).data));
  });
  after(async () => {
    await desk.close();
    await space.stop();
  });

  const get = (path: string): Promise<AxiosResponse<string>> =>
    axios.get<string>(`${desk.url}${path}`, { maxRedirects: 0, validateStatus: () => true });

  it('what was typed stands in the box, and is never markup', async () => {
    const { data } = await get(`/?q=${encodeURIComponent('"><script>x</script>')}`);
    assert.match(data, /value="&quot;&gt;&lt;script&gt;x&lt;\/script&gt;"/);
    assert.doesNotMatch(data, /<script>x/);
  });

  it('lists people as links, whose names are never markup', async () => {
    const { data } = await get('/?q=ada');
    assert.match(data, new RegExp(`<a href="/people/${adaId}"><strong>Ada Lovelace</strong>`));
    assert.match(
      data,
      /<strong>Adam &lt;b&gt;Smith&lt;\/b&gt;<\/strong> <span class="details">Pins &amp; Co/,
    );
  });

  it('goes to the one person with the exact e-mail or id', async () => {
    for (const text of ['ADA@example.com', String(adaId)]) {
      const { status, headers } = await get(`/?q=${encodeURIComponent(text)}`);
      assert.equal(status, 303);
      assert.equal(headers['location'], `/people/${adaId}`);
    }
  });

  it('answers the list alone for the script, which no proxy keeps', async () => {
    const { data, headers } = await get('/search?q=lovel');
    assert.match(data, /^<div id="results" data-count="1"><ul class="results"/);
    assert.match(data, /ada@example\.com/);
    assert.equal(headers['cache-control'], 'no-store');
  });

  it('says so where nobody is found, and shows the way to a member that only Latchkey knows', async () => {
    assert.match((await get('/search?q=nobody')).data, /data-count="0"><p>Nobody in Nexudus has that\./);
    assert.match((await get('/search?q=987654')).data, /<a href="\/people\/987654">/);
    assert.equal((await get('/search')).data, '<div id="results"></div>\n');
  });

  it('takes whatever a query string may hold', async () => {
    for (const query of ['q=a&q=b', 'q[x]=1', `q=${'a'.repeat(5_000)}`, 'q=%00%1b[31m', 'q=%f0%9f%98%80']) {
      assert.equal((await get(`/?${query}`)).status, 200);
      assert.equal((await get(`/search?${query}`)).status, 200);
    }
  });
});
