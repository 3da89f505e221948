import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { Opinion } from '../../push/acs.js';
import { hookedActions } from '../../nexudus/webhooks.js';
import { startListener, type Listener } from '../../push/listener.js';
import { nexudusEvents } from '../../push/nexudus.js';

const secret = 'a shared secret of Nexudus';
const sign = (body: string): string => createHmac('sha256', secret).update(body).digest('hex').toUpperCase();

describe('the listener, to webhooks of Nexudus', () => {
  let listener: Listener;
  let told: (number | 'something')[] = [];
  let counted: string[] = [];
  const starting = new Set<number>();

  before(async () => {
    listener = await startListener({
      port: 0,
      host: '127.0.0.1',
      nexudusSecret: secret,
      acs: null,
      kisi: null,
      count: (source, outcome) => void counted.push(`${source} ${outcome}`),
      debouncer: {
        tell(id, { mayStart }) {
          told.push(id);
          if (mayStart) starting.add(id);
        },
        tellSomething: () => void told.push('something'),
        drain: () => Promise.resolve(),
      },
    });
  });
  beforeEach(() => {
    [told, counted] = [[], []];
    starting.clear();
  });
  after(() => listener.close());

  async function push(event: string, body: string, headers: Record<string, string> = {}): Promise<number> {
    const signed = { 'Content-Type': 'application/json', 'X-Nexudus-Hook-Signature': sign(body), ...headers };
    const url = `http://127.0.0.1:${listener.port}/nexudus/${event}`;
    return (await fetch(url, { method: 'POST', body, headers: signed })).status;
  }

  it('tells of the coworker whose own record comes, of the coworker that another record names, and of a team’s members', async () => {
    const of: [string, object, (number | 'something')[]][] = [
      ['access', { Id: 7, CoworkerId: 8 }, [7]],
      ['coworker', { Id: 7 }, [7]],
      ['contract', { Id: 70, CoworkerId: 7 }, [7]],
      ['checkin', { Id: 70, CoworkerId: 7 }, [7]],
      ['team', { Id: 70, TeamMembers: [{ Id: 7 }, { CoworkerId: 8, Id: 80 }, 9] }, [7, 8, 9]],
      ['contract', { Id: 70 }, ['something']],
    ];
    for (const [event, record, expected] of of) {
      told = [];
      assert.equal(await push(event, JSON.stringify([record])), 200, event);
      assert.deepEqual(told, expected, event);
    }
  });

  it('starts nobody for a change of the coworker’s own record or a check-in, which give no access', async () => {
    await push('coworker', '[{"Id":7}]');
    await push('checkin', '[{"Id":70,"CoworkerId":6}]');
    await push('access', '[{"Id":8}]');
    await push('contract', '[{"Id":80,"CoworkerId":9}]');
    await push('team', '[{"Id":90,"TeamMembers":[10]}]');
    assert.deepEqual([...starting], [8, 9, 10]);
  });

  it('goes by the address to find whose record it is: other fields of the record name nobody', async () => {
    const of: [event: string, record: object, tells: (number | 'something')[]][] = [
      ['contract', { Id: 70, CoworkerId: 7, TeamMembers: [1, 2] }, [7]],
      ['checkin', { Id: 70, TeamMembers: [1, 2] }, ['something']],
      ['access', { Id: 7, TeamMembers: [1, 2] }, [7]],
      ['team', { Id: 70, CoworkerId: 1, TeamMembers: [7] }, [7]],
    ];
    for (const [event, record, tells] of of) {
      told = [];
      assert.equal(await push(event, JSON.stringify([record])), 200, event);
      assert.deepEqual(told, tells, event);
    }
  });

  it('refuses an event that there is no address for, signed or not, and tells nobody', async () => {
    for (const event of ['tariff', 'booking', 'Access', 'constructor', '__proto__', 'access%20', '7'])
      assert.equal(await push(event, '[{"Id":7}]'), 404, event);
    assert.deepEqual([told, counted], [[], Array(7).fill('nexudus unknownAddress')]);
  });

  it('has an address for each event that `latchkey hooks install` registers, and for no other', () => {
    assert.deepEqual(Object.keys(nexudusEvents).sort(), Object.keys(hookedActions).sort());
  });

  it('leaves a call that names more than Nexudus ever does to the read of what changed', async () => {
    const of = (count: number): object[] =>
      Array.from({ length: count }, (_, at) => ({ Id: at + 1, CoworkerId: at + 1 }));
    for (const event of ['access', 'coworker', 'contract', 'team', 'checkin']) {
      const told100 = Array.from({ length: 100 }, (_, at) => at + 1);
      for (const [count, tells] of [
        [100, told100],
        [101, ['something']],
        [400, ['something']],
        [10_000, ['something']],
      ] as const) {
        told = [];
        const body = JSON.stringify(event === 'team' ? [{ Id: 1, TeamMembers: of(count) }] : of(count));
        assert.equal(await push(event, body), 200);
        assert.deepEqual(told, tells, `${event} ${count}`);
      }
    }
    told = [];
    const ids = Array.from({ length: 36_000 }, (_, at) => 1_000_000_000 + at);
    assert.equal(await push('team', JSON.stringify([{ Id: 1, TeamMembers: ids }])), 200);
    const teams = of(60).map((one) => ({ ...one, TeamMembers: [one, { Id: 1_000 }, { Id: 1_001 }] }));
    assert.equal(await push('team', JSON.stringify(teams)), 200);
    assert.deepEqual([told.slice(0, 1), told.length], [['something'], 63]);
  });

  it('answers 200 to whatever is signed, wakes the members that it names, and has what changed read for the rest', async () => {
    const poll = 'something';
    const note = 'x'.repeat(300_000);
    const shapes: [event: string, body: string, tells: (number | 'something')[]][] = [
      ['access', '', [poll]],
      ['access', '{', [poll]],
      ['access', 'null', [poll]],
      ['access', '7', [poll]],
      ['access', '"7"', [poll]],
      ['access', '[]', [poll]],
      ['access', '[7]', [poll]],
      ['access', '[{}]', [poll]],
      ['access', '[null]', [poll]],
      ['access', '[{"Id":0}]', [poll]],
      ['access', '[{"Id":-7}]', [poll]],
      ['access', '[{"Id":7.5}]', [poll]],
      ['access', '[{"Id":1e300}]', [poll]],
      ['access', '[{"Id":null}]', [poll]],
      ['access', '[{"Id":"Ada"}]', [poll]],
      ['access', '[{"Id":[7]}]', [poll]],
      ['access', '[{"Id":"7"}]', [7]],
      ['access', '{"Id":7}', [7]],
      ['access', '[[{"Id":7}]]', [7]],
      ['access', '\uFEFF[{"Id":7}]', [7]],
      ['access', '[{"Id":0,"CoworkerId":7}]', [7]],
      ['access', `[{"Id":7,"Note":"${note}"}]`, [7]],
      ['access', '[{"Id":7},{"Id":0},{"Id":"8"}]', [7, 8, poll]],
      ['access', '[{"Id":7},7]', [7, poll]],
      ['contract', '[{"Id":70,"CoworkerId":0}]', [poll]],
      ['contract', '[{"Id":70,"CoworkerId":null}]', [poll]],
      ['contract', '[{"Id":70,"CoworkerId":"7"}]', [7]],
      ['team', '[{"Id":70,"TeamMembers":null}]', [poll]],
      ['team', '[{"Id":70,"TeamMembers":"7"}]', [poll]],
      ['team', '[{"Id":70,"TeamMembers":[null,"7",{"Id":"8"},[9],0]}]', [7, 8]],
      ['access', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, [poll]],
    ];
    for (const [event, body, tells] of shapes) {
      told = [];
      assert.equal(await push(event, body), 200, body.slice(0, 80));
      assert.deepEqual(told, tells, body.slice(0, 80));
    }
    const unclear = shapes.filter(([, , tells]) => tells.includes(poll));
    assert.equal(counted.filter((one) => one === 'nexudus unclear').length, unclear.length);
    assert.equal(counted.filter((one) => one === 'nexudus taken').length, shapes.length - unclear.length);
  });

  it('answers 200 to any JSON that is signed, and tells of somebody or something, once each', async () => {
    const property = fc.asyncProperty(
      fc.json(),
      fc.constantFrom('access', 'contract', 'team'),
      async (body, event) => {
        told = [];
        assert.equal(await push(event, body), 200);
        assert.ok(told.length > 0 && new Set(told).size === told.length);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });

  it('takes a signed webhook whatever type of text it says it is', async () => {
    for (const type of ['no type at all', 'text/plain', 'application/json; charset=utf-16', '']) {
      told = [];
      assert.equal(await push('access', '[{"Id":7}]', { 'Content-Type': type }), 200, type);
      assert.deepEqual(told, [7], type);
    }
  });

  it('refuses what is not signed, wrongly signed or too large to be read, tells nobody, and counts it', async () => {
    const body = '[{"Id":7}]';
    assert.equal(await push('access', body, { 'X-Nexudus-Hook-Signature': '' }), 401);
    assert.equal(await push('access', body, { 'X-Nexudus-Hook-Signature': sign('[]') }), 401);
    for (const shape of ['', '{', '[]', '[{}]'])
      assert.equal(await push('access', shape, { 'X-Nexudus-Hook-Signature': sign(body) }), 401, shape);
    assert.equal(await push('access', `[{"Id":7,"Note":"${'x'.repeat(1_100_000)}"}]`), 413);
    assert.deepEqual(told, []);
    assert.deepEqual(counted, [...Array<string>(6).fill('nexudus forged'), 'nexudus oversized']);
  });

  it('answers 4xx to whatever else comes', async () => {
    const body = '[{"Id":7}]';
    assert.equal(
      await push('access', body, { 'Content-Encoding': 'gzip', 'X-Nexudus-Hook-Signature': 'x' }),
      401,
    );
    for (const [method, path] of [
      ['GET', '/nexudus/access'],
      ['POST', '/nexudus/access/7'],
      ['POST', '/'],
      ['GET', '/acs/groups'],
      ['POST', '/acs/changes'],
    ] as const)
      assert.equal((await ask(method, path)).status, 404, path);
    assert.deepEqual(counted.slice(1), [
      'nexudus unknownAddress',
      'nexudus unknownAddress',
      'elsewhere unknownAddress',
      'acs unknownAddress',
      'acs unknownAddress',
    ]);
    assert.deepEqual(told, []);
  });

  const ask = (method: string, path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${listener.port}${path}`, { method });
});

describe('the listener, to Custom ACS', () => {
  const token = 'a bearer token of Nexudus';
  let listener: Listener;
  let told: (number | 'something')[] = [];
  let opinions: Opinion[] = [];
  let counted: string[] = [];
  let groups: { id: number; name: string }[] | null = null;

  before(async () => {
    listener = await startListener({
      port: 0,
      host: '127.0.0.1',
      nexudusSecret: null,
      acs: {
        token,
        groups: () => (groups === null ? Promise.reject(new Error('Kisi is away')) : Promise.resolve(groups)),
        isKnown: (business) => Promise.resolve(business === 'b-1'),
        onOpinion: (claim) => void opinions.push(claim),
      },
      kisi: null,
      count: (source, outcome) => void counted.push(`${source} ${outcome}`),
      debouncer: {
        tell: (id, { mayStart }) => void told.push(mayStart ? id : -id),
        tellSomething: () => void told.push('something'),
        drain: () => Promise.resolve(),
      },
    });
  });
  beforeEach(() => {
    [told, opinions, counted] = [[], [], []];
    groups = [{ id: 12, name: 'Trastevere, Rome' }];
  });
  after(() => listener.close());

  const headers = { Authorization: `Bearer ${token}`, 'X-Nexudus-Business-UniqueId': 'b-1' };
  const askGroups = (over: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${listener.port}/acs/groups`, { headers: { ...headers, ...over } });
  async function change(body: object | string, over: Record<string, string> = {}): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${listener.port}/acs/changes`, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json', ...over },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return answer.status;
  }
  const time = '2026-11-25T12:00:00Z';
  const told7 = {
    time,
    business: { id: 1, name: 'Rome', uniqueId: 'b-1' },
    coworker: { id: 7, email: 'ada@example.com', accessPincode: '1234' },
    groups: ['13', '12'],
    schedule: [{ group: '12', expires_on: '2026-12-01T00:00:00Z' }],
  };

  it('lists the groups of Kisi to a location that is known, and to a caller that names none', async () => {
    for (const over of [{}, { 'X-Nexudus-Business-UniqueId': 'b-1', 'X-Nexudus-User-UniqueId': 'u' }]) {
      const answer = await askGroups(over);
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), [{ id: '12', name: 'Trastevere, Rome' }]);
    }
    const { Authorization } = headers;
    const url = `http://127.0.0.1:${listener.port}/acs/groups`;
    assert.equal((await fetch(url, { headers: { Authorization } })).status, 200);
    assert.deepEqual(counted, ['acs taken', 'acs taken', 'acs taken']);
  });

  it('lists them to nobody else, and says when Kisi does not', async () => {
    assert.equal((await askGroups({ Authorization: 'Bearer another' })).status, 401);
    assert.equal((await askGroups({ 'X-Nexudus-Business-UniqueId': 'b-2' })).status, 404);
    groups = null;
    assert.equal((await askGroups()).status, 503);
    assert.deepEqual(counted, ['acs forged', 'acs unknownLocation', 'acs failed']);
  });

  it('wakes the member that a change is about, and passes on the groups, whichever way ids are written', async () => {
    const asTexts = { ...told7, business: { ...told7.business, id: '1' }, coworker: { id: '7' } };
    for (const body of [told7, { ...asTexts, groups: [12, 13, '13', 'Roof'] }])
      assert.equal(await change(body), 200);
    assert.deepEqual(told, [7, 7]);
    const claim = { memberId: 7, locationId: 1, groupIds: [12, 13], at: Date.parse(time) };
    assert.deepEqual(opinions, [claim, claim]);
    assert.deepEqual(counted, ['acs taken', 'acs taken']);
  });

  it('takes whatever comes with the right token, wakes the members that it names, and keeps no claim that it does not make', async () => {
    const shapes: [body: object | string, tells: (number | 'something')[], claimed: number][] = [
      ['', ['something'], 0],
      ['{', ['something'], 0],
      ['[]', ['something'], 0],
      ['null', ['something'], 0],
      [{ time }, ['something'], 0],
      [{ ...told7, coworker: {} }, ['something'], 0],
      [{ ...told7, coworker: { id: 0 } }, ['something'], 0],
      [{ ...told7, coworker: null }, ['something'], 0],
      [{ ...told7, groups: '12' }, [7], 0],
      [{ ...told7, groups: null }, [7], 0],
      [{ ...told7, groups: Array(2_000).fill('12') }, [7], 0],
      [{ ...told7, business: null }, [7], 1],
      [{ ...told7, business: { id: 1, uniqueId: 7 } }, [7], 1],
      [{ ...told7, time: {} }, [7], 1],
      [{ ...told7, note: 'x'.repeat(300_000) }, [7], 1],
      [[told7], [7], 1],
      [`\uFEFF${JSON.stringify(told7)}`, [7], 1],
      [[told7, {}], [7, 'something'], 1],
    ];
    for (const [body, tells, claimed] of shapes) {
      [told, opinions] = [[], []];
      assert.equal(await change(body), 200, JSON.stringify(body).slice(0, 80));
      assert.deepEqual([told, opinions.length], [tells, claimed], JSON.stringify(body).slice(0, 80));
    }
    opinions = [];
    for (const absurd of [{}, 7, null, 'soon', '0001-01-01T00:00:00Z'])
      await change({ ...told7, time: absurd });
    assert.deepEqual(
      opinions.map(({ at }) => at),
      Array(5).fill(null),
    );
  });

  it('leaves a call of more changes than Nexudus ever sends to the read of what changed', async () => {
    const many = (count: number): object[] =>
      Array.from({ length: count }, (_, at) => ({ ...told7, coworker: { id: at + 1 } }));
    assert.equal(await change(many(100)), 200);
    assert.deepEqual([told.length, opinions.length], [100, 100]);
    assert.equal(await change(many(101)), 200);
    assert.deepEqual([told.slice(100), opinions.length], [['something'], 100]);
  });

  it('refuses a wrong token, another space, and what is too large, and tells nobody', async () => {
    assert.equal(await change(told7, { Authorization: '' }), 401);
    assert.equal(await change('', { Authorization: '' }), 401);
    assert.equal(await change({ ...told7, business: { id: 1, uniqueId: 'b-2' } }), 404);
    assert.equal(await change({ ...told7, note: 'x'.repeat(1_100_000) }), 413);
    assert.deepEqual([told, opinions], [[], []]);
    assert.deepEqual(counted, ['acs forged', 'acs forged', 'acs unknownLocation', 'acs oversized']);
  });
});
