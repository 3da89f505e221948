import assert from 'node:assert/strict';
import type { Stage } from '../../../client/stage.js';
import { createNexudusClient } from '../../../nexudus/client.js';
import { createHook, readHookState } from '../../../nexudus/webhooks.js';
import { noPace } from '../../nexudus/stub.js';
import { hookSecret } from './values.js';

const eventKey = 'a signature key of Kisi';

/** What a worker must be told to take pushes in. */
export const pushEnv = {
  LATCHKEY_PUSH_PORT: '0',
  NEXUDUS_WEBHOOK_SECRET: hookSecret,
  KISI_WEBHOOK_KEY: eventKey,
};

/** Webhooks are of one network of locations. */
export function joinLocations({ nexudus, ids }: Stage): void {
  const RootLocationId = nexudus.space.addBusiness({ Name: 'Both cities' }).Id;
  for (const id of [ids.rome, ids.newYork]) nexudus.space.update('businesses', id, { RootLocationId });
}

/** Has both APIs tell the worker at this port of every change from now on. */
export async function tellOfChanges({ config, kisi }: Stage, port: number | null): Promise<void> {
  assert.ok(port !== null);
  const address = `http://127.0.0.1:${port}`;
  const nexudus = createNexudusClient({ ...config.nexudus, pace: noPace() });
  for (const purpose of (await readHookState(nexudus, address)).missing)
    await createHook(nexudus, purpose, address);
  const { status } = await fetch(`${kisi.url}/integrations`, {
    method: 'POST',
    headers: { Authorization: `KISI-LOGIN ${config.kisi.apiKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      integration: {
        ...{ name: 'Latchkey', type: 'event_webhook', url: `${address}/kisi/events` },
        signature_key: eventKey,
      },
    }),
  });
  assert.equal(status, 200);
}

/** Every call of Nexudus was taken in. Nexudus calls only for locations that the webhooks of a network cover. */
export async function assertTaken({ nexudus }: Stage): Promise<void> {
  await nexudus.hooksSent();
  const hooks = nexudus.space.list('webhooks');
  assert.deepEqual(
    hooks.filter(({ ErrorCount }) => ErrorCount > 0).map(({ LastError }) => LastError),
    [],
  );
  assert.equal(
    hooks.some(({ LastTrigger }) => LastTrigger !== null),
    nexudus.switches.hooksCoverNetworks,
  );
}
