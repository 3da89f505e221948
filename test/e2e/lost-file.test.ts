/** The file of the audit log, deleted and put back while a worker runs: nothing is written meanwhile, and it goes on by itself. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFacts } from '../../monitoring/facts.js';
import { alertsOf } from '../../monitoring/alerts.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('a worker whose audit log is deleted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-lost-'));
  const path = join(folder, 'latchkey.db');
  let space: RunningSpace;
  before(async () => {
    space = await startSpace(() => undefined, { LATCHKEY_DATABASE_URL: `file:${path}` }, 'none', undefined, {
      everyMs: 200,
    });
  });
  after(async () => {
    await space.stop();
    rmSync(folder, { recursive: true });
  });

  function joins(name: string): number {
    const { nexudus, ids } = space;
    const CoworkerId = nexudus.space.addCoworker({
      Email: `${name}@example.com`,
      InvoicingBusinessId: ids.rome,
    }).Id;
    nexudus.space.addPass({ CoworkerId, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    return CoworkerId;
  }

  const keysOf = (name: string): number => space.kisi.org.keysOf(`${name}@example.com`).length;
  const readiness = async (): Promise<{ status: number; waitsFor: string[] }> => {
    const response = await fetch(`http://127.0.0.1:${space.service.healthPort}/readyz`);
    return { status: response.status, ...((await response.json()) as { waitsFor: string[] }) };
  };
  const causes = async (): Promise<string[]> => {
    const now = Date.now();
    const facts = await readFacts(space.service.client, space.config.taskQueue, now);
    return alertsOf(facts, now).standing.map(({ cause }) => cause);
  };

  it('writes nothing to Kisi, says so everywhere, and goes on once the file is back', async () => {
    joins('ada');
    await eventually('a key', () => keysOf('ada') === 1);
    await eventually('it is ready', async () => (await readiness()).status === 200);
    renameSync(path, join(folder, 'away'));
    const bob = joins('bob');
    await eventually('it waits', async () =>
      /audit log|deleted or moved/i.test(JSON.stringify((await space.view(bob))?.waitingFor ?? '')),
    );
    assert.equal(keysOf('bob'), 0);
    await eventually('it is not ready, and says why', async () => {
      const { status, waitsFor } = await readiness();
      return status === 503 && /latchkey\.db was deleted or moved while Latchkey ran/.test(waitsFor.join());
    });
    await eventually('an alert', async () => (await causes()).includes('auditLog'));
    renameSync(join(folder, 'away'), path);
    await eventually('the key', () => keysOf('bob') === 1);
    await eventually('no alert', async () => !(await causes()).includes('auditLog'));
    await eventually('it is ready again', async () => (await readiness()).status === 200);
  });
});
