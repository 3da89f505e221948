import assert from 'node:assert/strict';
import type { StandsOn } from '../../access/types.js';
import { readEverybody } from '../../nexudus/full-read.js';
import { readChanges, readIndex, type Changes, type Index } from '../../nexudus/changes.js';
import { expiringFrom, updatedSince } from '../../nexudus/filters.js';
import { isNexudusError, malformed } from '../../nexudus/errors.js';
import { createLookups } from '../../nexudus/lookups.js';
import type { MemberRead } from '../../nexudus/reader.js';
import { readReference } from '../../nexudus/reference.js';
import { findContract } from '../../nexudus/source.js';
import { requestFor, standsOn, startBench, type Bench } from './space.js';
import { pageOf, startStub } from './stub.js';

/** What a typed record never holds. */
const absurd = (value: unknown): never => value as never;

describe('one bad record in Nexudus', () => {
  let bench: Bench;
  let space: Bench['space'];
  let [typeId, planId, contractId] = [0, 0, 0];
  let members: number[] = [];
  let passes: ReturnType<Bench['space']['renew']> = [];

  beforeEach(async () => {
    bench = await startBench();
    space = bench.space;
    typeId = space.addTimePass().Id;
    planId = space.addTariff().Id;
    space.addTariffTimePass({ TariffId: planId, TimePassId: typeId });
    passes = [];
    members = Array.from({ length: 8 }, () => {
      const { Id } = space.addCoworker();
      contractId = space.addContract({ CoworkerId: Id, TariffId: planId }).Id;
      passes.push(...space.renew(contractId));
      return Id;
    });
  });
  afterEach(() => bench.stop());

  const readTogether = (ids: readonly number[], standsOn: StandsOn[] = []): Promise<MemberRead[]> =>
    Promise.all(ids.map((id) => bench.reader.readMember(requestFor(id, { standsOn }))));
  const everything = [
    'coworkers',
    'coworkercontracts',
    'contractpausedperiods',
    'coworkertimepasses',
    'teams',
  ];
  const more = ['checkins', 'timepasses', 'tarifftimepasses'];
  const since = Object.fromEntries([...everything, ...more].map((name) => [name, 0]));
  const poll = (): Promise<Changes> =>
    readChanges(bench.client, { since, lending: {}, now: () => bench.clock.now });
  const index = (): Promise<Index> => readIndex(bench.client, { now: () => bench.clock.now });
  const accessOf = ({ snapshot }: MemberRead): number[] =>
    snapshot?.profiles.flatMap((profile) => profile.passes.map(({ id }) => id)) ?? [];

  const nobodies: [what: string, nobody: unknown][] = [
    ['null', null],
    ['0', 0],
    ['missing', undefined],
    ['a text', 'Ann'],
    ['below zero', -7],
  ];
  const paused = { PauseFrom: '2026-01-01T00:00:00Z', PauseUntil: '2027-01-01T00:00:00Z' };
  const ownerless: [what: string, add: (nobody: number) => number][] = [
    ['pass', (nobody) => space.addPass({ CoworkerId: nobody, TimePassId: typeId }).Id],
    ['contract', (nobody) => space.addContract({ CoworkerId: nobody, TariffId: planId }).Id],
    ['pause', (nobody) => space.addPausedPeriod({ CoworkerContractId: nobody, ...paused }).Id],
  ];
  for (const [kind, add] of ownerless) {
    for (const [what, nobody] of nobodies) {
      it(`(a ${kind} whose owner is ${what}) is told by its id, counts for nobody, and all others are read`, async () => {
        const id = add(absurd(nobody));
        await goesOnWithout(id);
        assert.ok((await poll()).touched.every(({ memberId }) => members.includes(memberId)));
      });
    }
  }

  const others: [what: string, add: () => number, isPolled?: false][] = [
    ['team whose payer is a text', () => space.addTeam({ PayingMemberId: absurd('Ann') }).Id],
    ['team whose name is a number', () => team({ Name: absurd(7) })],
    ['team that shares by a text', () => team({ ShareTimePasses: absurd('yes') })],
    ['pass type of no location', () => space.addTimePass({ BusinessId: absurd(null) }).Id],
    ['pass type whose name is a number', () => space.addTimePass({ Name: absurd(7) }).Id],
    ['pass type with minutes in words', () => space.addTimePass({ MinutesIncluded: absurd('an hour') }).Id],
    ['allowance of no pass type', () => allowance({ TimePassId: absurd(null) })],
    ['allowance of no plan', () => allowance({ TariffId: absurd(0) })],
    ['location whose name is a number', () => space.addBusiness({ Name: absurd(7) }).Id, false],
    [
      'location with a zone in words',
      () => space.addBusiness({ SimpleTimeZoneId: absurd('Rome') }).Id,
      false,
    ],
    ['time zone whose name is a number', () => space.addSimpleTimeZone({ Name: absurd(7) }).Id, false],
    [
      'setting whose value is a number',
      () => space.addBusinessSetting({ Name: 'Checkin.DailyCutOffTime', Value: absurd(7) }).Id,
      false,
    ],
  ];
  const team = (fields: Parameters<typeof space.addTeam>[0]): number =>
    space.addTeam({ ShareTimePasses: true, PayingMemberId: members[0] ?? 0, ...fields }).Id;
  const allowance = (fields: object): number =>
    space.addTariffTimePass({ TariffId: planId, TimePassId: typeId, ...fields }).Id;
  for (const [what, add, isPolled] of others) {
    it(`(a ${what}) is told by its id, and all are read`, async () => {
      const id = add();
      await goesOnWithout(id, isPolled);
      const { broken } = await readReference(bench.client, {});
      assert.ok(broken.every((row) => row.id === id));
    });
  }

  it('may be one of a hundred of all kinds', async () => {
    const ids = Array.from({ length: 10 }, () => [
      ...ownerless.map(([, add]) => add(absurd(null))),
      ...others.map(([, add]) => add()),
    ]).flat();
    const told = new Set((await index()).broken.map(({ record }) => record.split(' ').at(-1)));
    for (const id of ids) assert.ok(told.has(String(id)), `record ${id}`);
    assert.ok((await readTogether(members)).every((read) => accessOf(read).length === 1));
  });

  async function goesOnWithout(id: number, isPolled = true): Promise<void> {
    const before = passes.map((pass) => [pass.Id]);
    // One is read alone, and eight together.
    for (const ids of [members.slice(0, 1), members]) {
      const reads = await readTogether(ids);
      assert.deepEqual(reads.map(accessOf), before.slice(0, ids.length));
      assert.ok(reads.every(({ doubts }) => doubts.length === 0));
    }
    const { broken, members: known, counts } = await index();
    assert.deepEqual(
      broken.map(({ error }) => error.message.includes(`record ${id}:`)),
      [true],
    );
    assert.deepEqual(Object.keys(known).map(Number), members);
    assert.equal(counts['coworkertimepasses'], space.list('coworkertimepasses').length);
    const polled = (await poll()).broken;
    assert.equal(polled.length, isPolled ? 1 : 0);
  }

  describe('that a key stands on', () => {
    const [ann, bob] = [() => members[0] ?? 0, () => members[1] ?? 0];
    const keyOn = (more: Partial<StandsOn> = {}): StandsOn => {
      const pass = passes[0];
      assert.ok(pass);
      return standsOn(pass, { contractId: null, ...more });
    };

    const spoilt: [what: string, spoil: () => StandsOn, why: RegExp][] = [
      [
        'pass type',
        () => {
          space.update('timepasses', typeId, { BusinessId: absurd(null) });
          return keyOn();
        },
        /timepasses.*record \d+: BusinessId/,
      ],
      [
        'location',
        () => {
          const { BusinessId } = passes[0] ?? { BusinessId: 0 };
          space.update('businesses', BusinessId, { Name: absurd(7) });
          return keyOn();
        },
        /businesses.*record \d+: Name/,
      ],
      [
        'team',
        () => {
          const payer = space.addCoworker();
          const pass = space.addPass({ CoworkerId: payer.Id, TimePassId: typeId });
          const lends = { ShareTimePasses: true, PayingMemberId: payer.Id };
          const { Id } = space.addTeam({ ...lends, TeamMembers: [payer.Id, ann()] });
          space.update('teams', Id, { PayingMemberId: absurd('Ann') });
          return standsOn(pass, { teamId: Id });
        },
        /teams.*record \d+: PayingMemberId/,
      ],
    ];
    for (const [what, spoil, why] of spoilt) {
      it(`(a ${what}) leaves that key in doubt, and everything else as it is`, async () => {
        const held = spoil();
        // A second location, since there must be one that is sound.
        space.addBusiness();
        for (const ids of [[ann()], members]) {
          const [read] = await readTogether(ids, [held]);
          assert.deepEqual(
            read?.doubts.map(({ passId }) => passId),
            [held.passId],
          );
          assert.match(read.doubts[0]?.why ?? '', why);
          assert.ok(accessOf(read).includes(passes[0]?.Id ?? 0));
        }
        const [other] = await readTogether([bob()]);
        assert.deepEqual(other?.doubts, []);
      });
    }

    it('(the pass itself) leaves that key in doubt, and opens nothing; other passes do', async () => {
      const held = keyOn();
      space.update('coworkertimepasses', held.passId, { ExpireDate: 'soon' });
      const other = space.addPass({ CoworkerId: ann(), TimePassId: typeId });
      for (const ids of [[ann()], members]) {
        const [read] = await readTogether(ids, [held]);
        assert.ok(read);
        assert.deepEqual(
          read.doubts.map(({ passId }) => passId),
          [held.passId],
        );
        assert.deepEqual(accessOf(read), [other.Id]);
        assert.match(read.broken.join(), new RegExp(`record ${held.passId}: ExpireDate`));
      }
      assert.deepEqual((await readTogether([bob()]))[0]?.doubts, []);
    });

    const spoiltOfBarred: [what: string, spoil: () => void][] = [
      ['pass', () => space.update('coworkertimepasses', keyOn().passId, { ExpireDate: 'soon' })],
      [
        'contract',
        () => {
          const { Id } = space.addContract({ CoworkerId: ann(), TariffId: planId });
          space.update('coworkercontracts', Id, { StartDate: 'soon' });
        },
      ],
      [
        'pause',
        () => {
          const { Id } = space.addContract({ CoworkerId: ann(), TariffId: planId });
          space.addPausedPeriod({ CoworkerContractId: Id, ...paused, PauseFrom: absurd('soon') });
        },
      ],
    ];
    for (const [what, spoil] of spoiltOfBarred) {
      for (const bar of [{ Active: false }, { Archived: true }])
        it(`(a ${what}) keeps nothing for a member who is barred: ${JSON.stringify(bar)}`, async () => {
          const held = keyOn();
          spoil();
          space.update('coworkers', ann(), bar);
          for (const ids of [[ann()], members]) {
            const [read] = await readTogether(ids, [held]);
            assert.deepEqual(read?.doubts, []);
            const member = read.snapshot?.profiles[0]?.member;
            assert.deepEqual([member?.active, member?.archived], [!('Active' in bar), 'Archived' in bar]);
          }
        });
    }
  });

  it('harms nobody who is looked up in the same request', async () => {
    space.update('coworkers', members[0] ?? 0, { Active: absurd(null) });
    const lookups = createLookups(bench.client);
    const ends = await Promise.allSettled(members.slice(0, 2).map((id) => lookups.find('coworkers', id)));
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['rejected', 'fulfilled'],
    );
  });

  it('(a pause that names no member) keeps only the owner of its contract waiting', async () => {
    const { Id } = space.addPausedPeriod({ CoworkerContractId: contractId, ...paused });
    const pause = {
      collection: 'contractpausedperiods',
      id: Id,
      ownerId: null,
      contractId,
      text: '',
    } as const;
    const malformedPause = { ...pause, error: malformed('/pauses', `record ${Id}: PauseFrom`) };
    const hiding: typeof bench.client = {
      ...bench.client,
      listSparing: async (name, filters) =>
        name === 'contractpausedperiods'
          ? { rows: [], broken: [malformedPause] }
          : bench.client.listSparing(name, filters),
    };
    const owner = members.at(-1) ?? 0;
    const polled = await readChanges(hiding, { since, lending: {}, now: () => bench.clock.now });
    assert.deepEqual(
      polled.touched.filter(({ record }) => record.startsWith('malformed')).map(({ memberId }) => memberId),
      [owner],
    );
    const source = await readEverybody(hiding, createLookups(hiding), bench.clock.now);
    await assert.rejects(source.contractsOf(owner), (error) => isNexudusError(error, 'malformed'));
    assert.equal((await source.contractsOf(members[0] ?? 0)).contracts.length, 1);
  });

  it('is no sign of an ignored filter, where it does not say when it was written', () => {
    const { holds } = updatedSince('teams', Date.parse('2026-11-24T12:00:30Z'));
    const holdsOf = (updatedOn: string): boolean => holds({ updatedOn } as never);
    for (const unsaid of [
      '',
      'lately',
      '0001-01-01T00:00:00',
      '9999-12-31T23:59:59Z',
      '2026-11-24T12:00:00Z',
    ])
      assert.equal(holdsOf(unsaid), true, unsaid);
    assert.equal(holdsOf('2026-11-24T11:59:59Z'), false);
  });

  it('may be a pass that ends in another century, which a search by that date finds', () => {
    const { holds } = expiringFrom(Date.parse('2026-11-24T12:00:00Z'));
    assert.equal(holds({ expiresAt: null } as never), true);
    assert.equal(holds({ expiresAt: Date.parse('2026-11-24T11:59:00Z') } as never), false);
  });

  it('is passed over where all contracts must be looked through for one', async () => {
    const sound = { Id: 5, UpdatedOn: '', UniqueId: 'c-5', CoworkerId: 1, TariffId: 2, Cancelled: false };
    const stub = await startStub((asked) =>
      asked.path.endsWith('coworkercontracts')
        ? pageOf([sound, { ...sound, Id: 6, UniqueId: 'c-6' }, { ...sound, Id: 7, CoworkerId: null }], asked)
        : pageOf([], asked),
    );
    try {
      assert.equal((await findContract(stub.client, 'c-5'))?.id, 5);
    } finally {
      await stub.stop();
    }
  });

  it('may have no id, be null or no object at all, several times over, and is told apart', async () => {
    const sound = { Id: 5, UpdatedOn: '', BusinessId: 1, Name: 'a', Value: 'b' };
    const rows = [
      sound,
      null,
      null,
      7,
      'row',
      { ...sound, Id: null },
      { ...sound, Id: null },
      { ...sound, Id: '5' },
      [],
    ];
    const stub = await startStub((asked) => pageOf(rows, asked));
    try {
      const { rows: read, broken } = await stub.client.listSparing('businesssettings');
      assert.deepEqual(
        read.map(({ id }) => id),
        [5],
      );
      assert.equal(broken.length, rows.length - 1);
      assert.ok(broken.every(({ id, ownerId }) => id === null && ownerId === null));
    } finally {
      await stub.stop();
    }
  });
});
