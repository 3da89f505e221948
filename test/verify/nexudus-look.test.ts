import assert from 'node:assert/strict';
import { network, type Wire } from '../../lib/http.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { NexudusLook } from '../../verify/nexudus-look.js';

const auth = { email: 'admin@example.com', password: 'nexudus-password' };

describe('Nexudus as verify asks it', () => {
  let nexudus: NexudusSimulator;
  const starts: number[] = [];
  const wire: Wire = (config) => {
    starts.push(performance.now());
    return network(config);
  };

  beforeEach(async () => {
    nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
    starts.length = 0;
  });
  afterEach(async () => {
    await nexudus.stop();
  });

  const look = (): NexudusLook => new NexudusLook({ baseUrl: nexudus.url, auth, wire });

  it('keeps the pace between the request of a stranger and its own', async () => {
    const asks = look();
    await Promise.all([asks.refusalOfStranger(), asks.ask('/auth/me'), asks.ask('/auth/me')]);
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    assert.equal(gaps.length, 3);
    for (const gap of gaps) assert.ok(gap >= 100, `${gap} ms`);
  });

  it('asks for records by their ids at the address with a slash, as Nexudus documents it', async () => {
    await look().batch('coworkers', [1]);
    assert.deepEqual(
      nexudus.requests.list().map(({ path }) => path.split('?')[0]),
      ['/api/token', '/api/spaces/coworkers/'],
    );
  });
});
