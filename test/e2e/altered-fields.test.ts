/**
 * A field of a record is removed, renamed, retyped or made null, in all rows of an API at once: nobody who is entitled to a key
 * loses it, and all is right again as soon as the field is back. FIELDS=each for the long version; FIELDS=half for the same in
 * every other row, FIELDS=lists for the same in lists only; FIELDS_SEED repeats an order.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { setStage, type Stage } from '../../client/stage.js';
import { membershipChanged, memberWorkflowId, stateQuery } from '../../messages/to-member.js';
import { collections } from '../../nexudus/schemas.js';
import { keysOf } from '../../verify/assumptions.js';
import { kisiFields } from '../../verify/kisi-fields.js';
import { nexudusFields } from '../../verify/nexudus-fields.js';
import { createLogger } from '../../worker/logging.js';
import type { Service } from '../../worker/service.js';
import { newTemporal } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { hurried } from '../support/space.js';
import { alterations, standBetween, type Between } from '../verify/altered.js';
import { KeyWatch } from './switches/key-watch.js';
import { Members, policies } from './switches/members.js';

/** Alterations of the fields that matter most: one of each kind of record, and one more of passes. */
const short = [
  'coworkers.Email made null',
  'coworkercontracts.CoworkerId renamed',
  'coworkertimepasses.Used removed',
  'coworkertimepasses.ExpireDate retyped',
  'timepasses.KisiGroupId removed',
  'teams.PayingMemberId removed',
  'users.email removed',
  'roleAssignments.valid_until retyped',
];
/** In every other row this is no doubtful list: Kisi says that keys have no end, also of new ones, which are taken back then. */
const notInHalf = 'roleAssignments.valid_until made null';
const how = process.env['FIELDS'] ?? 'short';
const wanted = (title: string): boolean =>
  how === 'short' ? short.includes(title) : how !== 'half' || title !== notInHalf;
/** Which turn each record had as it was seen first. */
const turns = new Map<string, number>();
/** What a field leaves behind may only matter where another follows, so each run has another order. */
const seed = Number(process.env['FIELDS_SEED'] ?? Date.now() % 1_000_000);

interface Alteration {
  title: string;
  of: 'nexudus' | 'kisi';
  path: string;
  alter: (row: Record<string, unknown>) => Record<string, unknown>;
}

const kisiPaths = {
  currentUser: '/user',
  users: '/users',
  groups: '/groups',
  roleAssignments: '/role_assignments',
};
const all: Alteration[] = [
  ...keysOf(nexudusFields).flatMap((name) =>
    alterationsOf('nexudus', name, `/api${collections[name].path}`, keysOf(nexudusFields[name])),
  ),
  ...keysOf(kisiFields).flatMap((name) =>
    alterationsOf('kisi', name, kisiPaths[name], keysOf(kisiFields[name])),
  ),
];

function alterationsOf(of: Alteration['of'], name: string, path: string, fields: string[]): Alteration[] {
  return fields.flatMap((field) =>
    Object.entries(alterations).map(([does, alter]) => ({
      ...{ title: `${name}.${field} ${does}`, of, path },
      alter: (row) => alter(row, field),
    })),
  );
}

/** Whether a row keeps its fields: one of every other one, or one that is not of a list. */
function isSpared(row: Record<string, unknown>, isOfList: boolean): boolean {
  if (how === 'lists') return !isOfList;
  const id = String(row['Id'] ?? row['id']);
  const turn = turns.get(id) ?? turns.size;
  turns.set(id, turn);
  return how === 'half' && turn % 2 === 1;
}

function inAnyOrder<T>(things: T[]): T[] {
  const [order = things] = fc.sample(fc.shuffledSubarray(things, { minLength: things.length }), {
    seed,
    numRuns: 1,
  });
  return order;
}

describe(`where a field of an API is gone or otherwise (seed ${seed}), nobody loses a key`, () => {
  let stage: Stage;
  let between: Record<Alteration['of'], Between>;
  let service: Service;
  let watch: KeyWatch;

  before(async () => {
    stage = await setStage({
      temporal: await newTemporal(),
      log: createLogger({ level: 'silent' }),
      env: {
        LATCHKEY_POLL_INTERVAL: '1s',
        LATCHKEY_RECONCILIATION_INTERVAL: '1s',
        LATCHKEY_COMPARISON_INTERVAL: '1s',
      },
      // The guard would hide what a few lose.
      file: JSON.stringify({ policies: { ...policies, guardPeople: 100_000, guardShare: '100%' } }),
    });
    const { nexudus, kisi, config } = stage;
    nexudus.switches.rateLimits = null;
    kisi.switches.rateLimit = null;
    watch = new KeyWatch(kisi);
    new Members(stage, watch).fill();
    between = { nexudus: await standBetween(nexudus.url), kisi: await standBetween(kisi.url) };
    Object.assign(config.nexudus, { baseUrl: between.nexudus.url });
    Object.assign(config.kisi, { baseUrl: between.kisi.url });
    service = await stage.startWorker(hurried());
    await eventually('first keys', isRight, 90_000, 50, () => Promise.resolve(watch.wrong()));
  });
  after(async () => {
    await stage.stop();
    for (const one of Object.values(between)) await one.stop();
  });

  const isRight = (): boolean => watch.wrong().length === 0;

  /** Has every member look again at all there is, and waits for a whole reconciliation and a whole comparison. */
  async function goesOn(): Promise<void> {
    const { nexudus, kisi } = stage;
    const members = nexudus.space
      .list('coworkers')
      .map(({ Id }) => service.client.workflow.getHandle(memberWorkflowId(Id)));
    const wokenAt = Date.now();
    for (const member of members)
      await member.signal(membershipChanged, { reason: 'reference' }).catch(() => undefined);
    for (const member of members)
      await eventually('a look', async () => {
        const view = await member.query(stateQuery).catch(() => null);
        if (view === null || view.waitingFor !== null) return true;
        return view.lastCheckedAt !== null && Date.parse(view.lastCheckedAt) >= wokenAt;
      });
    const [readsBefore, listsBefore] = [reads(), lists()];
    // A read that began before may have seen the field.
    await eventually('reconciliations', () => reads() >= readsBefore + 2);
    await eventually('comparisons', () => lists() >= listsBefore + 2);
    function reads(): number {
      return nexudus.requests.count({ path: collections.businesses.path });
    }
    function lists(): number {
      return kisi.requests.count({ path: kisiPaths.roleAssignments });
    }
  }

  for (const { title, of, path, alter } of inAnyOrder(all.filter((one) => wanted(one.title))))
    it(title, async () => {
      watch.changes.length = 0;
      between[of].alter = (asked, row) =>
        isSpared(row, asked === path) || (asked !== path && !asked.startsWith(`${path}/`)) ? row : alter(row);
      try {
        await goesOn();
        assert.deepEqual(watch.takenWrongly(false), []);
      } finally {
        between[of].alter = (_path, row) => row;
      }
      await eventually('all is right again', isRight, 90_000, 50, () => Promise.resolve(watch.wrong()));
    });
});
