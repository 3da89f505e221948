import assert from 'node:assert/strict';
import { readHooks, readHookState } from '../../nexudus/webhooks.js';
import { startStub, type Asked, type Said } from './stub.js';

const base = { UpdatedOn: '2026-11-24T10:00:00Z' };
const full = { ...base, Id: 7, Name: 'Latchkey: access', BusinessId: 1, Action: 61, URL: 'u', Active: true };
const listOf = (...Records: object[]): Said => ({ body: { Records, TotalItems: Records.length } });

describe('the webhooks of ours', () => {
  /** A Nexudus with one location and these webhooks: by list rows, and one in full. */
  async function asked<T>(
    rows: object[],
    record: object,
    read: (client: Awaited<ReturnType<typeof startStub>>['client']) => Promise<T>,
  ): Promise<T> {
    const stub = await startStub(({ path }: Asked) => {
      if (path === '/sys/businesses') return listOf({ ...base, Id: 1, Name: 'Rome' });
      return path === '/sys/webhooks' ? listOf(...rows) : { body: record };
    });
    try {
      return await read(stub.client);
    } finally {
      await stub.stop();
    }
  }

  it('are told by their names, and read in full, since list rows may leave fields out', async () => {
    const rows = [
      { ...base, Id: 7, Name: 'Latchkey: access', URL: 'u' },
      { ...base, Id: 8, Name: 'Accounts', URL: 'u' },
    ];
    const [hook, ...more] = await asked(rows, full, readHooks);
    assert.deepEqual(
      [hook?.id, hook?.event, hook?.active, hook?.errorCount, more.length],
      [7, 'access', true, 0, 0],
    );
  });

  it('are malformed where one, read in full, does not say whether it is on', async () => {
    await assert.rejects(asked([full], { ...full, Active: null }, readHooks), /webhook 7 does not say/);
  });

  it('leave out one for an action that Latchkey does not know', async () => {
    assert.deepEqual(await asked([full], { ...full, Action: 90 }, readHooks), []);
  });

  it('are not missed where Nexudus answers that there is no location', async () => {
    const stub = await startStub(() => listOf());
    try {
      await assert.rejects(readHookState(stub.client, null), /no location was answered/);
    } finally {
      await stub.stop();
    }
  });
});
