import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { KisiSwitches } from '../../simulators/kisi.js';
import type { NexudusSwitches } from '../../simulators/nexudus.js';
import type { Fault, FaultKind } from '../../simulators/server.js';
import type { JsonValue } from '../../access/json.js';
import { assumptions, type AssumptionName } from '../../verify/assumptions.js';
import { withFindings } from '../../verify/by-writing.js';
import { fullWorld, startWorld, type WorldPlan } from './world.js';
import { allIn, testEmail, writeIn } from './writing.js';
import { Tally } from './tally.js';

const cases = Number(process.env['VERIFY_CASES'] ?? 20);
/** The short version tries the same cases each time, so that red means that something has changed. */
const chosen = process.env['VERIFY_CASES'] === undefined ? { seed: 20 } : {};

const oldDate = 'Tue, 01 Jan 2019 00:00:00 GMT';
const dates = fc.constantFrom('clock', 'clock', oldDate, 'not a date', null);

const nexudusSwitches = fc.record({
  throttleStatus: fc.constantFrom(409, 429),
  dirSemantics: fc.constantFrom('signed', 'zeroBased', 'words'),
  coworkerUpdatedOnFollows: fc.boolean(),
  authFailureStatus: fc.constantFrom(401, 403),
  sizeCap: fc.constantFrom('clamp', 'allow'),
  unsetSorts: fc.constantFrom('first', 'last'),
  mostRows: fc.constantFrom(1000, 100, 20),
  dateHeader: dates,
  simpleTimeZoneNames: fc.constantFrom('windows', 'iana'),
  localDatesWithZ: fc.boolean(),
  teamCoworkerIds: fc.boolean(),
  batchEnveloped: fc.boolean(),
  planPassExpires: fc.constantFrom('lastDay', 'periodEnd'),
}) satisfies fc.Arbitrary<Partial<NexudusSwitches>>;

const kisiSwitches = fc.record({
  retryAfterHeader: fc.boolean(),
  limitOverMax: fc.constantFrom('clamp', 'error'),
  listsExpired: fc.boolean(),
  emailFilterExact: fc.boolean(),
  userEmailCaseSensitive: fc.boolean(),
  dateHeader: dates,
  duplicateGrantStatus: fc.constantFrom(409, 422, 200),
  patchMovesValidity: fc.boolean(),
  hiddenStillCount: fc.boolean(),
  duplicateUserEmail: fc.constantFrom('reject', 'allow'),
  listLagMs: fc.constantFrom(0, 0, 0, 1_300),
  endRounding: fc.constantFrom(
    null,
    ...(['down', 'up', 'nearest'] as const).flatMap((how) => [1_000, 60_000].map((toMs) => ({ toMs, how }))),
  ),
  longestName: fc.constantFrom(null, 255, 40),
  plainNames: fc.boolean(),
  takenEmails: fc.constantFrom<string[]>([], [], [], [], [testEmail]),
  notifyDefault: fc.boolean(),
  notifyOnUpdate: fc.boolean(),
  sendEmailsDefault: fc.boolean(),
  loginsOfOthers: fc.constantFrom('shown', 'refused', 'empty', 'own'),
}) satisfies fc.Arbitrary<Partial<KisiSwitches>>;

const mostly = fc.constantFrom(true, true, true, true, false);
const worlds: fc.Arbitrary<WorldPlan> = fc.record({
  members: fc.constantFrom(0, 3, 6, 12),
  hasTeam: mostly,
  hasEndlessPasses: mostly,
  renewsWithBill: fc.boolean(),
  hasManyCheckins: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
  hasEndedKeys: mostly,
});

/** One request in twenty fails: after how many that do not, and how. */
const failures = fc.array(
  fc.record({
    skip: fc.integer({ min: 0, max: 38 }),
    kind: fc.constantFrom<FaultKind>('status', 'reset', 'malformed'),
  }),
  { minLength: 8, maxLength: 8 },
);

/** What verify must say of a switch, where it says anything; undefined: it must not be able to tell. */
function truths(
  nexudus: Partial<NexudusSwitches>,
  kisi: Partial<KisiSwitches>,
): Partial<Record<AssumptionName, JsonValue | undefined>> {
  const { dateHeader: nexudusDate, mostRows, sizeCap, ...plain } = nexudus;
  const { retryAfterHeader, limitOverMax, listsExpired, emailFilterExact, userEmailCaseSensitive } = kisi;
  return {
    ...writtenTruths(kisi),
    deviceLoginsReadable: kisi.loginsOfOthers === 'empty' ? undefined : kisi.loginsOfOthers === 'shown',
    ...plain,
    sizeCap,
    mostRows: sizeCap === 'allow' ? undefined : mostRows,
    nexudusClock: clockOf(nexudusDate),
    ...{ retryAfterHeader, limitOverMax, emailFilterExact, userEmailCaseSensitive },
    listsExpired,
    kisiClock: clockOf(kisi.dateHeader),
  };
}

/** What only writing tells. */
function writtenTruths(kisi: Partial<KisiSwitches>): ReturnType<typeof truths> {
  const { endRounding, longestName, takenEmails = [], listsExpired = true, hiddenStillCount = false } = kisi;
  const { duplicateGrantStatus, patchMovesValidity, plainNames, duplicateUserEmail } = kisi;
  const { notifyDefault, notifyOnUpdate, sendEmailsDefault } = kisi;
  const lengths: Record<number, string> = { 255: '255 or more', 40: '40 to 49' };
  return {
    ...{ duplicateGrantStatus, patchMovesValidity, plainNames, duplicateUserEmail },
    ...{ notifyDefault, notifyOnUpdate, sendEmailsDefault, invitationSent: true },
    endRounding: endRounding ? `${endRounding.how} to ${endRounding.toMs} ms` : 'exact',
    longestName: longestName ? lengths[longestName] : 'any',
    takenEmails: takenEmails.length > 0 ? false : undefined,
    otherCaseTaken: duplicateUserEmail === 'reject' ? !kisi.userEmailCaseSensitive : undefined,
    hiddenStillCount: listsExpired ? undefined : hiddenStillCount,
    endedInTheWay: listsExpired || hiddenStillCount,
  };
}

function clockOf(date: string | null | undefined): string {
  if (date === null) return 'none';
  if (date === oldDate) return 'otherClock';
  return date === 'clock' ? 'clock' : 'unusable';
}

describe('latchkey verify', () => {
  it('never says a wrong thing of a switch, whatever they are, while one request in twenty fails', async function () {
    this.timeout(cases * 60_000);
    const tally = new Tally();
    const property = fc.asyncProperty(
      nexudusSwitches,
      kisiSwitches,
      worlds,
      fc.tuple(failures, failures, fc.boolean()),
      async (nexudus, kisi, plan, [nexudusFails, kisiFails, isThrottled]) => {
        const world = await startWorld(plan, { nexudus, kisi });
        try {
          const throttle = { match: '/', kind: 'status', times: 1, skip: 20 } as const;
          const wait = kisi.retryAfterHeader ? { retryAfter: 1 } : {};
          if (isThrottled) {
            world.nexudus.faults.add({
              ...throttle,
              match: '/api/s',
              status: nexudus.throttleStatus,
              retryAfter: 1,
            });
            world.kisi.faults.add({ ...throttle, skip: 5, status: 429, ...wait });
          }
          for (const fail of nexudusFails) world.nexudus.faults.add(faultOf(fail));
          for (const fail of kisiFails) world.kisi.faults.add(faultOf(fail));
          const { profile: read } = await world.verify();
          const before = allIn(world);
          world.kisi.faults.clear();
          for (const fail of kisiFails) world.kisi.faults.add(faultOf(fail));
          const settleMs = kisi.listLagMs === 0 ? 300 : 1_800;
          const profile = withFindings(read, await writeIn(world, { settleMs }));
          assert.equal(allIn(world), before, 'something differs in Kisi');
          const truth = truths(nexudus, kisi);
          for (const { name, tried } of assumptions) {
            const answer = profile.answers[name];
            assert.ok(answer !== undefined, `${name} has no answer`);
            if (tried === 'push') continue;
            if (name === 'listLagMs' && answer.result !== 'untold') {
              tally.answered();
              assert.equal(Number(answer.value) > 0, kisi.listLagMs > 0, JSON.stringify(answer));
              continue;
            }
            if (answer.result === 'untold') {
              tally.unanswered(`${name}: ${answer.why}`);
              continue;
            }
            tally.answered();
            if (name in truth)
              assert.deepEqual(answer.value, truth[name], `${name}: ${answer.evidence.join('; ')}`);
            else assert.equal(answer.result, 'holds', `${name}: ${JSON.stringify(answer)}`);
          }
        } finally {
          await world.stop();
        }
      },
    );
    await fc.assert(property, { ...chosen, numRuns: cases, endOnFailure: true });
    tally.print(cases);
  });

  it('tells every switch that reading can decide, in a space where each shows, though some requests fail', async () => {
    const world = await startWorld({ ...fullWorld, hasManyCheckins: true });
    try {
      for (const { faults } of [world.nexudus, world.kisi])
        for (const kind of ['status', 'reset', 'malformed'] as const) faults.add(faultOf({ skip: 4, kind }));
      const { profile, failures: failed } = await world.verify();
      assert.deepEqual(failed, []);
      const unmet = ['throttleStatus', 'retryAfterHeader'];
      for (const { name, tried, switch: known } of assumptions) {
        if (tried !== 'reading' || known === null || unmet.includes(name)) continue;
        assert.equal(
          profile.answers[name]?.result,
          'holds',
          `${name}: ${JSON.stringify(profile.answers[name])}`,
        );
      }
    } finally {
      await world.stop();
    }
  });
});

function faultOf({ skip, kind }: { skip: number; kind: FaultKind }): Fault {
  return { match: '/', kind, skip, times: 1, status: 503 };
}
