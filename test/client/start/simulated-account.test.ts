/** A support case is played here: both simulators behave as the account of a profile does. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isoTimes } from '../../../client/terminal/output.js';
import { behaveLike, readProfileFile } from '../../../client/start/simulated-account.js';
import { CommandError } from '../../../space/failure.js';
import { defaultSwitches as kisiDefaults, type KisiSwitches } from '../../../simulators/kisi-switches.js';
import {
  defaultSwitches as nexudusDefaults,
  type NexudusSwitches,
} from '../../../simulators/nexudus-switches.js';
import { fullWorld, startWorld } from '../../verify/world.js';

const nexudusOthers: Partial<NexudusSwitches> = {
  dirSemantics: 'zeroBased',
  coworkerUpdatedOnFollows: true,
  authFailureStatus: 403,
  unsetSorts: 'last',
  simpleTimeZoneNames: 'iana',
  localDatesWithZ: true,
  teamCoworkerIds: false,
  batchEnveloped: true,
  dateHeader: null,
};
const kisiOthers: Partial<KisiSwitches> = {
  limitOverMax: 'error',
  emailFilterExact: false,
  userEmailCaseSensitive: true,
  dateHeader: null,
};

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'latchkey-')), 'profile.json');
  writeFileSync(path, text);
  return path;
}

describe('latchkey demo --as', () => {
  it('behaves like the account that verify looked at', async () => {
    const world = await startWorld(fullWorld, { nexudus: nexudusOthers, kisi: kisiOthers });
    try {
      const { profile } = await world.verify();
      const path = fileOf(JSON.stringify(isoTimes({ ...profile, reached: undefined })));
      const [nexudus, kisi] = [{ switches: { ...nexudusDefaults } }, { switches: { ...kisiDefaults } }];
      const lines = behaveLike(readProfileFile(path), { nexudus, kisi });
      assert.deepEqual(nexudus.switches, { ...nexudusDefaults, ...nexudusOthers });
      assert.deepEqual(kisi.switches, { ...kisiDefaults, ...kisiOthers });
      assert.ok(lines.some((line) => /^Kisi, played here: .*differ in case.*\(true\)\.$/.test(line)));
    } finally {
      await world.stop();
    }
  });

  it('says what cannot be played, and leaves that as usual', () => {
    const [nexudus, kisi] = [{ switches: { ...nexudusDefaults } }, { switches: { ...kisiDefaults } }];
    const answer = { result: 'differs', value: ['group 7'], evidence: [], copes: true } as const;
    const account = { nexudusLocationId: 1, kisiOrganizationId: 2, kisiUserId: 3 };
    const text = JSON.stringify({
      ...{ version: 1, latchkey: '0.1.0', at: '2026-11-29T12:00:00.000Z', account },
      answers: { groupsOpen: answer, limitOverMax: { ...answer, value: 'allow' } },
    });
    const lines = behaveLike(readProfileFile(fileOf(text)), { nexudus, kisi });
    assert.equal(lines.filter((line) => line.startsWith('Kisi, cannot be played here: ')).length, 2);
    assert.deepEqual([nexudus.switches, kisi.switches], [nexudusDefaults, kisiDefaults]);
  });

  it('refuses a file that is no profile in one line', () => {
    for (const text of ['', '{}', '[1]', '{"at":"2026-11-29T12:00:00.000Z","version":99}'])
      assert.throws(() => readProfileFile(fileOf(text)), CommandError);
    assert.throws(() => readProfileFile('/no/such/profile.json'), CommandError);
  });
});
