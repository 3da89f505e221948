// The space is checked again and again while an API is down, and only what a person must mend ends a first start.
import assert from 'node:assert/strict';
import { KisiError } from '../../kisi/errors.js';
import { NexudusError } from '../../nexudus/errors.js';
import { UnreadSpaceError, type CheckedSpace } from '../../worker/check.js';
import { ConfigError } from '../../config/config-error.js';
import { loadConfig } from '../../config/config.js';
import { createLogger } from '../../worker/logging.js';
import { SpaceWatch, type KeptSpace, type SpaceWatchOptions } from '../../worker/space.js';
import { eventually } from '../support/eventually.js';

const call = { method: 'GET', path: '/groups' } as const;
const down = (status: number | null = 503): UnreadSpaceError =>
  new UnreadSpaceError([new KisiError(call, { kind: 'unavailable', status })]);
const nexudusDown = new UnreadSpaceError([
  new NexudusError({ kind: 'unavailable', path: '/auth/me', says: 'no answer (ENOTFOUND).' }),
]);
const keyRefused = new UnreadSpaceError([new KisiError(call, { kind: 'refused', status: 401 })]);
const noSuchGroup = new ConfigError(['group "Roof" in the configuration does not exist']);

const configOf = (policies: string, group = 'Roof'): SpaceWatchOptions['config'] =>
  loadConfig(
    { NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k' },
    () => `mapping: [{ passType: Day, groups: ${group} }]\npolicies: { ${policies} }`,
  );
const config = configOf('doorGrace: 5m');

const space = (groupId: number, warnings: string[] = []): CheckedSpace => ({
  rules: {
    mapping: [{ locationId: null, passTypeId: 1, groupIds: [groupId] }],
    policies: config.file.policies,
  },
  organizationId: 1,
  timeZones: {},
  knownZones: {},
  warnings,
  problems: [],
  resolved: {},
  groups: [],
});

/** One process after another, on the same database. */
class Processes {
  kept: KeptSpace | null = null;
  hasMembers = false;
  private readonly watches: SpaceWatch[] = [];

  /** What each check answers or throws, in turn; the last one for ever. */
  start(
    answers: (CheckedSpace | Error)[],
    options: Partial<SpaceWatchOptions> = {},
  ): {
    watch: SpaceWatch;
    found: CheckedSpace[];
    lines: () => { level: string; msg: string }[];
    checks: () => number;
  } {
    const written: string[] = [];
    let checks = 0;
    const watch = new SpaceWatch({
      check: () => {
        const answer = answers[Math.min(checks++, answers.length - 1)];
        return answer instanceof Error || answer === undefined
          ? Promise.reject(answer ?? new Error())
          : Promise.resolve(answer);
      },
      config,
      kept: {
        read: () => Promise.resolve(this.kept),
        write: (one) => {
          this.kept = structuredClone(one);
          return Promise.resolve();
        },
      },
      hasMembers: () => Promise.resolve(this.hasMembers),
      log: createLogger({ level: 'info', to: { write: (line) => void written.push(line) } }),
      pauses: { firstMs: 1, longestMs: 2 },
      ...options,
    });
    this.watches.push(watch);
    const found: CheckedSpace[] = [];
    watch.onFound((one) => void found.push(one));
    return {
      watch,
      found,
      checks: () => checks,
      lines: () => written.map((line) => JSON.parse(line) as { level: string; msg: string }),
    };
  }

  stop(): void {
    for (const watch of this.watches) watch.stop();
  }
}

describe('SpaceWatch', () => {
  let processes: Processes;
  beforeEach(() => (processes = new Processes()));
  afterEach(() => {
    processes.stop();
  });

  it('ends a check that takes too long, says so once, and checks again', async () => {
    let checks = 0;
    const never = new Promise<never>(() => undefined);
    const { watch, lines } = processes.start([], {
      check: () => (++checks < 4 ? never : Promise.resolve(space(7))),
      checkLimitMs: 5,
    });
    await watch.looked;
    assert.match(watch.problem()?.lines.join() ?? '', /asked of Nexudus was not done within/);
    await eventually('it is known', () => watch.known() !== null);
    assert.equal(lines().filter(({ msg }) => msg.includes('cannot check the space')).length, 1);
  });

  it('checks until both APIs answer, and tells once of an outage, however it shows', async () => {
    const { watch, found, lines } = processes.start([
      down(503),
      down(null),
      down(500),
      down(429),
      space(7, ['beware']),
    ]);
    await watch.looked;
    assert.equal(watch.known(), null);
    assert.match(watch.problem()?.lines[0] ?? '', /^Kisi answered 503/);
    await eventually('it is found', () => watch.known() !== null);
    assert.deepEqual(found, [space(7, ['beware'])]);
    assert.equal(watch.problem(), null);
    assert.deepEqual(
      lines().map(({ level, msg }) => [level, msg.slice(0, 30)]),
      [
        ['warn', 'Latchkey cannot check the spac'],
        ['info', 'the space is checked: Nexudus '],
        ['warn', 'beware'],
      ],
    );
  });

  it('tells again when it changes', async () => {
    const { watch, lines } = processes.start([down(), nexudusDown, nexudusDown, down(), space(7)]);
    await eventually('it is found', () => watch.known() !== null);
    assert.equal(lines().filter(({ level }) => level === 'warn').length, 3);
  });

  it('says nothing where all is well, and checks once', async () => {
    const { watch, lines, checks } = processes.start([space(7)]);
    assert.match(watch.problem()?.lines[0] ?? '', /being checked/);
    let checked = 0;
    watch.onChecked(() => checked++);
    await watch.looked;
    watch.lookNow();
    assert.deepEqual([lines(), checks(), checked], [[], 1, 1]);
  });

  it('ends a first start on what a person must mend, at the first check or at a later one', async () => {
    for (const answers of [
      [keyRefused],
      [noSuchGroup],
      [down(), down(), keyRefused],
      [nexudusDown, noSuchGroup],
    ]) {
      const { watch } = processes.start(answers);
      await assert.rejects(watch.failed, ConfigError);
      await watch.looked;
    }
  });

  it('ends no start on refused credentials once it has worked here', async () => {
    processes.hasMembers = true;
    const first = processes.start([keyRefused, keyRefused, space(7)]);
    await eventually('it is found', () => first.watch.known() !== null);
    assert.deepEqual(
      first.lines().map(({ level }) => level),
      ['warn', 'info'],
    );
    processes.hasMembers = false;
    // By another configuration.
    const second = processes.start([keyRefused, space(7)], { config: configOf('', 'Cellar') });
    await eventually('it is found', () => second.watch.known() !== null);
  });

  it('goes on by what was found last where an API is down, or names are gone, but by the policies of now', async () => {
    await processes.start([space(7)]).watch.looked;
    for (const problem of [down(), keyRefused, noSuchGroup]) {
      const { watch, found } = processes.start([problem], { config: configOf('doorGrace: 9m') });
      await watch.looked;
      assert.deepEqual(found[0]?.rules.mapping, space(7).rules.mapping);
      assert.equal(found[0].rules.policies.doorGraceMs, 9 * 60_000);
      assert.notEqual(watch.problem(), null, 'it is not checked yet');
    }
  });

  it('looks up again what was found by another configuration', async () => {
    await processes.start([space(7)]).watch.looked;
    const other = { config: configOf('', 'Cellar') };
    const waits = processes.start([down()], other);
    await waits.watch.looked;
    assert.equal(waits.watch.known(), null);
    await assert.rejects(processes.start([noSuchGroup], other).watch.failed, ConfigError);
  });

  it('tells of the space again only where it is found to be another', async () => {
    await processes.start([space(7)]).watch.looked;
    const same = processes.start([down(), space(7, ['beware'])]);
    await same.watch.looked;
    await eventually('it is checked', () => same.watch.problem() === null);
    assert.equal(same.found.length, 1);
    const other = processes.start([down(), space(8)]);
    await other.watch.looked;
    await eventually('it is checked', () => other.watch.problem() === null && other.found.length === 2);
    assert.deepEqual(other.watch.known(), space(8));
  });

  it('goes on where the space cannot be kept, and says so', async () => {
    const { watch, lines } = processes.start([space(7)], {
      kept: { read: () => Promise.resolve(null), write: () => Promise.reject(new Error('disk full')) },
    });
    await watch.looked;
    assert.deepEqual(watch.known(), space(7));
    assert.match(lines()[0]?.msg ?? '', /could not store the checked space/);
  });

  it('ends nothing where it cannot be read whether this has worked before', async () => {
    const { watch, lines } = processes.start([keyRefused, keyRefused, space(7)], {
      kept: { read: () => Promise.reject(new Error('no database')), write: () => Promise.resolve() },
    });
    await eventually('it is found', () => watch.known() !== null);
    assert.match(lines()[0]?.msg ?? '', /cannot read what it found of the space at an earlier start/);
  });

  it('passes on what is no problem of the space', async () => {
    await assert.rejects(processes.start([new RangeError('a defect')]).watch.failed, RangeError);
  });
});
