import assert from 'node:assert/strict';
import { readingRules } from '../../access/pass-rules.js';
import { OutOfTimeError, within } from '../../lib/within.js';
import { eventually } from '../support/eventually.js';
import type { NexudusClient } from '../../nexudus/client.js';
import { isNexudusError } from '../../nexudus/errors.js';
import { createReader, type MemberRead, type MemberRequest } from '../../nexudus/reader.js';
import { idsOf, noon, requestFor, standsOn, startBench, type Bench } from './space.js';

describe('reading many members', () => {
  let bench: Bench;
  let space: Bench['space'];
  beforeEach(async () => {
    bench = await startBench();
    space = bench.space;
  });
  afterEach(() => bench.stop());

  /** Members with a plan, a contract and its pass each. */
  function planMembers(count: number): number[] {
    const plan = space.addTariff();
    const type = space.addTimePass();
    space.addTariffTimePass({ TariffId: plan.Id, TimePassId: type.Id });
    return Array.from({ length: count }, () => {
      const { Id } = space.addCoworker();
      space.renew(space.addContract({ CoworkerId: Id, TariffId: plan.Id }).Id);
      return Id;
    });
  }

  const readAll = (ids: number[], more: Partial<MemberRequest> = {}): Promise<MemberRead[]> =>
    Promise.all(ids.map((id) => bench.reader.readMember(requestFor(id, more))));

  it('costs at most 15 requests for a thousand that wake at once', async () => {
    const ids = planMembers(1_000);
    const reads = await readAll(ids);
    assert.deepEqual(
      reads.map(({ snapshot }) => snapshot?.profiles[0]?.member.id),
      ids,
    );
    assert.ok(reads.every(({ snapshot }) => snapshot?.profiles[0]?.passes.length === 1));
    assert.ok(reads.every(({ snapshot }) => snapshot?.profiles[0]?.contracts.length === 1));
    assert.ok(bench.asked() <= 15, `${bench.asked()} requests`);
  });

  it('tells of each member what a read of that member alone tells', async () => {
    const [one = 0, two = 0, three = 0, four = 0] = planMembers(4);
    const [contract] = space.list('coworkercontracts');
    assert.ok(contract);
    const pause = { PauseFrom: '2026-12-01T00:00:00Z', PauseUntil: '2027-01-01T00:00:00Z' };
    space.addPausedPeriod({ CoworkerContractId: contract.Id, ...pause });
    space.addTeam({ ShareTimePasses: true, PayingMemberId: one, TeamMembers: [one, two] });
    space.update('coworkers', three, { Email: 'Ann@example.com' });
    space.update('coworkers', four, { Email: 'ann@example.com' });
    const ids = [one, two, three, four];
    const together = await readAll(ids);
    const alone: MemberRead[] = [];
    for (const id of ids) {
      const reader = createReader({
        ...bench,
        readingRules,
        now: () => noon,
        baselines: () => Promise.resolve(null),
      });
      alone.push(await reader.readMember(requestFor(id)));
    }
    assert.deepEqual(together, alone);
    assert.equal(together[1]?.snapshot?.profiles[0]?.loans[0]?.payer.id, one);
    assert.equal(together[2]?.snapshot?.profiles.length, 2);
  });

  for (const teamCoworkerIds of [true, false]) {
    it(`finds who borrows passes where team rows ${teamCoworkerIds ? '' : 'do not '}name their members`, async () => {
      bench.simulator.switches.teamCoworkerIds = teamCoworkerIds;
      const [payer = 0, ...others] = planMembers(5);
      space.addTeam({ ShareTimePasses: true, PayingMemberId: payer, TeamMembers: [payer, ...others] });
      const reads = await readAll(others);
      assert.ok(reads.every(({ snapshot }) => snapshot?.profiles[0]?.loans[0]?.passes.length === 1));
    });
  }

  it('sees passes that were used lately, and looks an older one up where a key stands on it', async () => {
    const ids = planMembers(5);
    const passes = space.list('coworkertimepasses');
    for (const { Id } of passes) space.usePass(Id);
    const [old, unheld] = passes;
    assert.ok(old && unheld);
    const UpdatedOn = '2026-11-20T00:00:00Z';
    for (const { Id } of [old, unheld]) space.update('coworkertimepasses', Id, { UpdatedOn });
    const reads = await readAll(ids, { standsOn: [standsOn(old)] });
    const counts = reads.map(({ snapshot }) => snapshot?.profiles[0]?.passes.length);
    assert.deepEqual(counts, [1, 0, 1, 1, 1]);
    assert.deepEqual(
      reads.flatMap(({ doubts }) => doubts),
      [],
    );
  });

  it('takes a profile that the list misses for gone only after a 404', async () => {
    const ids = planMembers(5);
    bench.baselines = { coworkers: { count: 5, at: noon } };
    bench.simulator.faults.add({ match: 'coworkers\\?page=', kind: 'empty', times: 1 });
    const reads = await readAll(ids);
    assert.deepEqual(
      reads.map(({ gone, snapshot }) => [gone, snapshot?.profiles[0]?.member.id]),
      ids.map((id) => [false, id]),
    );
  });

  it('fails all who wait for it together, and keeps nothing of it', async () => {
    const ids = planMembers(6);
    bench.simulator.faults.add({ match: '/api/billing/coworkertimepasses', kind: 'truncated', times: 1 });
    const ends = await Promise.allSettled(ids.map((id) => bench.reader.readMember(requestFor(id))));
    for (const end of ends) assert.ok(end.status === 'rejected' && isNexudusError(end.reason, 'incomplete'));
    assert.equal((await readAll(ids)).length, 6);
  });

  it('leaves out only a member with a malformed contract, and those who borrow that member’s passes', async () => {
    const [broken = 0, borrower = 0, ...others] = planMembers(8);
    const contract = space.list('coworkercontracts').find(({ CoworkerId }) => CoworkerId === broken);
    assert.ok(contract);
    space.update('coworkercontracts', contract.Id, { StartDate: 'soon' });
    const lends = { ShareTimePasses: true, PayingMemberId: broken };
    space.addTeam({ ...lends, TeamMembers: [broken, borrower] });
    const ids = [broken, borrower, ...others];
    const ends = await Promise.allSettled(ids.map((id) => bench.reader.readMember(requestFor(id))));
    for (const [index, end] of ends.entries()) {
      if (index > 1) assert.equal(end.status, 'fulfilled');
      else assert.ok(end.status === 'rejected' && isNexudusError(end.reason, 'malformed'));
    }
  });

  it('serves members who come later from the same read, as long as that is fresh enough for them', async () => {
    const ids = planMembers(6);
    await readAll(ids);
    const asked = bench.asked();
    bench.clock.now += 30_000;
    await readAll(ids, { notBefore: noon, reference: 'kept' });
    assert.equal(bench.asked(), asked);
    const [late] = await readAll(ids.slice(0, 1), { notBefore: noon + 1 });
    assert.equal(late?.snapshot?.readAt, noon + 30_000);
    assert.ok(bench.asked() > asked);
  });

  it('keeps the read for five minutes and no longer', async () => {
    const ids = planMembers(6);
    await readAll(ids);
    const asked = bench.asked();
    bench.clock.now += 300_000;
    const [read] = await readAll(ids.slice(0, 1), { notBefore: noon });
    assert.equal(read?.snapshot?.readAt, noon + 300_000);
    assert.ok(bench.asked() > asked);
  });

  /** Has the next request to such an address wait until the simulator is told to let it go on. */
  const hang = (match: string): void => {
    bench.simulator.faults.add({ match, kind: 'slow', times: 1 });
  };
  const letGo = (): Promise<void> => bench.simulator.faults.release();
  const isAsked = (path: string): Promise<void> =>
    eventually(`${path} is asked`, () => bench.asked(path) > 0, 45_000, 5);
  /** Longer than readers gather here. */
  const gathered = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

  it('never reads everything twice at once: a member that needs a newer read waits for the next', async () => {
    const ids = planMembers(12);
    hang('coworkercontracts');
    const first = readAll(ids.slice(0, 6));
    await isAsked('/coworkercontracts');
    bench.clock.now += 1_000;
    let firstEnded = false;
    void first.then(() => (firstEnded = true));
    const later = readAll(ids.slice(6), { notBefore: noon + 1_000 });
    await gathered();
    assert.equal(bench.asked('/coworkercontracts'), 1);
    await letGo();
    const second = await later;
    assert.ok(firstEnded);
    assert.ok(second.every(({ snapshot }) => snapshot?.readAt === noon + 1_000));
    assert.equal(bench.asked('/coworkercontracts'), 2);
  });

  it('reads nothing anew for members who come during a read that is fresh enough for their wake', async () => {
    const ids = planMembers(12);
    hang('coworkercontracts');
    const first = readAll(ids.slice(0, 6));
    await isAsked('/coworkercontracts');
    const others = readAll(ids.slice(6));
    await gathered();
    await letGo();
    await Promise.all([first, others]);
    assert.equal(bench.asked('/coworkercontracts'), 1);
  });

  it('reads a single member beside a read for a crowd, not after it', async () => {
    const [single = 0, ...crowd] = planMembers(12);
    hang('coworkercontracts');
    let crowdIsRead = false;
    const forAll = readAll(crowd, { isBatch: true }).then(() => (crowdIsRead = true));
    await isAsked('/coworkercontracts');
    const [read] = await readAll([single]);
    assert.equal(read?.snapshot?.profiles[0]?.contracts.length, 1);
    assert.equal(crowdIsRead, false);
    await letGo();
    await forAll;
    assert.equal(bench.asked('/coworkercontracts'), 2);
  });

  it('takes no key of a pass whose owner joins the person amid the read', async () => {
    const [ann = 0, joins = 0, other = 0] = planMembers(12);
    const [pass] = space.list('coworkertimepasses').filter(({ CoworkerId }) => CoworkerId === joins);
    assert.ok(pass);
    hang('coworkertimepasses');
    const read = readAll([ann, other], { isBatch: true, standsOn: [standsOn(pass)] });
    await isAsked('coworkertimepasses');
    space.update('coworkers', joins, { Email: space.get('coworkers', ann)?.Email ?? '' });
    await letGo();
    const [ofAnn, ofOther] = await read;
    assert.deepEqual(
      [ofAnn?.snapshot?.profiles.length, ofAnn?.doubts.map(({ passId }) => passId)],
      [1, [pass.Id]],
    );
    assert.deepEqual(ofOther?.doubts, []);
  });

  it('reads a single member directly, however long one of a crowd takes', async () => {
    const [single = 0, ofCrowd = 0] = planMembers(12);
    hang(`/coworkers/${ofCrowd}`);
    const slow = readAll([ofCrowd], { isBatch: true });
    await isAsked(`/coworkers/${ofCrowd}`);
    await readAll([single]);
    assert.equal(bench.asked(`/coworkers/${single}`), 1);
    await letGo();
    await slow;
  });

  it('reads everything in the lane that somebody waits for, where somebody waits for one of the members', async () => {
    const ids = planMembers(12);
    const asked = { group: 0, crowd: 0 };
    const counting = (line: keyof typeof asked): NexudusClient => ({
      ...bench.client,
      listSparing: (name, filters) => {
        asked[line]++;
        return bench.client.listSparing(name, filters);
      },
    });
    const readerOf = () =>
      createReader({
        client: bench.client,
        clientForGroups: counting('group'),
        clientForBatches: counting('crowd'),
        readingRules,
        now: () => bench.clock.now,
        baselines: () => Promise.resolve(null),
      });
    const crowd = readerOf();
    await Promise.all(ids.map((id) => crowd.readMember(requestFor(id, { isBatch: true }))));
    const ofCrowd = { ...asked };
    const mixed = readerOf();
    await Promise.all(ids.map((id, i) => mixed.readMember(requestFor(id, { isBatch: i > 3 }))));
    assert.ok(ofCrowd.crowd > 0 && ofCrowd.group === 0);
    assert.equal(asked.crowd, ofCrowd.crowd);
    assert.ok(asked.group > 0);
  });

  it('reads one of a batch directly, in the lane that nobody waits for, so that single members go first', async () => {
    const [ofBatch = 0, single = 0] = planMembers(2);
    const asked: Record<'single' | 'batch', string[]> = { single: [], batch: [] };
    const noting = (line: keyof typeof asked): NexudusClient => ({
      ...bench.client,
      getOne: (name, id) => {
        if (name === 'coworkers') asked[line].push(`coworker ${id}`);
        return bench.client.getOne(name, id);
      },
      page: (name, request) => {
        asked[line].push(`page of ${name}`);
        return bench.client.page(name, request);
      },
    });
    const reader = createReader({
      readingRules,
      client: noting('single'),
      clientForBatches: noting('batch'),
      now: () => bench.clock.now,
      baselines: () => Promise.resolve(null),
    });
    await reader.readMember(requestFor(ofBatch, { isBatch: true }));
    assert.deepEqual(asked, { single: [], batch: [`coworker ${ofBatch}`, 'page of coworkertimepasses'] });
    await reader.readMember(requestFor(single));
    assert.deepEqual(asked.single, [`coworker ${single}`, 'page of coworkertimepasses']);
    assert.equal(asked.batch.length, 2);
  });

  it('reads one member alone, and several together, as long as it is not known what a read of everything costs', async () => {
    const ids = planMembers(3);
    const readsOfAll = (): boolean[] =>
      bench.simulator.requests
        .list()
        .filter(({ path }) => path.endsWith('/coworkercontracts'))
        .map(({ query }) => query['CoworkerContract_Coworker'] === undefined);
    await readAll(ids.slice(0, 1));
    assert.deepEqual(readsOfAll(), [false]);
    await readAll(ids.slice(1));
    assert.deepEqual(readsOfAll(), [false, true]);
  });

  it('is not taken for costly because there are passes of many years', async () => {
    const ids = planMembers(10);
    const count = (rows: number) => ({ count: rows, at: noon });
    bench.baselines = { coworkers: count(11), coworkertimepasses: count(60_000) };
    await readAll(ids.slice(0, 1));
    await readAll(ids.slice(1));
    assert.equal(bench.asked('/coworkercontracts'), 2);
  });

  it('gives up what it keeps where this machine’s clock is set back, since it would look fresh for hours', async () => {
    const ids = planMembers(6);
    bench.clock.now = noon + 3 * 3_600_000;
    await readAll(ids, { notBefore: bench.clock.now });
    bench.clock.now = noon;
    for (const { Id } of space.list('coworkertimepasses')) space.usePass(Id);
    const type = space.addTimePass({ Name: 'New' });
    const reads = await readAll(ids, { notBefore: noon });
    for (const { snapshot } of reads) {
      assert.ok(snapshot !== null);
      assert.ok(snapshot.profiles[0]?.passes.every(({ used }) => used));
      assert.ok(
        snapshot.passTypes.some(({ id }) => id === type.Id),
        'pass types too',
      );
    }
  });

  it('waits for nobody’s clock: a wish from the future is served by a read that begins now', async () => {
    const [ann = 0] = planMembers(1);
    const [read] = await readAll([ann], { notBefore: noon + 5_000 });
    assert.equal(read?.snapshot?.readAt, noon);
    assert.deepEqual(idsOf(read.snapshot.profiles.map(({ member }) => member)), [ann]);
  });

  describe('given up', () => {
    const given = new Error('the worker stops');
    const failure = (job: Promise<unknown>): Promise<unknown> =>
      job.then(
        () => 'it did not fail',
        (error: unknown) => error,
      );
    const asker = (memberId: number, more: Partial<MemberRequest> = {}) => {
      const activity = new AbortController();
      const job = () => bench.reader.readMember(requestFor(memberId, more));
      const end = failure(within({ signal: activity.signal }, job));
      return {
        end,
        giveUp: () => {
          activity.abort(given);
        },
      };
    };

    it('by the first who asked leaves the read for all to the others', async () => {
      const [first = 0, ...others] = planMembers(12);
      hang('/billing/coworkercontracts');
      const one = asker(first);
      const all = readAll(others);
      await isAsked('/coworkercontracts');
      one.giveUp();
      assert.equal(await one.end, given);
      await letGo();
      assert.equal((await all).length, 11);
      assert.equal(bench.asked('/coworkercontracts'), 1);
    });

    it('by all ends the read for all, and the next one begins a new one', async () => {
      const ids = planMembers(12);
      hang('/billing/coworkercontracts');
      const askers = ids.map((id) => asker(id));
      await isAsked('/coworkercontracts');
      for (const one of askers) one.giveUp();
      for (const one of askers) assert.equal(await one.end, given);
      assert.equal((await readAll(ids)).length, 12);
      assert.equal(bench.asked('/coworkercontracts'), 2);
      await letGo();
    });

    it('while waiting for the next read for all keeps no place in it', async () => {
      const ids = planMembers(12);
      hang('/billing/coworkercontracts');
      const first = readAll(ids);
      await isAsked('/coworkercontracts');
      bench.clock.now += 1_000;
      const later = asker(ids[0] ?? 0, { notBefore: noon + 1_000, isBatch: true });
      await gathered();
      later.giveUp();
      assert.equal(await later.end, given);
      await letGo();
      await first;
      await gathered();
      assert.equal(bench.asked('/coworkercontracts'), 1, 'nothing is read for nobody');
    });

    it('by one of two who are read alone leaves what they share to the other', async () => {
      const [first = 0, other = 0] = planMembers(2);
      hang('/billing/timepasses');
      const one = asker(first);
      const two = asker(other);
      await isAsked('/timepasses');
      one.giveUp();
      assert.equal(await one.end, given);
      await letGo();
      assert.equal(await two.end, 'it did not fail');
    });

    it('by its own limit fails all who wait for it, to be tried again, and the next one begins a new one', async () => {
      await bench.stop();
      bench = await startBench({ fullReadLimitMs: 1_000 });
      space = bench.space;
      const ids = planMembers(12);
      hang('/billing/coworkercontracts');
      const errors = await Promise.all(ids.map((id) => failure(bench.reader.readMember(requestFor(id)))));
      assert.ok(errors.every((error) => error instanceof OutOfTimeError));
      await letGo();
      assert.equal((await readAll(ids)).length, 12);
    });
  });
});
