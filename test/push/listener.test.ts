import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { startListener, type Listener } from '../../push/listener.js';

const secret = 'shared secret';
const sign = (body: string): string => createHmac('sha256', secret).update(body).digest('hex').toUpperCase();

describe('the listener, to webhooks of Nexudus', () => {
  let listener: Listener;
  let told: (number | 'something')[] = [];
  const starting = new Set<number>();

  before(async () => {
    listener = await startListener({
      port: 0,
      host: '127.0.0.1',
      nexudusSecret: secret,
      herald: {
        tell(id, mayStart) {
          told.push(id);
          if (mayStart) starting.add(id);
        },
        tellSomething: () => void told.push('something'),
        drain: () => Promise.resolve(),
      },
    });
  });
  beforeEach(() => {
    told = [];
    starting.clear();
  });
  after(() => listener.close());

  async function push(event: string, body: string, headers: Record<string, string> = {}): Promise<number> {
    const signed = { 'Content-Type': 'application/json', 'X-Nexudus-Hook-Signature': sign(body), ...headers };
    const url = `http://127.0.0.1:${listener.port}/nexudus/${event}`;
    return (await fetch(url, { method: 'POST', body, headers: signed })).status;
  }

  it('tells of the coworker itself, of whom a record names, and of a team', async () => {
    const of: [string, object, (number | 'something')[]][] = [
      ['access', { Id: 7, CoworkerId: 8 }, [7]],
      ['coworker', { Id: 7 }, [7]],
      ['contract', { Id: 70, CoworkerId: 7 }, [7]],
      ['checkin', { Id: 70, CoworkerId: 7 }, [7]],
      ['team', { Id: 70, TeamMembers: [{ Id: 7 }, { CoworkerId: 8, Id: 80 }, 9] }, [7, 8, 9]],
      ['tariff', { Id: 70 }, ['something']],
    ];
    for (const [event, record, expected] of of) {
      told = [];
      assert.equal(await push(event, JSON.stringify([record])), 200, event);
      assert.deepEqual(told, expected, event);
    }
  });

  it('starts nobody for a change of the coworker’s own record, which gives no access', async () => {
    await push('coworker', '[{"Id":7}]');
    await push('access', '[{"Id":8}]');
    assert.deepEqual([...starting], [8]);
  });

  it('refuses what is not signed, wrongly signed, too large or no webhook, and tells nobody', async () => {
    const before = { ...listener.counts() };
    const body = '[{"Id":7}]';
    assert.equal(await push('access', body, { 'X-Nexudus-Hook-Signature': '' }), 401);
    assert.equal(await push('access', body, { 'X-Nexudus-Hook-Signature': sign('[]') }), 401);
    assert.equal(await push('access', `[{"Id":7,"Note":"${'x'.repeat(300_000)}"}]`), 413);
    for (const wrong of ['', '{', '{"Id":7}', '[]', '[7]', '[{"Id":"7"}]', '[{"Id":-7}]'])
      assert.equal(await push('access', wrong), 400, wrong);
    const { taken, forged, oversized, malformed } = listener.counts();
    assert.deepEqual(told, []);
    assert.deepEqual(
      [taken, forged, oversized, malformed],
      [before.taken, before.forged + 2, before.oversized + 1, before.malformed + 7],
    );
  });
});
