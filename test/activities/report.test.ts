import assert from 'node:assert/strict';
import type { LedgerKey } from '../../access/plan.js';
import type { Contract, Pass, Profile } from '../../access/types.js';
import { judge } from '../../activities/membership.js';
import { reportOn, type ReportTerms, type SpaceReport } from '../../activities/report.js';
import type { KisiSideKey } from '../../activities/preview.js';
import type { Survey, Surveyed } from '../../activities/survey.js';
import {
  at,
  contract,
  exception,
  member,
  pass,
  passType,
  planPass,
  profile,
  rome,
  rules,
  snapshot,
} from '../support/builders.js';
import { ledgerKey } from '../support/stores.js';

const now = at('2026-11-25T10:00:00Z');
const hour = 3_600_000;
const day = 24 * hour;
/** A pass type that opens group 13, beside the builders' own, which opens group 12. */
const other = passType({ id: 31, name: 'Office', kisiGroupIds: [13] });
const unmapped = passType({ id: 32, name: 'Meeting room', kisiGroupIds: [] });

const key = (over: Partial<KisiSideKey> = {}): KisiSideKey => ({
  groupId: 12,
  roleId: 'group_basic',
  validUntil: null,
  ...over,
});

const own = (over: Partial<LedgerKey> = {}): LedgerKey =>
  ledgerKey({ validUntil: now + 7 * day, because: 'pass 900 (Day pass): no end known', ...over });

/** Member 100, who is user 5 in Kisi with these keys, none of them made by Latchkey. */
function person(record: Partial<Profile>, keys: KisiSideKey[], over: Partial<Surveyed> = {}): Surveyed {
  const whole = snapshot({ profiles: [profile(record)], passTypes: [passType(), other, unmapped] });
  return {
    memberId: 100,
    read: { snapshot: whole, gone: false, doubts: [], broken: [], written: [], records: '' },
    holdings: { ledger: [], kisiUser: null, siblingIds: [], frozen: [] },
    kisi: { userId: 5, keys },
    hasWorkflow: true,
    ...over,
  };
}

/** The same member, some of whose keys Latchkey made or moved. */
function served(record: Partial<Profile>, keys: KisiSideKey[], ledger: LedgerKey[]): Surveyed {
  const one = person(record, keys);
  const { emailDigest } = judge(one.read, { memberId: 100, held: [] }, rules(), [], now);
  assert.ok(emailDigest);
  return { ...one, holdings: { ...one.holdings, ledger, kisiUser: { id: 5, emailDigest } } };
}

function compared(survey: Partial<Survey>, over: Partial<ReportTerms> = {}): SpaceReport {
  const terms = { rules: rules(), mapped: new Set([12, 13]), locationId: null, now, ...over };
  return reportOn({ people: [], strangers: [], unread: [], exceptions: [], ...survey }, terms);
}

/** The only difference, in short, with the only finding's reason. */
function only({ differences }: SpaceReport): [string, string | null] {
  assert.equal(differences.length, 1);
  const [{ kind, cause, does, findings } = assert.fail()] = differences;
  assert.equal(findings.length, 1);
  return [[kind, cause, does].filter((one) => one !== null).join(' '), findings[0]?.why ?? null];
}

const final: Pass = pass({ expiresAt: now + 2 * day + 30 * 60_000 });

describe('what Kisi holds, compared with the rules', () => {
  it('agrees where the rules want a key and one reaches that far', () => {
    for (const validUntil of [now + 8 * day, now + 300 * day]) {
      const { keys, differences, requests } = compared({
        people: [person({ passes: [pass()] }, [key({ validUntil })])],
      });
      assert.deepEqual([keys.agreeing, keys.disagreeing, differences], [1, 0, []]);
      // It is tried, refused, and found.
      assert.equal(requests, 2);
    }
  });

  it('agrees where Latchkey made the key, and nothing is to be done', () => {
    const validUntil = now + 7 * day;
    const ours = served({ passes: [pass()] }, [key({ validUntil })], [own({ validUntil })]);
    const { keys, differences, requests } = compared({ people: [ours] });
    assert.deepEqual([keys.agreeing, differences, requests], [1, [], 0]);
  });

  it('agrees as well where the secret of the installation is another one since the key was made', () => {
    const validUntil = now + 7 * day;
    const ours = served({ passes: [pass()] }, [key({ validUntil })], [own({ validUntil })]);
    const kisiUser = { id: 5, emailDigest: 'by another secret' };
    const { keys, differences, requests } = compared({
      people: [{ ...ours, holdings: { ...ours.holdings, kisiUser } }],
    });
    assert.deepEqual([keys.agreeing, differences, requests], [1, [], 0]);
  });

  it('tells of a key that agrees and that nothing would end, without calling it a disagreement', () => {
    const made = compared({ people: [person({ passes: [pass()] }, [key()])] });
    assert.deepEqual(only(made)[0], 'neverEnds leaves');
    assert.deepEqual([made.keys.agreeing, made.keys.disagreeing], [1, 0]);
    const byHand = own({ byHand: true, validUntil: null });
    const serves = compared({ people: [served({ passes: [pass()] }, [key()], [byHand])] });
    assert.deepEqual(only(serves)[0], 'neverEnds leaves');
  });

  it('agrees where a person took the end off a key that Latchkey made: it is taken away all the same', () => {
    const { keys, differences } = compared({ people: [served({ passes: [pass()] }, [key()], [own()])] });
    assert.deepEqual([keys.agreeing, differences], [1, []]);
  });

  it('missing: given, with an invitation where Kisi does not know the person', () => {
    const known = compared({ people: [person({ passes: [pass()] }, [])] });
    assert.deepEqual(only(known), ['missing gives', 'pass 900 (Day pass): no end known']);
    assert.equal(known.invitations, 0);
    const nobody = { userId: null, keys: [] };
    const unknown = compared({ people: [person({ passes: [pass()] }, [], { kisi: nobody })] });
    assert.equal(only(unknown)[0], 'missing invites');
    assert.deepEqual([unknown.keys.disagreeing, unknown.invitations, unknown.requests], [1, 1, 2]);
  });

  it('missing: a key that Latchkey made and that somebody took away in Kisi takes a resync', () => {
    const gone = served({ passes: [pass()] }, [], [own()]);
    assert.equal(only(compared({ people: [gone] }))[0], 'missing resync');
  });

  it('missing: a group that is frozen for the member says so', () => {
    const frozen = person({ passes: [pass()] }, []);
    const freeze = { groupId: 12, until: now + day, why: 'undone by Mia', endsWithRules: null };
    frozen.holdings.frozen = [freeze];
    const [what, why] = only(compared({ people: [frozen] }));
    assert.equal(what, 'missing waits');
    assert.match(why ?? '', /not touched now: undone by Mia$/);
  });

  it('does not miss what only waits for its renewal, and leaves a key there alone', () => {
    const waiting = { passes: [planPass({ expiresAt: now - 60_000 })], contracts: [contract()] };
    assert.deepEqual(compared({ people: [person(waiting, [])] }).differences, []);
    const held = compared({ people: [person(waiting, [key({ validUntil: now + hour })])] });
    assert.deepEqual([held.keys.agreeing, held.differences], [1, []]);
  });

  it('endsTooEarly: moved on', () => {
    const made = compared({ people: [person({ passes: [final] }, [key({ validUntil: now + hour })])] });
    const [what, why] = only(made);
    assert.equal(what, 'endsTooEarly moves');
    assert.match(why ?? '', /^pass 900 \(Day pass\), which expires at 2026-11-27/);
    assert.equal(made.differences[0]?.findings[0]?.ends, now + hour);
  });

  it('endsLater: left alone where a person gave it, brought forward where Latchkey did', () => {
    for (const validUntil of [null, now + 30 * day]) {
      const given = compared({ people: [person({ passes: [final] }, [key({ validUntil })])] });
      assert.equal(only(given)[0], 'endsLater leaves');
    }
    const validUntil = now + 7 * day;
    const ours = served({ passes: [final] }, [key({ validUntil })], [own({ validUntil })]);
    assert.equal(only(compared({ people: [ours] }))[0], 'endsLater moves');
  });

  it('agrees to the second, which is all that Kisi may keep', () => {
    const until = at('2026-11-26T00:00:00Z');
    const ending = pass({ expiresAt: until });
    // Date-only in neither zone: it ends at just that instant, and the door 15 minutes after.
    const exact = compared({
      people: [person({ passes: [ending] }, [key({ validUntil: until + 15 * 60_000 - 500 })])],
    });
    assert.deepEqual([exact.keys.agreeing, exact.differences], [1, []]);
  });

  const unwarranted: [string, RegExp, Partial<Profile>][] = [
    ['member', /Coworker 100 Active is false/, { member: member({ active: false }), passes: [pass()] }],
    ['member', /Coworker 100 Archived is true/, { member: member({ archived: true }) }],
    ['uses', /CoworkerTimePass 900 RemainingUses is 0/, { passes: [pass({ remainingUses: 0 })] }],
    ['expiry', /CoworkerTimePass 900 ExpireDate/, { passes: [pass({ expiresAt: now - 2 * day })] }],
    ['contract', /CoworkerContract 500 CancellationDate/, { passes: [planPass()], contracts: [cancelled()] }],
    ['mapping', /^pass 900 does not open group 12$/, { passes: [pass({ passTypeId: 31 })] }],
    ['mapping', /^TimePass 32 maps to no group/, { passes: [pass({ passTypeId: 32 })] }],
    ['noPass', /^Coworker 100 has no pass$/, {}],
    ['noPass', /^no pass opens group 12$/, { passes: [pass({ passTypeId: 31, expiresAt: now - 2 * day })] }],
    // Of several the newest pass speaks.
    [
      'uses',
      /CoworkerTimePass 901/,
      { passes: [pass({ id: 901, used: true }), pass({ expiresAt: now - 2 * day })] },
    ],
  ];
  for (const [cause, why, record] of unwarranted) {
    it(`unwarranted because of ${cause}, ${String(why)}: left where Latchkey did not make it, else taken away`, () => {
      const left = compared({ people: [person(record, [key()])] });
      const found = left.differences.find(({ kind }) => kind === 'unwarranted');
      assert.deepEqual([found?.cause, found?.does], [cause, 'leaves']);
      assert.match(found?.findings[0]?.why ?? '', why);
      const validUntil = now + 3 * day;
      const ours = served(record, [key({ validUntil })], [own({ validUntil })]);
      const taken = compared({ people: [ours] }).differences.find(({ kind }) => kind === 'unwarranted');
      assert.deepEqual([taken?.cause, taken?.does], [cause, 'takesAway']);
    });
  }

  it('unwarranted because of a block, whatever became of some pass; wanted because of an allow', () => {
    const passes = [pass(), pass({ id: 901, expiresAt: now - day })];
    const blocks = [exception({ kind: 'block' })];
    assert.deepEqual(only(compared({ people: [person({ passes }, [key()])], exceptions: blocks })), [
      'unwarranted exception leaves',
      'exception 7: blocked by gina until 2026-12-01T00:00:00Z: forgot to renew',
    ]);
    assert.deepEqual(only(compared({ people: [person({}, [])], exceptions: [exception()] })), [
      'missing gives',
      'exception 7 (allowed by gina), which ends at 2026-12-01T00:00:00Z',
    ]);
  });

  it('unwarranted: a key that Latchkey had moved on gets its own end back', () => {
    const validUntil = now + 3 * day;
    const ours = served({}, [key({ validUntil })], [own({ validUntil, handUntil: now + 2 * day })]);
    assert.equal(only(compared({ people: [ours] }))[0], 'unwarranted noPass givesBack');
  });

  it('unwarranted: a key on the Kisi user of an earlier e-mail, where the member is gone or has another e-mail now', () => {
    const stranger = { userId: 6, keys: [key()] };
    const ledger = [own({ userId: 6 })];
    const gone = {
      ...served({}, [], ledger),
      read: { snapshot: null, gone: true, doubts: [], broken: [], written: [], records: '' },
      kisi: { userId: null, keys: [] },
    };
    const left = compared({ people: [gone], strangers: [stranger] });
    assert.deepEqual(only(left), ['unwarranted member takesAway', 'Nexudus has no such coworker any more.']);
    const moved = compared({
      people: [{ ...person({ passes: [pass()] }, []), holdings: gone.holdings }],
      strangers: [stranger],
    });
    assert.deepEqual(
      moved.differences.map(({ kind, does }) => [kind, does]),
      [
        ['missing', 'gives'],
        ['unwarranted', 'takesAway'],
      ],
    );
  });

  it('unwarranted: a key on an earlier Kisi user goes, and one that was given by hand to the new user is left', () => {
    const changed = served({}, [key()], [own({ userId: 6 })]);
    const { differences } = compared({ people: [changed], strangers: [{ userId: 6, keys: [key()] }] });
    const found = differences.map(({ does, findings }) => [does, findings[0]?.userId]);
    assert.deepEqual(found, [
      ['leaves', 5],
      ['takesAway', 6],
    ]);
  });

  it('unwarranted: a key that serves but was given by hand is left, whoever holds it', () => {
    const byHand = own({ byHand: true, validUntil: null });
    const [what] = only(compared({ people: [served({}, [key()], [byHand])] }));
    assert.equal(what, 'unwarranted noPass leaves');
    const moved = served({}, [], [{ ...byHand, userId: 6 }]);
    const stranger = { userId: 6, keys: [key()] };
    assert.equal(only(compared({ people: [moved], strangers: [stranger] }))[0], 'unknownPerson leaves');
  });

  it('unknownPerson: a key of a Kisi user who is no coworker', () => {
    const made = compared({ strangers: [{ userId: 6, keys: [key()] }] });
    assert.deepEqual(only(made), ['unknownPerson leaves', null]);
    assert.equal(made.differences[0]?.findings[0]?.memberId, null);
  });

  it('says of each key that was there whether the policy takes it over, and why not', () => {
    const terms = { rules: rules({ existingKeys: 'adopt' }) };
    const [mine, because] = only(compared({ people: [person({ passes: [pass()] }, [key()])] }, terms));
    assert.equal(mine, 'takenOver takesOver');
    assert.match(because ?? '', /^pass 900/);
    const boss = { userId: 5, keys: [key()], higherRole: 'place_owner' };
    const kept = compared({ people: [person({ passes: [pass()] }, [], { kisi: boss })] }, terms);
    assert.equal(only(kept)[0], 'notTakenOver leaves');
    assert.match(only(kept)[1] ?? '', /; the person is place_owner in Kisi$/);
    assert.deepEqual([kept.keys.agreeing, kept.keys.disagreeing], [1, 0]);
    const manager = key({ roleId: 'group_manager' });
    const [higher] = only(compared({ people: [person({ passes: [pass()] }, [manager])] }, terms));
    assert.equal(higher, 'otherRole leaves');
  });

  it('says of a Kisi user whose e-mail is only like a member’s that it is another e-mail', () => {
    const [what, why] = only(compared({ strangers: [{ userId: 6, keys: [key()], likeMemberId: 100 }] }));
    assert.equal(what, 'unknownPerson leaves');
    assert.match(why ?? '', /^the e-mail is much like that of member 100, but another/);
  });

  it('says of a key on no record that Latchkey’s own Kisi user made it, and leaves it', () => {
    const byUs = key({ createdById: 1 });
    const said = 'made by Latchkey’s own Kisi user, but no record says so';
    const mine = only(compared({ people: [person({}, [byUs])] }, { apiUserId: 1 }));
    assert.equal(mine[0], 'unwarranted noPass leaves');
    assert.ok(mine[1]?.endsWith(said), String(mine[1]));
    const strange = { strangers: [{ userId: 6, keys: [byUs] }] };
    assert.deepEqual(only(compared(strange, { apiUserId: 1 })), ['unknownPerson leaves', said]);
    for (const other of [{ apiUserId: 2 }, { apiUserId: null }, {}]) {
      assert.deepEqual(only(compared(strange, other)), ['unknownPerson leaves', null]);
      assert.doesNotMatch(only(compared({ people: [person({}, [byUs])] }, other))[1] ?? '', /made by/);
    }
    const nobodys = { strangers: [{ userId: 6, keys: [key({ createdById: null })] }] };
    assert.deepEqual(only(compared(nobodys, { apiUserId: null })), ['unknownPerson leaves', null]);
  });

  it('otherRole: a higher role, of a member or not, whether the rules want a key or not', () => {
    const manager = key({ roleId: 'group_manager' });
    const [wanted, why] = only(compared({ people: [person({ passes: [pass()] }, [manager])] }));
    assert.equal(wanted, 'otherRole leaves');
    assert.match(why ?? '', /^group_manager; pass 900/);
    assert.equal(only(compared({ people: [person({}, [manager])] }))[0], 'otherRole leaves');
    assert.equal(only(compared({ strangers: [{ userId: 6, keys: [manager] }] }))[0], 'otherRole leaves');
    const early = key({ roleId: 'group_manager', validUntil: now + hour });
    const [, says] = only(compared({ people: [person({ passes: [pass()] }, [early])] }));
    assert.match(says ?? '', /it ends before that/);
  });

  it('unreadableEnd: of a member or not, whether the rules want a key or not, and of no other group', () => {
    const odd = key({ validUntil: 'unreadable' });
    const [wanted, why] = only(compared({ people: [person({ passes: [pass()] }, [odd])] }));
    assert.deepEqual([wanted, why], ['unreadableEnd leaves', 'pass 900 (Day pass): no end known']);
    assert.equal(only(compared({ people: [person({}, [odd])] }))[0], 'unreadableEnd leaves');
    assert.equal(only(compared({ strangers: [{ userId: 6, keys: [odd] }] }))[0], 'unreadableEnd leaves');
    const elsewhere = key({ validUntil: 'unreadable', groupId: 99 });
    assert.deepEqual(compared({ people: [person({}, [elsewhere])] }).keys.otherGroups, 1);
  });

  it('cannotTell: a member that could not be read, or whose location has no known time zone', () => {
    const unread = [{ memberId: 7, why: 'record 7 is malformed' }];
    const made = compared({ unread });
    assert.deepEqual(only(made), ['cannotTell waits', 'record 7 is malformed']);
    assert.equal(made.keys.disagreeing, 0);
    const nowhere = person({ passes: [pass({ used: true, usedAt: now - hour })] }, [key()]);
    assert.ok(nowhere.read.snapshot);
    nowhere.read.snapshot.locations = [{ ...rome, timeZone: null }];
    assert.equal(only(compared({ people: [nowhere] }))[0], 'cannotTell waits');
  });

  it('leaves out keys to groups that no pass type opens, and those that ended by themselves', () => {
    const elsewhere = key({ groupId: 99 });
    const over = key({ validUntil: now - 1 });
    const { keys, differences } = compared({
      people: [person({}, [elsewhere, over])],
      strangers: [{ userId: 6, keys: [elsewhere, over] }],
    });
    assert.deepEqual([keys, differences], [{ agreeing: 0, disagreeing: 0, otherGroups: 2, ended: 2 }, []]);
  });

  it('takes away its own key to a group that nothing opens any more', () => {
    const validUntil = now + 3 * day;
    const ours = served(
      { passes: [pass({ passTypeId: 32 })] },
      [key({ groupId: 99, validUntil })],
      [own({ groupId: 99, validUntil })],
    );
    assert.equal(only(compared({ people: [ours] }))[0], 'unwarranted mapping takesAway');
  });

  it('counts as members who have records or a workflow, and of a location only its own', () => {
    const contact = person({ member: member({ id: 101 }) }, [key()], { memberId: 101, hasWorkflow: false });
    const people = [person({ passes: [pass()] }, []), contact];
    const strangers = [{ userId: 6, keys: [key()] }];
    const all = compared({ people, strangers });
    assert.deepEqual([all.members, all.keys.disagreeing], [1, 3]);
    assert.deepEqual(compared({ people, strangers }, { locationId: 1 }).keys.disagreeing, 2);
    const elsewhere = compared({ people, strangers }, { locationId: 2 });
    assert.deepEqual([elsewhere.members, elsewhere.keys.disagreeing], [0, 0]);
  });

  it('puts together what has the same kind, cause and consequence', () => {
    const people = [100, 101, 102].map((memberId) => person({}, [key()], { memberId }));
    const { differences } = compared({ people: [...people, person({ passes: [pass()] }, [])] });
    assert.deepEqual(
      differences.map(({ kind, findings }) => [kind, findings.length]),
      [
        ['missing', 1],
        ['unwarranted', 3],
      ],
    );
  });
});

function cancelled(): Contract {
  return contract({ cancelledAt: now - day });
}
