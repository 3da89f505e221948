// Whatever webhooks are like, and whatever becomes of some on their way: what is told of them is true.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { JsonValue } from '../../access/json.js';
import type { KisiSwitches } from '../../simulators/kisi.js';
import type { NexudusSwitches } from '../../simulators/nexudus.js';
import type { FaultKind } from '../../simulators/server.js';
import { assumptions, type AssumptionName } from '../../verify/assumptions.js';
import type { Findings } from '../../verify/trial.js';
import { JumpingClock } from './jumping-clock.js';
import { eventKey, hookSecret, startPushWorld, type HookedAt, type PushWorld } from './pushing.js';
import { absurdBodies, mishaps, type Accident } from './relay.js';
import { Tally } from './tally.js';

const cases = Number(process.env['VERIFY_CASES'] ?? 20);
/** The short version tries the same cases each time, so that red means that something has changed. */
const chosen = process.env['VERIFY_CASES'] === undefined ? { seed: 20 } : {};

const pushed = assumptions.filter(({ tried }) => tried === 'push').map(({ name }) => name);
/** One of the others in two of ten. */
const mostly = (usual: string, ...others: (string | null)[]): fc.Arbitrary<string | null> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );

const delayMs = fc.constantFrom(0, 0, 3_000, 25_000, 400_000);
const delayWords = new Map([
  [25_000, 'minute'],
  [400_000, 'later'],
]);

const nexudusSwitches = fc.record({
  hookSecret: mostly(hookSecret, 'another secret of Nexudus', null),
  hookSignatureFold: fc.constantFrom('utf8', 'ascii'),
  hookSignatureLetters: fc.constantFrom('upper', 'lower'),
  hookBody: fc.constantFrom('array', 'object'),
  hooksTwice: fc.boolean(),
  hookDelayMs: delayMs,
  hooksCoverNetworks: fc.boolean(),
  checkinHookRecord: fc.constantFrom('checkin', 'coworker'),
}) satisfies fc.Arbitrary<Partial<NexudusSwitches>>;

const kisiSwitches = fc.record({
  eventSignaturePrefix: fc.boolean(),
  eventSignatureEncoding: fc.constantFrom('hex', 'base64'),
  eventDelayMs: delayMs,
  eventsTwice: fc.boolean(),
}) satisfies fc.Arbitrary<Partial<KisiSwitches>>;

const addresses = [
  ...['access', 'coworker', 'contract', 'team', 'checkin'].map((kind) => `/nexudus/${kind}`),
  '/kisi/events',
];
/** At each address one call in twenty has an accident. */
const accidents: fc.Arbitrary<Record<string, Accident>> = fc
  .tuple(
    ...addresses.map(() =>
      fc.record({
        place: fc.integer({ min: 0, max: 19 }),
        mishap: fc.constantFrom(...mishaps),
        body: fc.constantFrom(...absurdBodies),
      }),
    ),
  )
  .map((all) => Object.fromEntries(addresses.flatMap((one, i) => (all[i] ? [[one, all[i]]] : []))));

/** One request in twenty fails: after how many that do not, and how. */
const failures = fc.array(
  fc.record({
    skip: fc.integer({ min: 0, max: 38 }),
    kind: fc.constantFrom<FaultKind>('status', 'reset', 'malformed'),
  }),
  { minLength: 3, maxLength: 3 },
);

const spaces = fc.record({
  hookedAt: fc.constantFrom<HookedAt[]>(['rome'], ['rome'], ['network'], ['network', 'rome']),
  kisiSigns: mostly(eventKey, 'another key of Kisi', null),
  /** Somebody has CoworkerCheckin call the address of check-ins as well. */
  hasOtherAction: fc.boolean(),
  rounds: fc.integer({ min: 1, max: 3 }),
  /** Nothing goes wrong. */
  isQuiet: fc.constantFrom(true, false, false, false),
});

type Nexudus = typeof nexudusSwitches extends fc.Arbitrary<infer T> ? T : never;
type Kisi = typeof kisiSwitches extends fc.Arbitrary<infer T> ? T : never;
type Space = typeof spaces extends fc.Arbitrary<infer T> ? T : never;

/** What no wait tells in such a world, though nothing goes wrong. */
function mayMiss(
  name: AssumptionName,
  { hooksCoverNetworks }: Nexudus,
  { hookedAt, hasOtherAction }: Space,
): boolean {
  const comes = hooksCoverNetworks || hookedAt.includes('rome');
  if (name === 'hooksCoverNetworks' || name === 'checkinHookRecord') return true;
  if (name === 'hooksTwice' && (hookedAt.length > 1 || hasOtherAction)) return true;
  return name.startsWith('hook') && !comes;
}

/** What must be told, where anything is. Undefined: it must not be able to tell. */
function truths(
  nexudus: Nexudus,
  kisi: Kisi,
  space: Space,
): Partial<Record<AssumptionName, JsonValue | undefined>> {
  const { hookSecret: secret, hookDelayMs, ...plain } = nexudus;
  const { eventDelayMs, ...plainEvents } = kisi;
  const leads = (api: string, value: string): Record<string, string> =>
    Object.fromEntries(pushed.flatMap((one) => (one.startsWith(`${api}Leads`) ? [[one, value]] : [])));
  const ofNexudus = {
    ...{ ...plain, ...leads('hook', 'member') },
    hookSecret: 'signed',
    hookDelay: delayWords.get(hookDelayMs) ?? 'seconds',
    hooksCoverNetworks: nexudus.hooksCoverNetworks ? true : undefined,
    checkinHookRecord: nexudus.checkinHookRecord === 'coworker' ? 'coworker' : undefined,
  };
  const ofKisi = {
    ...{ ...plainEvents, ...leads('event', 'record') },
    ...{ eventKey: 'signed', eventBody: 'object' },
    eventDelay: delayWords.get(eventDelayMs) ?? 'seconds',
  };
  const refused = { hookSecret: secret === null ? 'unsigned' : 'otherSecret' };
  return {
    ...(secret === hookSecret ? ofNexudus : refused),
    ...(space.kisiSigns === eventKey ? ofKisi : {}),
  };
}

/** Causes some webhooks, and has all of them come in when they would. */
async function causeSome(
  pushes: PushWorld,
  clock: JumpingClock,
  { rounds, hasOtherAction }: Space,
): Promise<void> {
  const { nexudus, kisi } = pushes.world;
  if (hasOtherAction)
    nexudus.space.addWebhook({
      Action: 36,
      URL: `${pushes.relay.url}/nexudus/checkin`,
      BusinessId: pushes.rome,
    });
  for (let i = 0; i < rounds; i++) pushes.cause();
  const sending = [
    { afterMs: nexudus.switches.hookDelayMs, sent: () => nexudus.hooksSent() },
    { afterMs: kisi.switches.eventDelayMs, sent: () => kisi.eventsSent() },
  ].sort((a, b) => a.afterMs - b.afterMs);
  let passedMs = 0;
  for (const { afterMs, sent } of sending) {
    // An event begins to wait a moment after its cause.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    clock.moveOn(afterMs - passedMs);
    passedMs = afterMs;
    await sent();
  }
  clock.moveOn(300_000);
  await pushes.relay.bringLate();
  await pushes.kept();
}

describe('latchkey verify --push', () => {
  it('never says a wrong thing of webhooks, whatever they are like, while one call in twenty has an accident', async function () {
    this.timeout(cases * 60_000);
    const tally = new Tally();
    const property = fc.asyncProperty(
      nexudusSwitches,
      kisiSwitches,
      spaces,
      fc.tuple(accidents, failures, failures),
      async (nexudus, kisi, space, [onTheWay, nexudusFails, kisiFails]) => {
        const findings = await tryOne(nexudus, kisi, space, [onTheWay, nexudusFails, kisiFails]);
        const truth = truths(nexudus, kisi, space);
        const isWhole = space.isQuiet && nexudus.hookSecret === hookSecret && space.kisiSigns === eventKey;
        for (const name of pushed) {
          const finding = findings[name];
          assert.ok(finding !== undefined, `${name} has no finding`);
          if ('value' in finding) {
            tally.answered();
            assert.deepEqual(finding.value, truth[name], `${name}: ${finding.evidence.join('; ')}`);
            continue;
          }
          const why = `${name}: ${finding.untold}`;
          assert.ok(!isWhole || mayMiss(name, nexudus, space), why);
          tally.unanswered(why);
        }
      },
    );
    await fc.assert(property, { ...chosen, numRuns: cases, endOnFailure: true });
    tally.print(cases);
  });
});

type Fails = readonly { skip: number; kind: FaultKind }[];

async function tryOne(
  nexudus: Nexudus,
  kisi: Kisi,
  space: Space,
  [onTheWay, nexudusFails, kisiFails]: [Record<string, Accident>, Fails, Fails],
): Promise<Findings> {
  const { hookedAt, kisiSigns, isQuiet } = space;
  const clock = new JumpingClock();
  const plan = { time: clock, accidents: isQuiet ? {} : onTheWay, kisiSigns, hookedAt };
  const pushes = await startPushWorld({ nexudus, kisi }, plan);
  try {
    await causeSome(pushes, clock, space);
    const { world } = pushes;
    if (!isQuiet) {
      const faultOf = ({ skip, kind }: Fails[number]) => ({ match: '/', kind, skip, times: 1, status: 503 });
      for (const fail of nexudusFails) world.nexudus.faults.add(faultOf(fail));
      for (const fail of kisiFails) world.kisi.faults.add(faultOf(fail));
    }
    return await pushes.verify({ forMs: 0, settleMs: 0, pauseMs: 1 });
  } finally {
    await pushes.stop();
  }
}
