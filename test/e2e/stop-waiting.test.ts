/** A worker that stops while its requests wait for their turn: it does not wait for them, and the next worker goes on. */
import assert from 'node:assert/strict';
import { createKisiPacer } from '../../kisi/pace.js';
import { createPacer, type LaneName, type Turns } from '../../nexudus/pace.js';
import type { Paces } from '../../worker/apis.js';
import { shutdown } from '../../worker/member-worker.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

/** Turns that come at once, until they are held: then none comes any more. */
function holdable(): {
  paces: Paces;
  hold: (api: 'nexudus' | 'kisi') => void;
  waiting: (api: 'nexudus' | 'kisi') => number;
} {
  const open = hurried();
  const never = {
    nexudus: createPacer({ minGapMs: 3_600_000 }),
    kisi: createKisiPacer({ most: 1, windowMs: 3_600_000 }),
  };
  const from = { nexudus: open.nexudus, kisi: open.kisi };
  const waiting = { nexudus: 0, kisi: 0 };
  const counted = async (api: keyof typeof waiting, turn: Promise<void>): Promise<void> => {
    waiting[api]++;
    await turn.finally(() => waiting[api]--);
  };
  const nexudus = (lane: LaneName): Turns => ({
    turn: (signal) => counted('nexudus', from.nexudus[lane].turn(signal)),
    pause: () => undefined,
  });
  const kisi = (line: keyof Paces['kisi']): Paces['kisi'][typeof line] => ({
    turn: (requests, signal) => counted('kisi', from.kisi[line].turn(requests, signal)),
    pause: () => undefined,
  });
  return {
    paces: {
      nexudus: {
        members: nexudus('members'),
        groups: nexudus('groups'),
        batches: nexudus('batches'),
        polls: nexudus('polls'),
        reconciliations: nexudus('reconciliations'),
        plan: { untilMs: () => 0, begin: () => undefined, isCalm: () => true },
        sent: () => undefined,
        answered: () => undefined,
      },
      kisi: { urgent: kisi('urgent'), batch: kisi('batch') },
    },
    hold(api) {
      Object.assign(from, { [api]: never[api] });
      void (api === 'nexudus' ? never.nexudus.members : never.kisi.urgent).turn();
    },
    waiting: (api) => waiting[api],
  };
}

describe('a worker that stops while turns are waited for', function () {
  this.timeout(300_000);
  const usual = { ...shutdown };
  let space: RunningSpace;
  before(async () => {
    space = await startSpace();
    await space.service.stop();
    // Else a worker that waits could not be told from a slow machine.
    Object.assign(shutdown, { shutdownGraceTime: '1h', shutdownForceTime: '2h' });
  });
  after(async () => {
    Object.assign(shutdown, usual);
    await space.stop();
  });

  const keysOf = (name: string): number => space.kisi.org.keysOf(`${name}@example.com`).length;
  function joins(name: string): void {
    const { nexudus, ids } = space;
    const { Id } = nexudus.space.addCoworker({
      Email: `${name}@example.com`,
      InvoicingBusinessId: ids.rome,
    });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
  }

  it('stops at once, and the next worker does whatever waited', async () => {
    const { paces, hold, waiting } = holdable();
    const service = await space.startWorker(paces);
    joins('ann');
    await eventually('a key', () => keysOf('ann') === 1);
    hold('kisi');
    joins('ben');
    await eventually('a key waits for its turn', () => waiting('kisi') > 0);
    hold('nexudus');
    await eventually('a poll waits for its turn', () => waiting('nexudus') > 0);
    let isStopped = false;
    void service.stop().then(() => (isStopped = true));
    await eventually('it has stopped', () => isStopped);
    await space.startWorker(hurried());
    await eventually('the key of who waited', () => keysOf('ben') === 1);
    assert.equal(space.kisi.mails.filter(({ to }) => to === 'ben@example.com').length, 1);
  });
});
