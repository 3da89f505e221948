/**
 * The worker is killed at random moments amid random changes in Nexudus; at the end every write that Kisi did is in the audit
 * log once, and no key is wrong. KILLS and KILL_CHANGES say how many (100 and 500 for a proof), KILL_SEED repeats the moments
 * and the changes of a run.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { AuditRecord } from '../../database/audit-records.js';
import { accessProblemKey, reconciliationScheduleId } from '../../messages/to-member.js';
import { latchkeyDone } from '../client/cli.js';
import { killableSpace, tellOfDeath, type KillableSpace } from '../support/killable.js';
import { eventually, patienceMs } from '../support/eventually.js';

const kills = Number(process.env['KILLS'] ?? 1);
const changeCount = Number(process.env['KILL_CHANGES'] ?? 8);
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const firstMembers = 4;
const dayMs = 24 * 60 * 60_000;

/** What the test itself did to a member, as far as access depends on it. */
interface Modelled {
  id: number;
  email: string;
  active: boolean;
  /** The passes that count. */
  passes: { id: number; groupId: number; expires: number | null }[];
  contractId: number | null;
}

/** Something that Kisi did: a user or a key more, another end of a key, a key less. */
type Deed = 'user' | 'give' | 'move' | 'take';

/**
 * When the worker dies. `anytime`: `afterMs` after its start. Else at the nth write from then on, `afterMs` after this:
 * `asked`: Kisi was asked for it; `late`: the same, and Kisi does it only when the worker is dead; `lost`: Kisi did it, and the
 * answer is lost; `answered`: Kisi did it and answered.
 */
type Kill =
  | { moment: 'anytime'; afterMs: number }
  | { moment: 'asked' | 'late' | 'lost' | 'answered'; nth: number; afterMs: number };

const someKill: fc.Arbitrary<Kill> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ moment: fc.constant('anytime'), afterMs: fc.nat(4_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      moment: fc.constantFrom('asked', 'late', 'lost', 'answered'),
      nth: fc.nat(4),
      afterMs: fc.nat(30),
    }),
  },
);

describe(`a worker that is killed ${kills} times amid ${changeCount} changes (seed ${seed})`, function () {
  this.timeout(300_000 + kills * 30_000);
  let space: KillableSpace;
  const members: Modelled[] = [];
  /** What Kisi did, as its own tables saw it. */
  const deeds: string[] = [];

  before(async () => {
    space = await killableSpace('1s', 'policies: { guardPeople: 10000 }');
    space.nexudus.switches.rateLimits = null;
    space.kisi.switches.rateLimit = null;
    watchKisi();
    for (let i = 0; i < firstMembers; i++) join();
  });
  after(() => space.close());

  /** Notes whatever changes in Kisi's tables, however it was asked for. */
  function watchKisi(): void {
    const { people, roles } = space.kisi.org;
    const [putUser, putRole, removeRole] = [
      people.put.bind(people),
      roles.put.bind(roles),
      roles.remove.bind(roles),
    ];
    const note = (deed: Deed, userId: number, groupId: number | null): void => {
      const { email } = people.get(userId) ?? {};
      deeds.push(deedOf(deed, members.find((one) => one.email === email)?.id ?? null, groupId));
    };
    people.put = (user) => {
      const isNew = people.get(user.id) === undefined;
      putUser(user);
      if (isNew) note('user', user.id, null);
      return user;
    };
    roles.put = (role) => {
      const before = roles.get(role.id);
      putRole(role);
      if (before?.valid_until !== role.valid_until)
        note(before === undefined ? 'give' : 'move', role.user_id, role.applies_to_id);
      return role;
    };
    roles.remove = (id) => {
      const role = roles.get(id);
      if (role !== undefined) note('take', role.user_id, role.applies_to_id);
      return removeRole(id);
    };
  }

  function join(): void {
    const { nexudus, ids } = space;
    const email = `m${members.length}@example.com`;
    const { Id: id } = nexudus.space.addCoworker({ Email: email, InvoicingBusinessId: ids.rome });
    const member: Modelled = { id, email, active: true, passes: [], contractId: null };
    members.push(member);
    buy(member, 'romeDay', null);
  }

  function buy(member: Modelled, type: 'romeDay' | 'romeOffice', expires: number | null): void {
    const { nexudus, ids } = space;
    const ExpireDate = expires === null ? null : new Date(expires).toISOString();
    const about = { CoworkerId: member.id, TimePassId: ids.passTypes[type], BusinessId: ids.rome };
    const { Id: id } = nexudus.space.addPass({ ...about, ExpireDate });
    member.passes.push({ id, groupId: ids.groups[type], expires });
  }

  /** All that may happen to a member as things are; each changes something. */
  function possible(member: Modelled): (() => void)[] {
    const { nexudus, ids } = space;
    const records = nexudus.space;
    const { id, active, passes, contractId } = member;
    const [first] = passes;
    // These years still count as an end that is known.
    const years = (n: number): number => Date.parse(`${2030 + n}-01-01T00:00:00Z`);
    const later = years((members.length + passes.length) % 7);
    const things: (() => void)[] = [
      () => {
        join();
      },
      () => {
        buy(member, 'romeOffice', later);
      },
      () => {
        buy(member, 'romeDay', passes.length % 2 === 0 ? null : later);
      },
      () => {
        records.update('coworkers', id, { Active: !active });
        member.active = !active;
        records.tick();
      },
    ];
    if (first !== undefined) {
      const ends = (fields: Parameters<typeof records.update<'coworkertimepasses'>>[2]) => () => {
        records.update('coworkertimepasses', first.id, fields);
        passes.shift();
      };
      const threeDaysAgo = new Date(Date.now() - 3 * dayMs).toISOString();
      things.push(
        ends({ Used: true, RemainingUses: 0, UsedDate: threeDaysAgo }),
        ends({ ExpireDate: '2021-01-01T00:00:00Z' }),
        () => {
          first.expires = later + dayMs * 90;
          const ExpireDate = new Date(first.expires).toISOString();
          records.update('coworkertimepasses', first.id, { ExpireDate });
        },
      );
    }
    if (contractId === null)
      things.push(() => {
        const about = { CoworkerId: id, TariffId: ids.plans.newYorkWeek, IssuedById: ids.newYork };
        member.contractId = records.addContract(about).Id;
        records.tick();
      });
    else
      things.push(() => {
        records.cancelContract(contractId, Date.now() - dayMs);
        member.contractId = null;
      });
    return things;
  }

  /** The keys that there should be by what the test did, each with its latest known end; Infinity: no end known. */
  function wanted(): Map<string, number> {
    const ends = new Map<string, number>();
    for (const { email, passes, contractId } of members.filter(({ active }) => active)) {
      for (const { groupId, expires } of passes) {
        const key = `${email} ${groupId}`;
        ends.set(key, Math.max(ends.get(key) ?? 0, expires ?? Infinity));
      }
      if (contractId !== null) ends.set(`${email} ${space.ids.groups.newYorkOffice}`, Infinity);
    }
    return ends;
  }

  /** What Kisi holds, one line a key. */
  function held(): { key: string; end: number | null }[] {
    const { org } = space.kisi;
    return org.assignments().map(({ user_id, applies_to_id, valid_until }) => ({
      key: `${org.people.get(user_id)?.email ?? ''} ${applies_to_id}`,
      end: valid_until === null ? null : Date.parse(valid_until),
    }));
  }

  /** Whether Kisi's end of a key is right to a few days: any two ends that the test gives are months apart. */
  function isRight(end: number | null, known: number): boolean {
    if (end === null) return false;
    return known === Infinity ? end > Date.now() + 3 * dayMs : Math.abs(end - known) < 3 * dayMs;
  }

  function isAsWanted(): boolean {
    const want = wanted();
    const have = held();
    return have.length === want.size && have.every(({ key, end }) => isRight(end, want.get(key) ?? NaN));
  }

  async function killAt(kill: Kill): Promise<void> {
    if (kill.moment !== 'anytime') await untilWrite(kill);
    await sleep(kill.afterMs);
    const pid = await space.kill();
    space.kisi.faults.clear();
    await tellOfDeath(space.client, pid);
  }

  /** Resolves once Kisi got the write to kill at, or where none is to come. */
  async function untilWrite({ moment, nth }: Exclude<Kill, { moment: 'anytime' }>): Promise<void> {
    const { requests, faults } = space.kisi;
    const writes = () => requests.list().filter(({ method }) => method !== 'GET');
    const before = writes().length;
    const reached = (wanted: () => boolean): Promise<void> =>
      eventually('the write to be killed at', () => wanted() || isAsWanted(), patienceMs, 2);
    await reached(() => writes().length >= before + nth);
    const kind = ({ late: 'slow', lost: 'afterWrite', asked: null, answered: null } as const)[moment];
    for (const method of kind === null ? [] : ['POST', 'PATCH', 'DELETE'])
      if (kind !== null) faults.add({ match: '/', method, kind, delayMs: 300, times: 1 });
    const write = () => writes()[before + nth];
    await reached(() => write() !== undefined && (moment !== 'answered' || write()?.status !== null));
  }

  /** No member waits for anything, and nothing is under way. */
  async function isAtRest(): Promise<boolean> {
    const { client } = space;
    const query = "WorkflowType = 'member' AND ExecutionStatus = 'Running'";
    for await (const { workflowId } of client.workflow.list({ query })) {
      const { raw, typedSearchAttributes } = await client.workflow.getHandle(workflowId).describe();
      if ((raw.pendingActivities ?? []).length > 0 || raw.pendingWorkflowTask) return false;
      if (typedSearchAttributes.get(accessProblemKey) !== 'none') return false;
    }
    return true;
  }

  async function reconciliation(): Promise<void> {
    const schedule = space.client.schedule.getHandle(reconciliationScheduleId);
    const done = async (): Promise<number> => {
      const { info } = await schedule.describe();
      return info.numActionsTaken - info.runningActions.length;
    };
    await eventually(
      'no reconciliation',
      async () => (await schedule.describe()).info.runningActions.length === 0,
    );
    const before = await done();
    await schedule.trigger();
    await eventually('a reconciliation', async () => (await done()) > before);
  }

  async function said<T>(...args: string[]): Promise<T> {
    return JSON.parse(await latchkeyDone(space.env, ...args)) as T;
  }

  it('leaves every write of Kisi in the audit log once, and no key wrong', async () => {
    const plan = fc.sample(someKill, { seed, numRuns: kills });
    const changes = fc.sample(fc.record({ same: fc.boolean(), who: fc.nat(10_000), what: fc.nat(10_000) }), {
      seed,
      numRuns: changeCount,
    });
    let last = members[0];
    const change = ({ same, who, what }: (typeof changes)[number]): void => {
      // Half of the changes happen to the same member as the one before, so that one overtakes the other.
      const member = same ? last : members[who % members.length];
      assert.ok(member);
      last = member;
      const things = possible(member);
      things[what % things.length]?.();
    };
    space.start();
    await eventually('the first write', () => deeds.length > 0);
    for (const [index, kill] of plan.entries()) {
      space.start();
      const share = (n: number): number => Math.floor((n * changeCount) / kills);
      for (const one of changes.slice(share(index), share(index + 1))) change(one);
      await killAt(kill);
    }
    // What is not as wanted after all this time is told below.
    await eventually('keys as wanted', isAsWanted).catch(() => undefined);
    await reconciliation();
    await eventually('rest', isAtRest);

    const want = wanted();
    assert.deepEqual(
      held()
        .map(({ key }) => key)
        .sort(),
      [...want.keys()].sort(),
    );
    for (const { key, end } of held()) assert.ok(isRight(end, want.get(key) ?? NaN), key);
    assert.deepEqual((await said<{ lines: unknown[] }>('plan', '--json')).lines, []);
    const { mails, org } = space.kisi;
    assert.equal(new Set(mails.map(({ to }) => to)).size, mails.length, 'one mail each');
    assert.equal(org.users().length, mails.length);

    const writes = await space.writes();
    // A member who should have no key any more may have a new Kisi user: nobody asks whether it was made until a key is due.
    const wantsKey = (id: number | null): boolean =>
      members.some((one) => one.id === id && [...want.keys()].some((key) => key.startsWith(`${one.email} `)));
    const begun = writes.filter(({ state }) => state === 'begun');
    const unasked = begun.filter(({ what, memberId }) => what === 'createUser' && !wantsKey(memberId));
    assert.deepEqual(
      begun.filter((one) => !unasked.includes(one)),
      [],
    );
    const isAsked = (deed: string): boolean => unasked.every((one) => deedIn(one) !== deed);
    const kept = writes.filter(({ state }) => state === 'done').map(deedIn);
    const [inAuditLog, inKisi] = [tally(kept.filter(isAsked)), tally(deeds.filter(isAsked))];
    assert.deepEqual(inAuditLog, inKisi, unlikeRecords(writes, inAuditLog, inKisi));
    assert.deepEqual(await space.stopWorkers(), [0]);
  });
});

function deedOf(deed: Deed, memberId: number | null, groupId: number | null): string {
  return `${memberId ?? 'nobody'} ${deed} ${groupId ?? ''}`;
}

/** What Kisi did, by one record. A move may give a new key: then another record tells that the old one was taken away. */
function deedIn({ what, answer, memberId, groupId, before, after }: AuditRecord): string {
  const deeds: Record<string, Deed> = {
    createUser: 'user',
    grant: answer?.startsWith('extended') === true ? 'move' : 'give',
    move: keyIn(before) === keyIn(after) ? 'move' : 'give',
    giveBack: keyIn(before) === keyIn(after) ? 'move' : 'give',
    revoke: 'take',
  };
  return deedOf(deeds[what] ?? 'take', memberId, groupId);
}

const keyIn = (kept: AuditRecord['before']): number | null =>
  (kept as { keyId?: number | null } | null)?.keyId ?? null;

/** For whoever looks into a failure: all records of the members whose deeds differ; undefined: there are none. */
function unlikeRecords(writes: AuditRecord[], some: string[], others: string[]): string | undefined {
  const unlike = [...some, ...others].filter((deed) => !some.includes(deed) || !others.includes(deed));
  if (unlike.length === 0) return undefined;
  const records = writes.filter(({ memberId }) =>
    unlike.some((deed) => deed.startsWith(`${memberId ?? ''} `)),
  );
  return `${unlike.join('\n')}\n${records.map((record) => JSON.stringify(record)).join('\n')}`;
}

function tally(deeds: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const deed of deeds) counts.set(deed, (counts.get(deed) ?? 0) + 1);
  return [...counts].map(([deed, count]) => `${deed} x${count}`).sort();
}
