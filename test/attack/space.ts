/** A space as it runs in production: a worker, and a listener apart; between them and both APIs a wire that can be cut. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, Connection } from '@temporalio/client';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { buildTwoCities, environmentOf, type TwoCities } from '../../simulators/two-cities.js';
import { connectClient } from '../../worker/temporal.js';
import { latchkeyDone, scratch } from '../client/cli.js';
import { newTemporal } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';
import { startWire, type Wire } from './wire.js';

/** The secret that Nexudus signs webhooks with. */
export const hookSecret = 'what Nexudus signs webhooks with';

/** Somebody in the space, and whether there should be a key. */
export interface Person {
  id: number;
  email: string;
  hasKey: boolean;
}

export interface AttackedSpace {
  nexudus: NexudusSimulator;
  kisi: KisiSimulator;
  ids: TwoCities;
  client: Client;
  connection: Connection;
  namespace: string;
  /** Between Latchkey and each API. */
  wires: { nexudus: Wire; kisi: Wire };
  worker: WorkerProcess;
  listener: WorkerProcess;
  /** Where pushes come in. */
  pushUrl: string;
  /** What a command of the CLI must find in its environment to reach this space, past the wires. */
  env: Record<string, string>;
  people: Person[];
  /** Somebody joins and buys a day pass. Nexudus sends a webhook. */
  buys(): Person;
  suspends(person: Person): void;
  /** What is wrong: somebody's key that should not be there, or is missing; a key by hand that is gone; a second mail. */
  wrongs(): string[];
  close(): Promise<void>;
}

/** Starts the space, with somebody in it who has a key, and a key that a person gave by hand. Both APIs keep their limits. */
export async function startAttackedSpace(): Promise<AttackedSpace> {
  const temporal = await newTemporal();
  const { client, connection } = await connectClient(temporal);
  const nexudus = await startNexudusSimulator();
  const kisi = await startKisiSimulator();
  const ids = buildTwoCities(nexudus, kisi);
  const wires = { nexudus: await startWire(nexudus.url), kisi: await startWire(kisi.url) };
  const folder = scratch();
  const file = join(folder.path, 'latchkey.yaml');
  writeFileSync(file, '');
  const env = {
    ...environmentOf(nexudus, kisi),
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    LATCHKEY_DATABASE_URL: `file:${folder.path}/latchkey.db`,
    LATCHKEY_CONFIG: file,
    NEXUDUS_WEBHOOK_SECRET: hookSecret,
  };
  const byWire = { ...env, NEXUDUS_BASE_URL: wires.nexudus.url, KISI_BASE_URL: wires.kisi.url };
  const byHand = kisi.org.addUser({ email: 'by-hand@example.com' });
  kisi.org.grantByHand({ userId: byHand.id, groupId: ids.groups.romeOffice });

  const worker = startWorkerProcess(folder.path, byWire);
  await eventually('it leads', async () => (await worker.readiness())?.isLeader === true, 60_000);
  const listener = startWorkerProcess(folder.path, { ...byWire, LATCHKEY_PUSH_PORT: '0' }, 'listen');
  const port = (): number | undefined => {
    const line = listener.log().find(({ msg }) => msg === 'latchkey listens');
    return line?.['pushPort'] as number | undefined;
  };
  await eventually('it listens', () => port() !== undefined, 60_000);
  const pushUrl = `http://127.0.0.1:${port() ?? 0}`;
  nexudus.switches.hookSecret = hookSecret;
  await latchkeyDone({ ...env, LATCHKEY_PUSH_URL: pushUrl }, 'hooks', 'install');

  const people: Person[] = [];
  return {
    ...{
      nexudus,
      kisi,
      ids,
      client,
      connection,
      namespace: temporal.namespace,
      wires,
      worker,
      listener,
      pushUrl,
      env,
      people,
    },
    buys() {
      const email = `p${people.length}@example.com`;
      const { Id: id } = nexudus.space.addCoworker({ Email: email, InvoicingBusinessId: ids.rome });
      nexudus.space.addPass({ CoworkerId: id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
      const person = { id, email, hasKey: true };
      people.push(person);
      return person;
    },
    suspends(person) {
      nexudus.space.suspend(person.id);
      person.hasKey = false;
    },
    wrongs() {
      const { org, mails } = kisi;
      const keys = people.flatMap(({ id, email, hasKey }) => {
        const held = org.keysOf(email);
        const wanted = hasKey ? [ids.groups.romeDay] : [];
        return String(held) === String(wanted)
          ? []
          : [`member ${id} holds [${String(held)}], not [${String(wanted)}]`];
      });
      const isKept = String(org.keysOf(byHand.email)) === String([ids.groups.romeOffice]);
      const to = mails.map((mail) => mail.to);
      return [
        ...keys,
        ...(isKept ? [] : ['the key that a person gave by hand is gone']),
        ...(new Set(to).size === to.length ? [] : ['somebody got a second mail']),
      ];
    },
    async close() {
      await listener.stop();
      await worker.stop();
      await connection.close();
      for (const wire of Object.values(wires)) await wire.close();
      await nexudus.stop();
      await kisi.stop();
      folder.remove();
    },
  };
}
