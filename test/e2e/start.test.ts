/** A worker that starts while an API is down, in every way, and goes on by itself. */
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { setStage, type Stage } from '../../client/stage.js';
import type { Fault } from '../../simulators/server.js';
import { createLogger } from '../../worker/logging.js';
import type { Service } from '../../worker/service.js';
import { memberWorkflowId, membershipChanged, stateQuery } from '../../messages/to-member.js';
import { metricsUrl } from '../support/metrics.js';
import { newTemporal } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { hurried } from '../support/space.js';
import { newPort } from '../support/ports.js';

interface Outage {
  name: string;
  api: 'Nexudus' | 'Kisi';
  begin: (stage: Stage) => void;
}

const of = (api: Outage['api'], name: string, fault: Omit<Fault, 'match'>): Outage => ({
  name: `${api} ${name}`,
  api,
  begin: ({ nexudus, kisi }) => {
    (api === 'Nexudus' ? nexudus : kisi).faults.add({ match: '.*', ...fault });
  },
});

/** STARTS=each for each API in each way. */
const outages =
  process.env['STARTS'] === 'each'
    ? (['Nexudus', 'Kisi'] as const).flatMap((api) => [
        of(api, 'answers 503', { kind: 'status', status: 503 }),
        of(api, 'asks to slow down (409)', { kind: 'status', status: 409 }),
        of(api, 'asks to slow down (429)', { kind: 'status', status: 429, retryAfter: 1 }),
        of(api, 'answers half', { kind: 'malformed' }),
        of(api, 'does not answer', { kind: 'timeout' }),
        of(api, 'cuts connections', { kind: 'reset' }),
      ])
    : [
        of('Nexudus', 'answers 503', { kind: 'status', status: 503 }),
        of('Nexudus', 'asks to slow down', { kind: 'status', status: 409 }),
        of('Kisi', 'asks to slow down', { kind: 'status', status: 429, retryAfter: 1 }),
        of('Kisi', 'cuts connections', { kind: 'reset' }),
      ];

describe('a worker that starts while an API is down', function () {
  this.timeout(300_000);

  async function newStage(env: Record<string, string> = {}): Promise<{ stage: Stage; lines: () => Line[] }> {
    const temporal = await newTemporal();
    const written: string[] = [];
    const log = createLogger({ level: 'info', to: { write: (line) => void written.push(line) } });
    const stage = await setStage({
      temporal,
      log,
      env: { LATCHKEY_POLL_INTERVAL: '1s', ...env },
      sdkMetricsUrl: metricsUrl(),
    });
    stage.nexudus.switches.rateLimits = null;
    stage.kisi.switches.rateLimit = null;
    return { stage, lines: () => written.map((line) => JSON.parse(line) as Line) };
  }

  for (const { name, api, begin } of outages) {
    it(`says so once, is not ready, and gives keys as soon as it is back: ${name}`, async () => {
      const { stage, lines } = await newStage();
      try {
        buys(stage, 'ann');
        begin(stage);
        const service = await stage.startWorker(hurried());
        const { status, waitsFor } = await ready(service);
        assert.equal(status, 503);
        assert.equal(waitsFor.length, 1);
        assert.match(waitsFor[0] ?? '', new RegExp(`^${api} `));
        await eventually('it leads', async () => (await ready(service)).isLeader);

        stage.nexudus.faults.clear();
        stage.kisi.faults.clear();
        await eventually('the key', () => stage.kisi.org.keysOf('ann@example.com').length === 1);
        await eventually('it is ready', async () => (await ready(service)).status === 200);
        assert.deepEqual((await ready(service)).waitsFor, []);

        const told = lines().filter(({ msg }) => /Latchkey cannot check the space/.test(msg));
        assert.equal(told.length, 1, 'said once');
        assert.equal(told[0]?.level, 'warn');
        assert.match(told[0].msg, new RegExp(`${api} `));
        assert.equal(lines().filter(({ msg }) => /the space is checked/.test(msg)).length, 1);
        const rules = lines().flatMap((line) => ('rules' in line ? [line.rules] : []));
        assert.deepEqual([rules[0], rules.length], [null, 2], 'the start, and what rules there are');
      } finally {
        await stage.stop();
      }
    });
  }

  it('has members say that no rules are known yet, takes nothing away meanwhile, and catches up', async () => {
    const { stage } = await newStage();
    const { nexudus, kisi } = stage;
    try {
      const ann = buys(stage, 'ann');
      const first = await stage.startWorker(hurried());
      await eventually('the key', () => kisi.org.keysOf('ann@example.com').length === 1);
      await first.stop();
      kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
      nexudus.space.suspend(ann);
      const { client } = await stage.startWorker(hurried());
      const member = client.workflow.getHandle(memberWorkflowId(ann));
      await member.signal(membershipChanged, { reason: 'changed' });
      await eventually('it says so', async () => {
        const { waitingFor } = await member.query(stateQuery);
        return /^The space could not be checked.*: Kisi answered 503/.test(waitingFor?.what ?? '');
      });
      assert.equal(kisi.org.keysOf('ann@example.com').length, 1);
      kisi.faults.clear();
      await eventually('the key is gone', () => kisi.org.keysOf('ann@example.com').length === 0);
    } finally {
      await stage.stop();
    }
  });

  it('does so too where nothing listens at the address of an API yet', async () => {
    const port = await newPort();
    const { stage } = await newStage({ KISI_BASE_URL: `http://127.0.0.1:${port}` });
    const { port: kisiPort } = new URL(stage.kisi.url);
    const door = createServer((socket) => {
      const inside = connect(Number(kisiPort), '127.0.0.1');
      for (const one of [socket, inside]) one.on('error', () => undefined);
      socket.pipe(inside).pipe(socket);
      socket.on('close', () => inside.destroy());
    });
    try {
      buys(stage, 'ann');
      const service = await stage.startWorker(hurried());
      assert.match((await ready(service)).waitsFor[0] ?? '', /^Kisi gave no answer \(ECONNREFUSED\)/);
      door.listen(port, '127.0.0.1');
      await eventually('the key', () => stage.kisi.org.keysOf('ann@example.com').length === 1);
      await eventually('it is ready', async () => (await ready(service)).status === 200);
    } finally {
      await stage.stop();
      door.close();
    }
  });
});

interface Line {
  level: string;
  msg: string;
  rules?: string | null;
}

function buys({ nexudus, ids }: Stage, name: string): number {
  const { Id } = nexudus.space.addCoworker({ Email: `${name}@example.com`, InvoicingBusinessId: ids.rome });
  nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
  return Id;
}

async function ready({
  healthPort,
}: Service): Promise<{ status: number; waitsFor: string[]; isLeader: boolean }> {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
  return {
    status: answer.status,
    ...((await answer.json()) as { waitsFor: string[]; isLeader: boolean }),
  };
}
