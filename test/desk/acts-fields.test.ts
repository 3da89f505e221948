/** What people type on the pages of acts, and what is wrong with it. */
import assert from 'node:assert/strict';
import { FieldError, type Typed } from '../../desk/acts/act.js';
import {
  checkEnd,
  chosenGroup,
  endOf,
  giverIn,
  idIn,
  idsIn,
  sentIn,
  typedEnd,
  typedIn,
} from '../../desk/acts/fields.js';
import { orderIdOf, shownOf, GivenOrders } from '../../desk/acts/orders.js';
import { acts } from '../../desk/acts/table.js';
import type { Viewer } from '../../desk/desk.js';
import { CommandError } from '../../space/failure.js';

const now = Date.UTC(2026, 10, 29, 16, 0);
const rome = { id: 1, name: 'Rome', timeZone: 'Europe/Rome', dayStartsAtMinute: 0 };
const typed = (some: Partial<Typed>): Typed => typedIn(() => '', some);
const viewer: Viewer = { name: 'Mia', role: 'operator', account: 'mia@desk-1' };
const fieldOf = (job: () => unknown): string => {
  try {
    job();
  } catch (error) {
    if (error instanceof FieldError) return error.field;
    throw error;
  }
  return 'nothing wrong';
};

describe('the fields of an act', () => {
  it('are texts, whatever a browser sends', () => {
    const sent = sentIn({ group: ['1', '2'], until: { a: 1 }, why: 'x'.repeat(50_000) });
    assert.deepEqual([sent('group'), sent('until'), sent('why').length], ['1,2', '', 20_000]);
    assert.equal(sent('toString'), '');
    for (const nothing of [null, undefined, 7, 'text', []]) assert.equal(sentIn(nothing)('why'), '');
  });

  it('hold their defaults only where nothing is sent', () => {
    const sent = sentIn({ until: ' 3d ' });
    assert.deepEqual(typedIn(sent, { until: '2h', level: 'revokes' }).until, '3d');
    assert.deepEqual(typedIn(sent, { until: '2h', level: 'revokes' }).level, 'revokes');
    assert.equal(typedIn(sentIn({}), {}).until, '');
  });

  const ends: [string, Partial<Typed>, string | number][] = [
    ['how long from now', { until: '2h' }, now + 2 * 3_600_000],
    ['a clock time there', { until: '18:00' }, Date.UTC(2026, 10, 29, 17)],
    ['tomorrow, which counts in full', { until: 'tomorrow' }, Date.UTC(2026, 10, 30, 23)],
    [
      'a chosen day and time, over what is typed',
      { until: '2h', untilAt: '2026-11-30T09:30' },
      Date.UTC(2026, 10, 30, 8, 30),
    ],
    [
      'a chosen day and time to the second',
      { untilAt: '2026-11-30T09:30:15' },
      Date.UTC(2026, 10, 30, 8, 30, 15),
    ],
    ['nothing', {}, 'until'],
    ['no time', { until: 'banana' }, 'until'],
    ['a day that there is not', { until: '2026-02-30' }, 'until'],
    ['a chosen day that there is not', { until: '2h', untilAt: '2026-13-01T00:00' }, 'untilAt'],
    ['a time that is past', { until: '16:30' }, 'until'],
    ['a chosen time that is past', { untilAt: '2026-11-29T09:00' }, 'untilAt'],
    ['another century', { until: '2126-01-01' }, 'until'],
  ];
  for (const [what, fields, expected] of ends)
    it(`take an end: ${what}`, () => {
      const given = typed(fields);
      const take = (): number => {
        const until = endOf(given, typedEnd(given, now), rome, now);
        checkEnd(given, until, now, 'Europe/Rome');
        return until;
      };
      if (typeof expected === 'number') assert.equal(take(), expected);
      else assert.equal(fieldOf(take), expected);
    });

  it('say so where a clock time needs a time zone that is not known', () => {
    const given = typed({ until: '18:00' });
    assert.equal(
      fieldOf(() => endOf(given, typedEnd(given, now), null, now)),
      'until',
    );
  });

  it('take a group that Kisi has, and any number where Kisi does not say', () => {
    const choices = { groups: [{ id: 12, name: 'Office' }], locations: [] };
    assert.equal(chosenGroup(typed({}), choices), null);
    assert.deepEqual(chosenGroup(typed({ group: '12' }), choices), { id: 12, name: 'Office' });
    for (const group of ['13', '0', '-1', 'Office', '1e3', '12;13'])
      assert.equal(
        fieldOf(() => chosenGroup(typed({ group }), choices)),
        'group',
        group,
      );
    const silent = { groups: 'Kisi is down.', locations: [] };
    assert.deepEqual(chosenGroup(typed({ group: '13' }), silent), { id: 13, name: null });
  });

  it('take ids, and nothing that looks like one', () => {
    assert.deepEqual(idsIn('members', typed({ members: ' 1, 22 333,' })), [1, 22, 333]);
    assert.equal(
      fieldOf(() => idsIn('members', typed({ members: '1, Ada' }))),
      'members',
    );
    assert.deepEqual(['12', '0', '012', '1'.repeat(16), '1 ', ''].map(idIn), [
      12,
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it('name the person who is signed in as the giver, and refuse a reason that may not be kept', () => {
    assert.deepEqual(giverIn(viewer, 'paid', true), { by: 'Mia', why: 'paid', account: 'mia@desk-1' });
    for (const why of ['', 'write to ada@example.com', 'two\nlines', 'x'.repeat(201), 'turned \u202e around'])
      assert.equal(
        fieldOf(() => giverIn(viewer, why, true)),
        'why',
        why,
      );
    assert.equal(giverIn(viewer, '', false).why, '');
    assert.throws(() => giverIn({ ...viewer, name: 'nobody' }, 'paid', true), CommandError);
  });
});

describe('an order of the desk', () => {
  const [act] = acts;
  assert.ok(act);
  const allowed = typed({ group: '12', until: '2h', why: 'a tour' });

  it('is the same for the same form of the same person, and another for any other', () => {
    const id = orderIdOf(act, 7, viewer, 'form', allowed);
    assert.equal(orderIdOf(act, 7, { ...viewer }, 'form', { ...allowed }), id);
    const others = [
      orderIdOf(act, 8, viewer, 'form', allowed),
      orderIdOf(act, 7, viewer, 'another form', allowed),
      orderIdOf(act, 7, viewer, 'form', { ...allowed, until: '3h' }),
      orderIdOf(act, 7, { ...viewer, account: 'ben@desk-1' }, 'form', allowed),
    ];
    assert.equal(new Set([id, ...others]).size, 5);
    assert.doesNotMatch(id, /tour/);
  });

  it('counts as read whatever the reason is, but not where anything else has changed', () => {
    const shown = shownOf(act, 7, allowed, { until: 1 });
    assert.equal(shownOf(act, 7, { ...allowed, why: 'another' }, { until: 1 }), shown);
    assert.notEqual(shownOf(act, 7, { ...allowed, group: '13' }, { until: 1 }), shown);
    assert.notEqual(shownOf(act, 7, allowed, { until: 2 }), shown);
  });

  it('is given once for all who press, and again only where it failed', async () => {
    const orders = new GivenOrders();
    let given = 0;
    const give = () =>
      orders.give('one', () => Promise.resolve({ path: `/${++given}`, told: 'allowed' as const }));
    const [first, second] = await Promise.all([give(), give()]);
    assert.deepEqual([first, second, await give()], [first, first, first]);
    assert.equal(given, 1);
    const failing = () => orders.give('two', () => Promise.reject(new Error('down')));
    await assert.rejects(failing);
    assert.equal(orders.find('two'), null);
    assert.equal((await orders.give('two', () => Promise.resolve({ path: '/', told: 'allowed' }))).path, '/');
  });

  it('remembers no more than there is room for', async () => {
    const orders = new GivenOrders();
    for (let i = 0; i < 1_100; i++)
      await orders.give(String(i), () => Promise.resolve({ path: '/', told: 'allowed' }));
    assert.equal(orders.find('0'), null);
    assert.notEqual(orders.find('1099'), null);
  });
});
