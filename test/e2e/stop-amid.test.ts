/** Each stop level, ordered while many keys are being given and taken away. */
import assert from 'node:assert/strict';
import type { KisiTurns } from '../../kisi/pace.js';
import type { StopLevel } from '../../messages/to-control.js';
import { latchkeyDone } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

/** STOP_MEMBERS=60: every level, amid 60 members. By default one level, amid a few. */
const given = process.env['STOP_MEMBERS'];
const count = Number(given ?? 6);
const levels: StopLevel[] = given === undefined ? ['writes'] : ['revokes', 'writes', 'all'];
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Turns at Kisi that come one after another, each once the requests of those before have arrived. */
class HoldableTurns implements KisiTurns {
  /** Whether no turn comes for now. */
  isHeld = (): boolean => false;
  /** How long a turn waits for requests that may have been given up: those never arrive. */
  mostMs = 500;
  private last: Promise<void> = Promise.resolve();
  /** How many requests will have arrived once those of all turns so far have. */
  private due = { arrived: 0, at: 0 };

  /** `arrived`: how many requests Kisi has got. */
  constructor(private readonly arrived: () => number) {}

  async turn(requests = 1, signal?: AbortSignal): Promise<void> {
    this.last = this.last.then(() => this.next(requests));
    await this.last;
    signal?.throwIfAborted();
  }

  pause(): void {
    // Kisi asks nobody to slow down here.
  }

  private async next(requests: number): Promise<void> {
    do await wait(10);
    while (this.isHeld() || this.isUnderWay());
    this.due = { arrived: this.arrived() + requests, at: Date.now() };
  }

  /** Whether a request of the last turn has yet to arrive. */
  private isUnderWay(): boolean {
    return this.arrived() < this.due.arrived && Date.now() - this.due.at < this.mostMs;
  }
}

describe(`a stop amid ${count} members who come and ${count} who go`, function () {
  this.timeout(480_000 + 2_000 * count);
  let space: RunningSpace;
  let turns: HoldableTurns;
  let joined = 0;
  /** Writes before the level that is tried. */
  let earlier: Record<string, number> = {};
  let passes: number[] = [];

  before(async () => {
    // All who go do so at once: the guard must let that many go.
    space = await startSpace(undefined, {}, 'none', 'policies: { guardPeople: 1000 }');
    await space.service.stop();
    turns = new HoldableTurns(() => space.kisi.requests.count());
    await space.startWorker({ ...hurried(), kisi: { urgent: turns, batch: turns } });
    passes = manyJoin();
    await eventually('their keys', () => keys() === count);
  });
  after(async () => {
    await space.stop();
  });

  const keys = (): number => space.kisi.org.assignments().length;
  /** Writes that change a key or make a Kisi user, by method. */
  const writes = (method: string): number => space.kisi.requests.count({ method }) - (earlier[method] ?? 0);
  const mails = (): number => space.kisi.mails.length;

  /** Answers the ids of their passes. */
  function manyJoin(): number[] {
    const { nexudus, ids } = space;
    const made: number[] = [];
    for (let i = 0; i < count; i++) {
      const Email = `stop${joined++}@example.com`;
      const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
      const pass = { CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome };
      made.push(nexudus.space.addPass(pass).Id);
    }
    return made;
  }

  const order = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);

  /** No write for a while: nothing is under way. */
  async function rest(): Promise<void> {
    let before = -1;
    await eventually('rest', async () => {
      const now = writes('POST') + writes('DELETE') + writes('PATCH');
      const rests = now === before;
      before = now;
      if (!rests) await wait(1_500);
      return rests;
    });
  }

  for (const level of levels) {
    it(`blocks just what \`pause ${level}\` says, and catches up without doing anything twice`, async () => {
      const { kisi, nexudus } = space;
      earlier = {
        POST: kisi.requests.count({ method: 'POST' }),
        DELETE: kisi.requests.count({ method: 'DELETE' }),
      };
      const mailsBefore = mails();
      const leaving = passes;
      for (const id of leaving)
        nexudus.space.update('coworkertimepasses', id, { ExpireDate: '2021-01-01T00:00:00Z' });
      passes = manyJoin();
      // No more writes are sent until the order is given, so that it comes amid them.
      turns.mostMs = 60_000;
      turns.isHeld = () => writes('DELETE') > 0;
      await eventually('the first has gone', () => writes('DELETE') > 0);
      await order('pause', level, '--by', 'Mia');
      turns.mostMs = 500;
      turns.isHeld = () => false;
      await rest();
      const stopped = [writes('DELETE'), level === 'revokes' ? 0 : writes('POST')];
      await order('resync', '--all');
      await rest();
      assert.deepEqual([writes('DELETE'), level === 'revokes' ? 0 : writes('POST')], stopped);
      assert.ok(writes('DELETE') < count, 'it came in time to hold some back');
      if (level === 'revokes')
        await eventually('all who come have a key', () => keys() === 2 * count - writes('DELETE'));

      await order('resume');
      await eventually('as it should be', () => keys() === count && writes('DELETE') === count);
      await rest();
      assert.deepEqual([writes('DELETE'), mails() - mailsBefore, keys()], [count, count, count]);
      // A Kisi user and a key each.
      assert.equal(writes('POST'), 2 * count);
    });
  }
});
