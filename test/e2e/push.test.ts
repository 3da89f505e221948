/** Webhooks of Nexudus: a key without waiting for the poll. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { latchkeyDone } from '../client/cli.js';
import { eventually, startSpace, type RunningSpace } from '../support/space.js';

const secret = 'shared secret';

describe('a webhook of Nexudus', () => {
  let space: RunningSpace;

  before(async () => {
    space = await startSpace(
      ({ nexudus, ids }) => {
        const RootLocationId = nexudus.space.addBusiness({ Name: 'Both cities' }).Id;
        for (const id of [ids.rome, ids.newYork]) nexudus.space.update('businesses', id, { RootLocationId });
      },
      { LATCHKEY_POLL_INTERVAL: '7d', LATCHKEY_PUSH_PORT: '0', NEXUDUS_WEBHOOK_SECRET: secret },
    );
    await eventually('a first poll', async () => {
      const query = `WorkflowType = 'poll' AND ExecutionStatus = 'Completed'`;
      return (await space.service.client.workflow.count(query)).count > 0;
    });
    space.nexudus.switches.hookSecret = secret;
    await latchkeyDone({ ...space.env, LATCHKEY_PUSH_URL: address() }, 'hooks', 'install');
  });
  after(async () => {
    await space.stop();
  });

  const address = (): string => `http://127.0.0.1:${space.service.pushPort ?? 0}`;

  async function push(event: string, record: object): Promise<number> {
    const body = JSON.stringify([record]);
    const signature = createHmac('sha256', secret).update(body).digest('hex').toUpperCase();
    const headers = { 'Content-Type': 'application/json', 'X-Nexudus-Hook-Signature': signature };
    return (await fetch(`${address()}/nexudus/${event}`, { method: 'POST', body, headers })).status;
  }
  const keysOf = (email: string): number => space.kisi.org.keysOf(email).length;

  it('has the pass of one who joins become a key, and its end become none', async () => {
    const { nexudus, ids } = space;
    const [Email, FullName] = ['ada@example.com', 'Ada Lovelace-Müller'];
    const coworker = nexudus.space.addCoworker({ Email, FullName, InvoicingBusinessId: ids.rome });
    const type = { TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome };
    const pass = nexudus.space.addPass({ CoworkerId: coworker.Id, ...type });
    await eventually('her key', () => keysOf(Email) === 1);
    nexudus.space.update('coworkertimepasses', pass.Id, { ExpireDate: '2021-01-01T00:00:00Z' });
    await eventually('no key', () => keysOf(Email) === 0);
  });

  it('has the poll look where it does not say whom it is about', async () => {
    const { nexudus, ids } = space;
    for (const { Id } of nexudus.space.list('webhooks')) nexudus.space.remove('webhooks', Id);
    const Email = 'ben@example.com';
    const coworker = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({
      CoworkerId: coworker.Id,
      TimePassId: ids.passTypes.romeDay,
      BusinessId: ids.rome,
    });
    assert.equal(await push('tariff', { Id: 1 }), 200);
    await eventually('his key', () => keysOf(Email) === 1);
  });
});
