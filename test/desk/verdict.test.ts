import assert from 'node:assert/strict';
import { verdict } from '../../desk/verdict.js';
import { standingOf } from '../../desk/standing.js';
import type { Snapshot } from '../../access/types.js';
import type { AuditRecord } from '../../database/audit-records.js';
import type { MemberView } from '../../messages/to-member.js';
import { willFailAgain } from '../../kisi/errors.js';
import type { MemberRead } from '../../nexudus/reader.js';
import type { InKisiInFull } from '../../space/in-kisi.js';
import type { KnownMember } from '../../space/member-workflows.js';
import { endWords, secondWords, timeWords } from '../../space/times.js';
import { at, contract, exception, member, pass, planPass, profile, snapshot } from '../support/builders.js';
import { aKey, governed, kisiDown, person, view, watched, type Over } from './facts.js';

const now = at('2026-11-29T10:00:00Z');
const zone = 'Europe/Rome';

function sentence(over: Over = {}): string {
  return verdictOf(over).sentence;
}

function verdictOf(over: Over = {}): ReturnType<typeof verdict> {
  const { asOf = null, invitation = null, listedName = null, ...facts } = over;
  return verdict(standingOf(person({ now, ...facts }), { asOf, invitation, listedName }));
}

const read = (one: Snapshot | null): { value: MemberRead } => ({
  value: { snapshot: one, gone: one === null, doubts: [], broken: [], written: [], records: '' },
});
const withPasses = (...passes: ReturnType<typeof pass>[]): ReturnType<typeof read> =>
  read(snapshot({ profiles: [profile({ passes })] }));
const inKisi = (over: Partial<InKisiInFull> = {}): { value: InKisiInFull } => ({
  value: { userId: 5, isSuspended: false, keys: [], widerRoles: [], ...over },
});
const waits = (what: string): MemberView['waitingFor'] => ({
  what,
  since: '2026-11-29T09:42:00Z',
  wakes: 'by itself',
});
const row = (over: Partial<MemberView>, more: Partial<KnownMember> = {}): ReturnType<typeof watched> =>
  watched({ view: view(over), ...more });

const bought = withPasses(pass({ expiresAt: at('2026-11-30T05:15:00Z') }));
const noPass = withPasses();

describe('the verdict on one person', () => {
  it('says what can be opened, and until when by the rules', () => {
    const { outcome, sentence: says } = verdictOf({ records: bought, inKisi: inKisi({ keys: [aKey()] }) });
    assert.equal(outcome, 'can');
    assert.equal(says, `Ada Example can open Office until ${endWords(at('2026-11-30T05:15:00Z'), zone)}.`);
  });

  it('says that there is no end where none is known', () => {
    const endless = { records: withPasses(pass()), inKisi: inKisi({ keys: [aKey()] }) };
    assert.equal(sentence(endless), 'Ada Example can open Office, with no end known.');
  });

  it('says when the last pass was used up, and not what other passes lacked', () => {
    const used = pass({ id: 901, used: true, usedAt: at('2026-11-27T09:00:00Z') });
    const old = pass({ id: 900, expiresAt: at('2026-11-01T09:00:00Z') });
    const { outcome, sentence: says } = verdictOf({ records: withPasses(old, used) });
    assert.equal(outcome, 'cannot');
    assert.equal(
      says,
      `Ada Example can’t get in: the last pass was used up on ${timeWords(at('2026-11-27T09:00:00Z'), zone)}.`,
    );
  });

  it('says when the plan hands out the next pass', () => {
    const used = planPass({ used: true, usedAt: at('2026-11-27T09:00:00Z'), expiresAt: null });
    const monthly = snapshot({
      readAt: now,
      profiles: [profile({ passes: [used], contracts: [contract()] })],
      allowances: [{ uniqueId: 'allowance-1', planId: 70, passTypeId: 30, renews: 'calendarMonth' }],
    });
    assert.match(
      sentence({ records: read(monthly) }),
      /the last pass was used up on .*; the next key comes on Tue 1 Dec( 2026)? 00:00, Rome\.$/,
    );
  });

  it('names the day that a pass expired on as Nexudus shows it', () => {
    const expired = withPasses(pass({ expiresAt: at('2026-11-20T23:00:00Z') }));
    assert.match(sentence({ records: expired }), /: the last pass expired on Sat 21 Nov( 2026)?\.$/);
  });

  it('says what bars the member, whatever the passes are', () => {
    const of = (over: Parameters<typeof member>[0]): string =>
      sentence({
        records: read(snapshot({ profiles: [profile({ member: member(over), passes: [pass()] })] })),
      });
    assert.match(of({ active: false }), /: the account is suspended in Nexudus\.$/);
    assert.match(of({ archived: true }), /: the account is archived in Nexudus\.$/);
    assert.match(of({ individual: false }), /: this is a company in Nexudus/);
    assert.match(of({ email: '' }), /: there is no e-mail in Nexudus/);
  });

  it('says what the plan lacks', () => {
    const of = (over: Parameters<typeof contract>[0]): string =>
      sentence({
        records: read(
          snapshot({ profiles: [profile({ passes: [planPass()], contracts: [contract(over)] })] }),
        ),
      });
    assert.match(
      of({ cancelledAt: at('2026-11-20T23:00:00Z') }),
      /: the plan has ended: Office on Sat 21 Nov/,
    );
    assert.match(
      of({ startsAt: at('2026-12-03T23:00:00Z') }),
      /: the plan has not begun: Office on Fri 4 Dec/,
    );
    assert.match(of({ startsAt: at('2026-12-03T23:00:00Z') }), /; the next key comes on Fri 4 Dec/);
    const paused = { pauses: [{ from: at('2026-11-01T00:00:00Z'), until: at('2026-12-09T23:00:00Z') }] };
    assert.match(
      of(paused),
      /: the plan is paused: Office until Wed 9 Dec( 2026)? 24:00, Rome; the next key/,
    );
    assert.match(
      sentence({ records: read(snapshot({ profiles: [profile({ passes: [planPass()] })] })) }),
      /: the contract that gave the pass was not found/,
    );
  });

  it('says that a pass opens no door, or that there is none', () => {
    const coffee = snapshot({ profiles: [profile({ passes: [pass({ passTypeId: 31 })] })] });
    const type = { ...coffee.passTypes[0]!, id: 31, name: 'Coffee', kisiGroupIds: [] };
    const unmapped = { ...coffee, passTypes: [type] };
    assert.match(sentence({ records: read(unmapped) }), /: this kind of pass opens no door: Coffee\.$/);
    assert.equal(sentence({ records: noPass }), 'Ada Example can’t get in: there is no pass.');
  });

  it('says who blocked the member, and when the block ends', () => {
    const block = exception({ kind: 'block', groupId: null, reason: 'a lost phone' });
    const says = sentence({ records: withPasses(pass()), governed: governed({ exceptions: [block] }) });
    assert.match(says, /: an order keeps this person out: exception 7: blocked by gina until .*a lost phone/);
    assert.match(says, /; the next key comes on Tue 1 Dec( 2026)? 01:00, Rome\.$/);
  });

  it('says that the invitation is not accepted, once that is known', () => {
    const held = { records: bought, inKisi: inKisi({ keys: [aKey()] }) };
    const invitation = { isAccepted: false, invitedAt: at('2026-11-24T09:00:00Z'), evidence: '' };
    const { outcome, sentence: says } = verdictOf({ ...held, invitation });
    assert.equal(outcome, 'waiting');
    assert.match(says, /^Ada Example has access, and has not yet accepted Kisi’s invitation of Tue 24 Nov/);
    for (const isAccepted of [true, null])
      assert.match(sentence({ ...held, invitation: { ...invitation, isAccepted } }), /can open Office/);
  });

  it('says that the key is on its way, what it waits for and since when', () => {
    const { outcome, sentence: says } = verdictOf({
      records: bought,
      watched: row({ state: 'noAccess', waitingFor: waits('Kisi is down.') }, { problem: 'Kisi' }),
    });
    assert.equal(outcome, 'waiting');
    assert.match(
      says,
      /^On its way for Ada Example: waiting for Kisi since Sun 29 Nov( 2026)? 10:42, Rome\.$/,
    );
  });

  it('says that Kisi refuses the key, and does not call that on its way', () => {
    const what = `Kisi answered 422 to POST /users: the request was not accepted because of email; ${willFailAgain}.`;
    const { outcome, sentence: says } = verdictOf({
      records: bought,
      watched: row({ state: 'noAccess', waitingFor: waits(what) }, { problem: 'Kisi' }),
    });
    assert.equal(outcome, 'cannot');
    assert.match(says, /^Ada Example can’t get in: the rules give a key, and Kisi refuses to make it\./);
  });

  it('promises a door for no longer than a key that a person gave opens it', () => {
    const until = '2026-11-29T11:30:00Z';
    const early = `Ada Example can open Office until ${endWords(at(until), zone)}.`;
    const byHand = inKisi({ keys: [aKey({ byLatchkey: false, until })] });
    assert.equal(sentence({ records: bought, inKisi: byHand }), early);
    assert.equal(sentence({ records: withPasses(pass()), inKisi: byHand }), early);
  });

  it('says that an order holds the key back', () => {
    const what = 'Latchkey only observes: mode observe by gina since 2026-11-29T09:00:00Z.';
    const says = sentence({
      records: bought,
      watched: row({ state: 'noAccess', waitingFor: waits(what) }, { problem: 'Stopped' }),
    });
    assert.match(
      says,
      /the rules give a key, and an order holds it back\. Latchkey only observes: mode observe/,
    );
    assert.match(says, /since Sun 29 Nov( 2026)? 10:00, Rome\.$/);
  });

  it('says that nobody has looked yet, that no worker answers, or that nobody looks after the person', () => {
    const is = (over: ReturnType<typeof watched>): string => sentence({ records: bought, watched: over });
    assert.match(is({ value: { row: null, owner: null } }), /Latchkey has not looked yet\.$/);
    assert.match(is(row({ state: 'new', lastCheckedAt: null })), /Latchkey has not looked yet\.$/);
    assert.match(is(watched({ view: null })), /no worker of Latchkey answers\.$/);
    assert.match(is(watched({ view: null, closed: 'terminated' })), /the workflow was closed\)\.$/);
  });

  it('says that a key is lost in Kisi where nothing else explains it', () => {
    assert.match(sentence({ records: bought }), /Kisi shows no key, although the rules give one\. A re-sync/);
  });

  it('says that the Kisi user is suspended, and only of a person who would have a key', () => {
    const suspended = inKisi({ isSuspended: true, keys: [aKey()] });
    const { outcome, sentence: says } = verdictOf({ records: bought, inKisi: suspended });
    assert.equal(outcome, 'cannot');
    assert.equal(says, 'Ada Example can open nothing: the Kisi user 5 is suspended in Kisi.');
    assert.match(sentence({ records: noPass, inKisi: inKisi({ isSuspended: true }) }), /there is no pass\.$/);
  });

  it('says that a key was given by hand, and never that it is Latchkey’s', () => {
    const says = sentence({
      records: noPass,
      inKisi: inKisi({ keys: [aKey({ byLatchkey: false, until: null })] }),
    });
    assert.equal(
      says,
      'Ada Example can open Office, with no end known, by a right in Kisi that Latchkey did not give.',
    );
  });

  it('says the later end where a person gave a key that the rules give too', () => {
    const until = '2026-12-06T10:00:00Z';
    const says = sentence({
      records: bought,
      inKisi: inKisi({ keys: [aKey({ byLatchkey: false, until })] }),
    });
    assert.equal(says, `Ada Example can open Office until ${endWords(until, zone)}.`);
  });

  it('says that a key is being taken away, and why', () => {
    const { outcome, sentence: says } = verdictOf({ records: noPass, inKisi: inKisi({ keys: [aKey()] }) });
    assert.equal(outcome, 'waiting');
    assert.match(says, /can still open Office until .*The rules give no key any more \(there is no pass\)/);
  });

  it('says which profile holds the keys', () => {
    const two = snapshot({
      profiles: [profile({ member: member({ id: 90 }) }), profile({ passes: [pass()] })],
    });
    const { notes } = verdictOf({ records: read(two), inKisi: inKisi({ keys: [aKey()] }) });
    assert.deepEqual(notes, ['Profile 90 has the same e-mail, and holds the keys of both profiles.']);
  });

  it('says that Nexudus has no such coworker, and which keys are left', () => {
    assert.equal(sentence({ records: read(null) }), 'Nexudus has no coworker 100 any more.');
    assert.match(
      sentence({ records: read(null), inKisi: inKisi({ keys: [aKey()] }) }),
      /^Nexudus has no coworker 100 any more, and Kisi still opens Office until /,
    );
  });

  it('goes by what Latchkey knows where Kisi, Nexudus or both cannot be read', () => {
    const down = { why: 'it is down', since: now };
    const known = row({}, { shown: null });
    assert.match(
      sentence({ records: bought, inKisi: kisiDown, watched: row({}) }),
      /can open Office until .*as far as Latchkey knows: Kisi could not be read\.$/,
    );
    assert.match(
      sentence({ records: down, inKisi: kisiDown, watched: row({}), listedName: 'Ada Listed' }),
      /^Ada Listed can open Office until .*as far as Latchkey knows/,
    );
    assert.match(
      sentence({
        records: down,
        watched: row({ state: 'noAccess', keys: [], standing: 'No pass.' }, { shown: null }),
      }),
      /^Member 100 can’t get in, as far as Latchkey knows\. No pass\.$/,
    );
    assert.match(
      sentence({ records: down, inKisi: kisiDown, watched: known }),
      /^It is not known whether Member 100/,
    );
    assert.match(sentence({ records: down, inKisi: kisiDown, watched: down }), /^It is not known whether/);
  });

  it('says of when it is, to the second, while an API is being asked', () => {
    const asked = { why: '', since: now, isAwaited: true } as const;
    const looked = at('2026-11-29T09:59:00Z');
    const dated = `As of ${secondWords(looked, zone)}: `;
    const until = endWords(at('2026-11-30T05:15:00Z'), zone);
    const both = { records: asked, inKisi: asked, listedName: 'Ada' };
    assert.deepEqual(verdictOf({ ...both, watched: row({}) }), {
      ...{ outcome: 'can', notes: [] },
      sentence: `${dated}Ada can open Office until ${until}, as far as Latchkey knows.`,
    });
    const none = row({ state: 'noAccess', keys: [], standing: 'Pass 9 was used up.' }, { shown: null });
    assert.deepEqual(
      [verdictOf({ ...both, watched: none }).outcome, sentence({ ...both, watched: none })],
      ['cannot', `${dated}Ada can’t get in, as far as Latchkey knows. Pass 9 was used up.`],
    );
    const old = at('2026-11-29T09:00:00Z');
    const once = { ...bought, asOf: old };
    assert.equal(
      sentence({ records: once, inKisi: inKisi({ keys: [aKey()] }) }),
      `As of ${secondWords(old, zone)}: Ada Example can open Office until ${until}.`,
    );
    assert.match(sentence({ records: bought, inKisi: asked }), new RegExp(`^${dated}Ada Example can open`));
    assert.doesNotMatch(sentence({ records: bought, inKisi: inKisi({ keys: [aKey()] }) }), /As of/);
  });

  it('goes by the decision on record while Nexudus is being asked, as far as it still holds', () => {
    const asked = { why: '', since: now, isAwaited: true } as const;
    const decided = (until: number | null): AuditRecord => ({
      ...{ key: 'k', at: now, kind: 'decision', state: 'done', memberId: 100, locationId: 1, groupId: null },
      ...{ what: '', before: null, after: [{ groupId: 12, until }], cause: '', by: 'rules', planId: null },
      answer: null,
    });
    const nothing = row({ state: 'noAccess', keys: [] }, { shown: null });
    const without = { records: asked, inKisi: inKisi(), watched: nothing };
    assert.match(sentence({ ...without, kept: { value: [decided(null)] } }), /although the rules give one/);
    assert.match(sentence({ ...without, kept: { value: [decided(now)] } }), /can’t get in, as far as/);
    const unasked = { ...without, inKisi: asked, kept: { value: [decided(null)] } };
    assert.match(sentence(unasked), /: On its way for Member 100: the rules give a key\.$/);
    const open = { ...without, inKisi: inKisi({ keys: [aKey()] }), watched: row({}) };
    assert.match(
      sentence({ ...open, kept: { value: [decided(now + 1)] } }),
      /: Member 100 can open Office until/,
    );
    const lost = { ...decided(null), after: [], cause: 'pass 9 was used up.' };
    assert.match(
      sentence({ ...open, kept: { value: [lost] } }),
      /can still open Office .*The rules give no key any more \(pass 9 was used up\)/,
    );
  });

  it('never says that there is a key where Nexudus cannot be read and Kisi shows none', () => {
    const down = { why: 'it is down', since: now };
    assert.doesNotMatch(sentence({ records: down, watched: row({}) }), /can open/);
  });

  it('adds what is still to come, what is waited for, and a wider role', () => {
    const two = snapshot({
      profiles: [profile({ passes: [pass()] })],
      passTypes: [{ ...snapshot().passTypes[0]!, kisiGroupIds: [12, 13] }],
    });
    const { outcome, notes } = verdictOf({
      records: read(two),
      inKisi: inKisi({ keys: [aKey()], widerRoles: ['organization_owner'] }),
      watched: row({ waitingFor: waits('Kisi is down.') }, { problem: 'Kisi' }),
    });
    assert.equal(outcome, 'can');
    assert.match(
      notes.join('\n'),
      /^On its way: group 13\.\nWaiting since .*: Kisi is down\.\nKisi also gives .*organization_owner/,
    );
  });

  it('adds that app access is off, or that there is no door', () => {
    const door = { id: 12, name: 'Office', placeId: null, loginEnabled: false, locksCount: 0 };
    const doors = { value: { groups: new Map([[12, door]]), organizationId: null } };
    const { notes } = verdictOf({ records: bought, inKisi: inKisi({ keys: [aKey()] }), doors });
    assert.deepEqual(notes, [
      'The door may stay shut all the same: app access is off for Office.',
      'The door may stay shut all the same: Office has no doors.',
    ]);
  });

  it('names two groups, and how many more there are', () => {
    const many = snapshot({
      profiles: [profile({ passes: [pass()] })],
      passTypes: [{ ...snapshot().passTypes[0]!, kisiGroupIds: [12, 13, 14, 15] }],
    });
    const keys = [12, 13, 14, 15].map((groupId) => aKey({ groupId }));
    assert.match(
      sentence({ records: read(many), inKisi: inKisi({ keys }) }),
      /can open Office, with no end known and group 13, with no end known and 2 more groups\.$/,
    );
  });

  it('answers for another time by the rules alone', () => {
    const asOf = at('2026-12-05T09:00:00Z');
    const over = { asOf, inKisi: inKisi({ keys: [aKey()] }) };
    assert.match(
      sentence({ ...over, records: bought }),
      /^At that time Ada Example can’t get in: the last pass expired/,
    );
    assert.match(
      sentence({ ...over, records: withPasses(pass()) }),
      /^At that time Ada Example can open Office/,
    );
    assert.match(
      sentence({ ...over, records: { why: 'down', since: now } }),
      /is not known, since the records/,
    );
  });
});
