/** What is tried on a space, one after the other. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { controlWorkflowId } from '../../messages/to-control.js';
import { driftWorkflowId } from '../../messages/to-drift.js';
import { memberWorkflowId } from '../../messages/to-member.js';
import { latchkeyDone } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { hookSecret, type AttackedSpace } from './space.js';
import type { Meddling } from './wire.js';

export interface Attack {
  name: string;
  /** What must hold of the attack itself is asserted here; what must hold after any is the runner's. */
  run: (space: AttackedSpace) => Promise<void>;
}

/** All of them. */
export const attacks: readonly Attack[] = [
  {
    name: 'forged calls of 255 KB, 34 a second',
    async run(space) {
      const body = JSON.stringify([{ Id: 1, Note: 'ü'.repeat(130_000) }]);
      const headers = { 'X-Nexudus-Hook-Signature': 'A'.repeat(64) };
      const statuses = new Set<number>();
      await spread(34, 10_000, async () => {
        statuses.add(await post(space, 'coworker', body, headers));
      });
      assert.ok(
        [...statuses].every((status) => [0, 401, 413, 429].includes(status)),
        [...statuses].join(),
      );
    },
  },
  {
    name: '1,170 connections that say nothing',
    run: (space) => withSockets(space, 1_170, () => sleep(8_000)),
  },
  {
    name: '300 calls whose headers come a byte a second',
    run: (space) =>
      withSockets(space, 300, async (sockets) => {
        const text = 'POST /nexudus/coworker HTTP/1.1\r\nHost: x\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaa';
        for (const char of text.slice(0, 10)) {
          for (const one of sockets) one.write(char);
          await sleep(1_000);
        }
      }),
  },
  {
    name: '300 calls whose bodies come a byte a second',
    run: (space) =>
      withSockets(space, 300, async (sockets) => {
        const head =
          'POST /nexudus/coworker HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
          `X-Nexudus-Hook-Signature: ${'A'.repeat(64)}\r\nContent-Length: 100\r\n\r\n`;
        for (const one of sockets) one.write(head);
        for (let i = 0; i < 10; i++) {
          for (const one of sockets) one.write('[');
          await sleep(1_000);
        }
      }),
  },
  {
    name: 'a signed call with 400 ids that nobody knows',
    run: (space) => tellOfStrangers(space, 400),
  },
  { name: 'a signed call with 36,000 ids that nobody knows', run: (space) => tellOfStrangers(space, 36_000) },
  {
    name: 'signed calls of odd events, ids and shapes',
    async run(space) {
      const odd = [
        '[]',
        '{}',
        'null',
        '[null]',
        '1',
        '""',
        '[[[[[[[[{"Id":1}]]]]]]]]',
        '{"Id":-1}',
        '{"Id":1e300}',
        '{"Id":"1; drop"}',
        '{"__proto__":{"Id":1}}',
        '{"Id":9007199254740993}',
        '\u0000',
        '{"Id":1',
        '[' + '{"CoworkerId":0},'.repeat(999) + '{}]',
      ];
      for (const body of odd)
        for (const event of ['coworker', 'nonsense', '..%2f..%2fadmin', 'coworker%00'])
          await post(space, event, body, signed(body));
    },
  },
  ...(['nexudus', 'kisi'] as const).flatMap((api) => networkAttacks(api)),
  {
    name: 'a key that Kisi gives only when the member is suspended already',
    async run(space) {
      const { kisi } = space.wires;
      let holds = 1;
      kisi.meddle = (method, path) =>
        method === 'POST' && path.includes('role_assignments') && holds-- > 0 ? { kind: 'hold' } : null;
      const person = space.buys();
      await eventually('the write that is held', () => holds === 0);
      space.suspends(person);
      await sleep(1_000);
      assert.equal(await kisi.letGo(), 1);
    },
  },
  {
    name: 'a key that Kisi takes away only when the member has it again',
    async run(space) {
      const { kisi } = space.wires;
      const person = space.buys();
      await eventually('a key', () => space.wrongs().length === 0);
      let holds = 1;
      kisi.meddle = (method) => (method === 'DELETE' && holds-- > 0 ? { kind: 'hold' } : null);
      space.suspends(person);
      await eventually('the write that is held', () => holds <= 0);
      space.nexudus.space.update('coworkers', person.id, { Active: true });
      space.nexudus.space.tick();
      person.hasKey = true;
      await eventually('the key again', () => space.wrongs().length === 0);
      await kisi.letGo();
    },
  },
  {
    name: 'messages to every workflow without or with absurd arguments',
    async run(space) {
      const [person = space.buys()] = space.people;
      await eventually('a key', () => space.wrongs().length === 0);
      const ids = [memberWorkflowId(person.id), controlWorkflowId, driftWorkflowId];
      const names = [
        ...['membershipChanged', 'resync', 'freezeGroup', 'inheritKeys', 'noteHoldings', 'weigh', 'nonsense'],
        ...['pause', 'resume', 'mode', 'except', 'withdraw', 'planPart', 'compareNow', 'rule'],
      ];
      const absurd: unknown[][] = [[], [null], [0], ['x'], [[]], [{}], [{ groupId: 'x', ledger: [{}] }]];
      for (const id of ids)
        for (const name of names)
          for (const args of absurd) {
            const handle = space.client.workflow.getHandle(id);
            await handle.signal(name, ...args);
          }
    },
  },
  {
    name: 'a block while neither API answers a read',
    async run(space) {
      const person = space.buys();
      await eventually('a key', () => space.wrongs().length === 0);
      const down: Meddling = { kind: 'refuse', status: 503 };
      space.wires.nexudus.meddle = () => down;
      space.wires.kisi.meddle = (method) => (method === 'GET' ? down : null);
      await latchkeyDone(
        {
          ...space.env,
          NEXUDUS_BASE_URL: space.wires.nexudus.url,
          KISI_BASE_URL: space.wires.kisi.url,
        },
        ...[
          'block',
          String(person.id),
          '--until',
          '2099-01-01T00:00Z',
          '--reason',
          'lost phone',
          '--by',
          'jo',
        ],
      );
      person.hasKey = false;
      await eventually('no key', () => space.wrongs().length === 0);
    },
  },
];

/** What a hostile network does to the answers of an API. */
function networkAttacks(api: 'nexudus' | 'kisi'): Attack[] {
  const of = { nexudus: 'Nexudus', kisi: 'Kisi' }[api];
  const attack = (name: string, doing: Meddling, forMs: number): Attack => ({
    name,
    run: (space) => amid(space, api, () => doing, forMs),
  });
  const page = '<html>not here</html>';
  return [
    attack(`answers of ${of} that come a byte a second`, { kind: 'trickle' }, 12_000),
    attack(`no answer of ${of}`, { kind: 'silence' }, 12_000),
    attack(`answers of ${of} that unpack to 256 MB`, { kind: 'bomb' }, 5_000),
    attack(
      `redirects of ${of} to another address`,
      { kind: 'elsewhere', location: 'http://127.0.0.1:1/' },
      3_000,
    ),
    attack(
      `a 404 for everything of ${of}, as a gateway says it`,
      { kind: 'refuse', status: 404, body: page },
      3_000,
    ),
    attack(
      `a clock of ${of} that is six hours ahead for eight seconds`,
      { kind: 'clock', byMs: 6 * 3_600_000 },
      8_000,
    ),
    attack(
      `a clock of ${of} that is six days behind for eight seconds`,
      { kind: 'clock', byMs: -6 * 24 * 3_600_000 },
      8_000,
    ),
  ];
}

/** Runs something `perS` times a second, for `forMs`; waits for all of it. */
async function spread(perS: number, forMs: number, run: () => Promise<void>): Promise<void> {
  const all: Promise<void>[] = [];
  const endsAt = Date.now() + forMs;
  while (Date.now() < endsAt) {
    all.push(run());
    await sleep(1_000 / perS);
  }
  await Promise.all(all);
}

const signed = (body: string): Record<string, string> => ({
  'X-Nexudus-Hook-Signature': createHmac('sha256', hookSecret).update(body).digest('hex').toUpperCase(),
});

/** Calls as Nexudus does. Answers the status; 0: the call was cut off. */
async function post(
  { pushUrl }: AttackedSpace,
  event: string,
  body: string,
  headers: Record<string, string>,
): Promise<number> {
  const all = { 'Content-Type': 'application/json', ...headers };
  const answer = fetch(`${pushUrl}/nexudus/${event}`, { method: 'POST', body, headers: all });
  return answer.then(
    async (one) => {
      await one.arrayBuffer();
      return one.status;
    },
    () => 0,
  );
}

async function tellOfStrangers(space: AttackedSpace, count: number): Promise<void> {
  const body = JSON.stringify(Array.from({ length: count }, (_, i) => ({ CoworkerId: 700_000 + i })));
  await post(space, 'contract', body, signed(body));
}

/** Opens `count` connections to where pushes come in, and closes them after `run`. */
async function withSockets(
  { pushUrl }: AttackedSpace,
  count: number,
  run: (sockets: Socket[]) => Promise<void>,
): Promise<void> {
  const { hostname, port } = new URL(pushUrl);
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    return socket;
  });
  try {
    await run(sockets);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Meddles with an API's answers for `forMs`, while somebody buys a pass and all are looked at. */
async function amid(
  space: AttackedSpace,
  api: 'nexudus' | 'kisi',
  doing: () => Meddling,
  forMs: number,
): Promise<void> {
  const wire = space.wires[api];
  const before = wire.meddled;
  wire.meddle = doing;
  space.buys();
  const [first] = space.people;
  if (first !== undefined) await space.client.workflow.getHandle(memberWorkflowId(first.id)).signal('resync');
  await sleep(forMs);
  wire.meddle = null;
  assert.ok(wire.meddled > before, 'nothing was asked meanwhile');
}
