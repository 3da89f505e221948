import assert from 'node:assert/strict';
import { parseIds, parseInstant } from '../../nexudus/fields.js';
import { parseCutOff } from '../../nexudus/places.js';
import type { CollectionName, Records } from '../../nexudus/records.js';
import { collections } from '../../nexudus/schemas.js';
import { joinPauses } from '../../nexudus/source.js';

const base = { Id: 7, UpdatedOn: '2026-11-24T10:00:00Z' };
const coworker = { ...base, CoworkerType: 1, FullName: 'Ann Lee', Email: 'ann@example.com', Active: true };
const contract = { ...base, UniqueId: 'C-1', CoworkerId: 1, TariffId: 2, Cancelled: false };
const pass = { ...base, UniqueId: 'P-1', CoworkerId: 1, TimePassId: 2, BusinessId: 3, Used: false };

function parse<N extends CollectionName>(name: N, row: unknown): Records[N] {
  return collections[name].schema.parse(row);
}

function isMalformed(name: CollectionName, row: unknown): boolean {
  return !collections[name].schema.safeParse(row).success;
}

describe('Nexudus records', () => {
  describe('a coworker', () => {
    it('has an e-mail without blanks and capitals, and keeps how it was written for searches', () => {
      const { email, emailAsWritten } = parse('coworkers', { ...coworker, Email: '  Ann@Example.com ' });
      assert.deepEqual(
        { email, emailAsWritten },
        { email: 'ann@example.com', emailAsWritten: 'Ann@Example.com' },
      );
    });

    it('is malformed where a field that decides access is missing or no boolean', () => {
      const withoutActive = { ...coworker, Active: undefined };
      const withoutEmail = { ...coworker, Email: undefined };
      for (const row of [
        withoutActive,
        withoutEmail,
        { ...coworker, Active: 'true' },
        { ...coworker, Active: null },
      ]) {
        assert.ok(isMalformed('coworkers', row));
      }
    });

    it('has no e-mail where the record says null', () => {
      assert.equal(parse('coworkers', { ...coworker, Email: null }).email, '');
    });

    it('of type 2 is a company', () => {
      assert.equal(parse('coworkers', { ...coworker, CoworkerType: 2 }).individual, false);
      assert.equal(parse('coworkers', coworker).individual, true);
    });

    it('takes its teams from the array, from the comma text, or from both', () => {
      assert.deepEqual(parse('coworkers', { ...coworker, Teams: [5], TeamIds: '5,6' }).teamIds, [5, 6]);
      assert.deepEqual(parse('coworkers', { ...coworker, TeamIds: '' }).teamIds, []);
      assert.equal(parse('coworkers', coworker).teamIds, null);
    });

    it('may carry fields that nobody here knows', () => {
      assert.equal(parse('coworkers', { ...coworker, Surprise: { deep: true } }).id, 7);
    });
  });

  describe('a contract', () => {
    it('is paused where its own flag says so, with the dates it gives', () => {
      const row = { ...contract, InPausedPeriod: true, InPausedPeriodFrom: '2026-11-01T00:00:00Z' };
      assert.deepEqual(parse('coworkercontracts', row).pauses, [
        { from: Date.UTC(2026, 10, 1), until: null },
      ]);
    });

    it('is not paused by dates alone: the flag then tells of a pause to come, which its own record has', () => {
      const row = { ...contract, InPausedPeriod: false, InPausedPeriodFrom: '2027-11-01T00:00:00Z' };
      assert.deepEqual(parse('coworkercontracts', row).pauses, []);
    });

    it('was written when its pause was, where that was later', () => {
      const changedAt = (updatedOn: string): number | null =>
        joinPauses(parse('coworkercontracts', contract), [
          { contractId: 7, pause: { from: 0, until: null }, updatedOn },
          { contractId: 8, pause: { from: 0, until: null }, updatedOn: '2026-12-01T00:00:00Z' },
        ]).changedAt;
      assert.equal(changedAt('2026-11-25T00:00:00Z'), Date.UTC(2026, 10, 25));
      assert.equal(changedAt('2026-11-01T00:00:00Z'), Date.UTC(2026, 10, 24, 10));
      assert.equal(changedAt(''), Date.UTC(2026, 10, 24, 10));
    });

    it('says whether Nexudus calls it active, and is whole whatever stands there', () => {
      const activeOf = (Active: unknown): unknown =>
        parse('coworkercontracts', { ...contract, Active }).active;
      assert.deepEqual([true, false].map(activeOf), [true, false]);
      assert.deepEqual([null, undefined, 'yes', 1].map(activeOf), [
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
    });

    it('never reads the wall-clock twins', () => {
      const row = { ...contract, StartDate: '2026-04-09T22:00:00Z', StartDateLocal: 'nonsense' };
      assert.equal(parse('coworkercontracts', row).startsAt, Date.UTC(2026, 3, 9, 22));
    });
  });

  it('know nothing of a pause without either date, which is no pause for ever', () => {
    for (const dates of [{}, { PauseFrom: null, PauseUntil: null }, { PauseFrom: '' }])
      isMalformed('contractpausedperiods', { ...base, CoworkerContractId: 8, ...dates });
    const open = { PauseFrom: '2026-12-01T00:00:00Z', PauseUntil: null };
    const { pause } = parse('contractpausedperiods', { ...base, CoworkerContractId: 8, ...open });
    assert.equal(pause.until, null);
  });

  describe('a pass', () => {
    it('without Used is malformed', () => {
      assert.ok(isMalformed('coworkertimepasses', { ...pass, Used: undefined }));
    });

    it('with an end that is no time is malformed, not endless', () => {
      assert.ok(isMalformed('coworkertimepasses', { ...pass, ExpireDate: 'soon' }));
    });

    it('whose end is gone from the record is malformed, not endless', () => {
      assert.ok(!isMalformed('coworkertimepasses', { ...pass, ExpireDate: null, UsedDate: null }));
      assert.ok(isMalformed('coworkertimepasses', { ...pass, UsedDate: null }));
    });

    it('is endless without an end where Nexudus writes no nulls at all', () => {
      assert.equal(parse('coworkertimepasses', pass).expiresAt, null);
    });

    it('has neutral values where Nexudus says nothing', () => {
      assert.deepEqual(parse('coworkertimepasses', { ...pass, CoworkerContractUniqueId: '' }), {
        id: 7,
        updatedOn: '2026-11-24T10:00:00Z',
        uniqueId: 'p-1',
        memberId: 1,
        passTypeId: 2,
        locationId: 3,
        used: false,
        usedAt: null,
        checkedIn: false,
        remainingUses: null,
        expiresAt: null,
        fromPlan: false,
        contractUniqueId: null,
        allowanceUniqueId: null,
        changedAt: Date.UTC(2026, 10, 24, 10),
      });
    });

    it('does not say when it was written where that is no time', () => {
      for (const UpdatedOn of ['lately', '', null])
        assert.equal(parse('coworkertimepasses', { ...pass, ExpireDate: null, UpdatedOn }).changedAt, null);
    });

    it('is linked to its contract whatever the case of the GUID', () => {
      const { contractUniqueId } = parse('coworkertimepasses', { ...pass, CoworkerContractUniqueId: 'c-1' });
      assert.equal(contractUniqueId, parse('coworkercontracts', contract).uniqueId);
    });
  });

  describe('a date that cannot be meant', () => {
    const early = [
      '0001-01-01T00:00:00',
      '0001-01-01T00:00:00Z',
      '1900-01-01T00:00:00Z',
      '0000-00-00T00:00:00',
    ];
    const late = [
      '2100-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '9999-12-31T23:59:59.9999999',
      '10000-01-01T00:00:00Z',
      '+275760-09-13T00:00:00Z',
      '999999-12-31T00:00:00Z',
    ];
    const endOfDates = Date.UTC(2100, 0, 1);
    type Read = (date: string) => unknown;
    const passWith = (fields: object): Records['coworkertimepasses'] =>
      parse('coworkertimepasses', { ...pass, ...fields });
    const contractWith = (fields: object): Records['coworkercontracts'] =>
      parse('coworkercontracts', { ...contract, ...fields });
    const dates = { PauseFrom: '2026-12-01T00:00:00Z', PauseUntil: '2027-01-01T00:00:00Z' };
    const pauseWith = (fields: object): unknown =>
      parse('contractpausedperiods', { ...base, CoworkerContractId: 8, ...dates, ...fields }).pause;
    const meanings: [field: string, read: Read, early: unknown, late: unknown, meaning: string][] = [
      ['UsedDate', (UsedDate) => passWith({ UsedDate }).usedAt, null, null, 'nobody knows when'],
      [
        'StartDate',
        (StartDate) => contractWith({ StartDate }).startsAt,
        null,
        endOfDates,
        'started, or not to start',
      ],
      [
        'CancellationDate',
        (CancellationDate) => contractWith({ CancellationDate }).cancelledAt,
        null,
        endOfDates,
        'not cancelled, or never to end',
      ],
      [
        'RenewalDate',
        (RenewalDate) => contractWith({ RenewalDate }).renewsAt,
        null,
        null,
        'nobody knows when',
      ],
      ['UpdatedOn', (UpdatedOn) => contractWith({ UpdatedOn }).changedAt, null, null, 'nobody knows when'],
      [
        'InPausedPeriodFrom',
        (InPausedPeriodFrom) => contractWith({ InPausedPeriod: true, InPausedPeriodFrom }).pauses[0]?.from,
        0,
        endOfDates,
        'begun, or not to begin',
      ],
      [
        'PauseFrom',
        (PauseFrom) => pauseWith({ PauseFrom }),
        { from: 0, until: Date.parse(dates.PauseUntil) },
        { from: endOfDates, until: Date.parse(dates.PauseUntil) },
        'begun, or not to begin',
      ],
      [
        'PauseUntil',
        (PauseUntil) => pauseWith({ PauseUntil }),
        { from: Date.parse(dates.PauseFrom), until: null },
        { from: Date.parse(dates.PauseFrom), until: null },
        'without a known end',
      ],
      ['ToTime', (ToTime) => parse('checkins', { ...base, ToTime }).open, true, true, 'an open check-in'],
    ];
    for (const [field, read, ofEarly, ofLate, meaning] of meanings) {
      it(`says of ${field}: ${meaning}`, () => {
        for (const date of early) assert.deepEqual(read(date), ofEarly, date);
        for (const date of late) assert.deepEqual(read(date), ofLate, date);
      });
    }

    it('says of ExpireDate: no end known where it is late, and stays as it is where it is early, to be seen', () => {
      for (const date of late) assert.equal(passWith({ ExpireDate: date }).expiresAt, null, date);
      for (const date of early) {
        const { expiresAt } = passWith({ ExpireDate: date });
        assert.ok(expiresAt !== null && expiresAt < Date.UTC(2000, 0, 1), date);
      }
    });

    it('is no date at all where no year, or no day of one, can be made out', () => {
      for (const ExpireDate of ['1-1-1', '99999999-01-01T00:00:00Z', '2026-02-45T00:00:00Z'])
        assert.ok(isMalformed('coworkertimepasses', { ...pass, ExpireDate }), ExpireDate);
    });

    it('is not one that lies just within the years that can be meant', () => {
      const { expiresAt } = passWith({ ExpireDate: '2099-12-31T23:59:59Z' });
      assert.equal(expiresAt, Date.UTC(2099, 11, 31, 23, 59, 59));
      assert.equal(contractWith({ StartDate: '2000-01-01T00:00:00Z' }).startsAt, Date.UTC(2000, 0, 1));
    });
  });

  it('is malformed where it does not say whose it is', () => {
    for (const nobody of [null, undefined, 0, -1, 1.5, '1', 'Ann', {}, []]) {
      assert.ok(isMalformed('coworkertimepasses', { ...pass, CoworkerId: nobody }), JSON.stringify(nobody));
      assert.ok(
        isMalformed('coworkercontracts', { ...contract, CoworkerId: nobody }),
        JSON.stringify(nobody),
      );
      assert.ok(
        isMalformed('contractpausedperiods', { ...base, CoworkerContractId: nobody }),
        JSON.stringify(nobody),
      );
      assert.ok(isMalformed('coworkers', { ...coworker, Id: nobody }), JSON.stringify(nobody));
    }
  });

  it('reads the Kisi groups of a pass type out of a text', () => {
    const groupsOf = (KisiGroupId: unknown): unknown[] => {
      const type = { ...base, Name: 'Day', BusinessId: 1, KisiGroupId };
      const { ids, unclear } = parse('timepasses', type).kisiGroups;
      return [...ids, ...(unclear === null ? [] : [unclear])];
    };
    assert.deepEqual(groupsOf('101'), [101]);
    assert.deepEqual(groupsOf('101, 102;103 ,'), [101, 102, 103]);
    assert.deepEqual(groupsOf(104), [104]);
    for (const none of [null, '', ' ', '0', 0]) assert.deepEqual(groupsOf(none), []);
    assert.deepEqual(groupsOf('101, front door'), [101, 'KisiGroupId is no list of Kisi group ids']);
    assert.deepEqual(groupsOf(undefined), ['KisiGroupId is missing']);
    for (const odd of [true, {}, [101]]) assert.deepEqual(groupsOf(odd), ['KisiGroupId is no text']);
  });

  it('knows the renewal periods by their numbers', () => {
    const renews = (PassRenewalTime: number): string =>
      parse('tarifftimepasses', { ...base, UniqueId: 'a', TariffId: 1, TimePassId: 2, PassRenewalTime })
        .renews;
    assert.deepEqual([1, 2, 3, 4, 5, 0].map(renews), [
      'week',
      'calendarMonth',
      'billingCycle',
      'year',
      'day',
      'billingCycle',
    ]);
  });

  it('calls a check-in open as long as it has no end', () => {
    assert.equal(parse('checkins', { ...base, CoworkerId: 1, ToTime: null }).open, true);
    assert.equal(parse('checkins', { ...base, CoworkerId: 1, ToTime: '2026-11-24T12:00:00Z' }).open, false);
  });

  describe('timestamps', () => {
    const noon = Date.UTC(2026, 10, 24, 12);
    for (const text of [
      '2026-11-24T12:00:00Z',
      '2026-11-24T12:00:00.0000000Z',
      '2026-11-24T12:00:00',
      '2026-11-24T12:00',
      '2026-11-24T13:00:00+01:00',
    ]) {
      it(`reads ${text} as noon UTC`, () => {
        assert.equal(parseInstant(text), noon);
      });
    }
    it('reads nothing out of what is no timestamp', () => {
      for (const text of ['', 'tomorrow', '24/11/2026', '2026-13-01T00:00:00Z'])
        assert.equal(parseInstant(text), null);
    });
  });

  it('drops ids that are none, and doubles', () => {
    assert.deepEqual(parseIds(' 1, 2;2, x, -3, 4.5, 0'), [1, 2]);
  });

  describe('the daily cut-off', () => {
    const cases: [text: string, minutes: number][] = [
      ['05:00', 300],
      ['5:30', 330],
      ['05:00:00', 300],
      ['300', 300],
      ['2024-01-01T05:00:00Z', 300],
      ['', 0],
      ['5 in the morning', 0],
      ['05:00 PM', 0],
      ['24:30', 0],
      ['1440', 0],
    ];
    for (const [text, minutes] of cases) {
      it(`is ${minutes} minutes after midnight for '${text}'`, () => {
        assert.equal(parseCutOff(text), minutes);
      });
    }
  });
});
