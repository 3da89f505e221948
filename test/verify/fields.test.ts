import assert from 'node:assert/strict';
import { collections } from '../../nexudus/schemas.js';
import { keysOf } from '../../verify/assumptions.js';
import type { Finding } from '../../verify/finding.js';
import { kisiFields } from '../../verify/kisi-fields.js';
import { KisiLook } from '../../verify/kisi-look.js';
import { kisiFieldsOf } from '../../verify/kisi-lists.js';
import { nexudusFieldsOf } from '../../verify/nexudus-account.js';
import { nexudusFields } from '../../verify/nexudus-fields.js';
import { NexudusLook } from '../../verify/nexudus-look.js';
import { alterations, standBetween, type Between } from './altered.js';
import { fullWorld, startWorld, type World } from './world.js';

/** Whether a finding names the field: as wrong, or as never seen with a value. */
const names = (finding: Finding, field: string): boolean =>
  new RegExp(`\\b${field}\\b`).test(JSON.stringify('untold' in finding ? finding.evidence : finding));

/** Whether a finding names the field as its alteration should be: a field that is gone is wrong, whatever it held. */
function tells(finding: Finding, field: string, how: string): boolean {
  if (how === 'made null' || 'untold' in finding || !Array.isArray(finding.value))
    return names(finding, field);
  return finding.value.some((one) => String(one).startsWith(`${field} is `));
}

describe('latchkey verify, the fields of records', () => {
  let world: World;
  let nexudus: Between;
  let kisi: Between;

  before(async () => {
    world = await startWorld(fullWorld);
    nexudus = await standBetween(world.nexudus.url);
    kisi = await standBetween(world.kisi.url);
  });
  after(async () => {
    await nexudus.stop();
    await kisi.stop();
    await world.stop();
  });

  const lookAtNexudus = (): NexudusLook =>
    new NexudusLook({ ...world.options.nexudus, baseUrl: nexudus.url }, 5);
  const lookAtKisi = (): KisiLook => new KisiLook({ ...world.options.kisi, baseUrl: kisi.url }, 5);

  for (const collection of keysOf(nexudusFields)) {
    it(`names a field of ${collection} that is removed, renamed, retyped or made null`, async function () {
      this.timeout(60_000);
      const { path } = collections[collection];
      nexudus.alter = (_path, row) => row;
      const untouched = await nexudusFieldsOf(lookAtNexudus(), collection);
      assert.deepEqual('untold' in untouched ? untouched : untouched.value, [], collection);
      for (const field of keysOf(nexudusFields[collection])) {
        for (const [how, alter] of Object.entries(alterations)) {
          // Only a field with a value can be retyped.
          if (how === 'retyped' && names(untouched, field)) continue;
          nexudus.alter = (asked, row) => (asked.startsWith(`/api${path}`) ? alter(row, field) : row);
          const finding = await nexudusFieldsOf(lookAtNexudus(), collection);
          assert.ok(tells(finding, field, how), `${collection}.${field} ${how}: ${JSON.stringify(finding)}`);
        }
      }
      nexudus.alter = (_path, row) => row;
    });
  }

  const kisiPaths = {
    currentUser: /^\/user$/,
    users: /^\/users/,
    groups: /^\/groups/,
    roleAssignments: /^\/role_assignments/,
  };
  for (const record of keysOf(kisiFields)) {
    it(`names a field of ${record} of Kisi that is removed, renamed, retyped or made null`, async function () {
      this.timeout(60_000);
      kisi.alter = (_path, row) => row;
      const untouched = await kisiFieldsOf(lookAtKisi(), record);
      assert.deepEqual('untold' in untouched ? untouched : untouched.value, [], record);
      for (const field of keysOf(kisiFields[record])) {
        for (const [how, alter] of Object.entries(alterations)) {
          if (how === 'retyped' && names(untouched, field)) continue;
          kisi.alter = (asked, row) => (kisiPaths[record].test(asked) ? alter(row, field) : row);
          const finding = await kisiFieldsOf(lookAtKisi(), record);
          assert.ok(tells(finding, field, how), `${record}.${field} ${how}: ${JSON.stringify(finding)}`);
        }
      }
      kisi.alter = (_path, row) => row;
    });
  }

  it('holds no value of a record in what it finds', async () => {
    const found = await nexudusFieldsOf(lookAtNexudus(), 'coworkers');
    assert.doesNotMatch(JSON.stringify(found), /ada|Ølsen|@/i);
  });
});
