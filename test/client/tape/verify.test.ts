import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { verifyOn } from '../../../client/tape/verify.js';
import { linesOf } from '../../../tape/file.js';
import type { Tape } from '../../../tape/format.js';
import { refuseLeaks, tapeOf } from '../../../tape/make.js';
import { Player } from '../../../tape/player.js';
import { Recorder } from '../../../tape/recorder.js';
import { verifyByReading, type Verified } from '../../../verify/verify.js';
import { credentialsOf } from '../../../simulators/two-cities.js';
import { fullWorld, startWorld, type World } from '../../verify/world.js';
import { latchkeyWith, scratch } from '../cli.js';

const now = (): number => 1_796_000_000_000;

/** Verifies a space while it is recorded. */
async function recorded({ options }: World): Promise<{ live: Verified; tape: Tape }> {
  const recorder = new Recorder();
  const live = await verifyByReading({
    ...options,
    nexudus: { ...options.nexudus, wire: recorder.wireTo('nexudus', 'verify') },
    kisi: { ...options.kisi, wire: recorder.wireTo('kisi', 'verify') },
    now,
  });
  const tape = tapeOf({
    header: {
      ...{ now: now(), memberId: null, nexudusLogin: 'password', from: 'file', inForce: null },
      ...{ ground: null, exceptions: null, zoned: [...options.zoned] },
    },
    standing: null,
    digests: { was: (email) => email, is: (email) => email },
    exchanges: recorder.exchanges(),
    leftOut: recorder.leftOut(),
  });
  return { live, tape };
}

/** How both APIs are reached is noted with a salt, anew each time. */
function withoutWays<T extends { profile: { reached?: unknown } }>(found: T): T {
  return { ...found, profile: { ...found.profile, reached: undefined } };
}

describe('latchkey tape verify', function () {
  this.timeout(240_000);
  const folder = scratch();
  const file = join(folder.path, 'verify.tape');
  after(() => {
    folder.remove();
  });

  const spaces: [
    what: string,
    switches: Parameters<typeof startWorld>[1],
    change?: (world: World) => void,
  ][] = [
    ['as is assumed', {}],
    [
      'in which much is otherwise',
      {
        nexudus: { dirSemantics: 'zeroBased', batchEnveloped: true, simpleTimeZoneNames: 'iana' },
        kisi: { emailFilterExact: false, userEmailCaseSensitive: true },
      },
    ],
    [
      'with e-mails of all kinds, and fields of other types',
      {},
      ({ nexudus, kisi }) => {
        const rows = [' Zoë.Åström@Example.com ', 'j.s@example.com', '1@example.com'];
        for (const Email of rows)
          nexudus.space.addCoworker({ FullName: 'Zoë Åström', Email, CompanyName: 'Åström & Figli' });
        for (const email of ['a.b@example.com', 'zoë@example.com']) kisi.org.addUser({ email, name: 'Zoë' });
      },
    ],
    [
      'that asks to slow down, and fails now and then',
      {},
      ({ nexudus, kisi }) => {
        nexudus.faults.add({ match: '/coworkers', kind: 'status', status: 429, times: 2, retryAfter: 0 });
        nexudus.faults.add({ match: '/teams', kind: 'malformed', times: 1 });
        kisi.faults.add({ match: '/users', kind: 'status', status: 503, times: 1 });
      },
    ],
  ];
  for (const [what, switches, change] of spaces)
    it(`records a space ${what}, and plays it without another answer`, async () => {
      const world = await startWorld(fullWorld, switches);
      try {
        change?.(world);
        const { live, tape } = await recorded(world);
        const player = new Player(tape, 'verify');
        const played = await verifyOn(tape, player);
        assert.deepEqual(player.lacks(), []);
        assert.deepEqual(withoutWays(played), withoutWays(live));
        const lines = linesOf(tape);
        refuseLeaks(lines, ['nexudus-password', 'kisi-test-key']);
        assert.doesNotMatch(lines, /ada\d@|Ølsen|example\.com|åström|zoë|figli/i);
      } finally {
        await world.stop();
      }
    });

  it('prints what was found, and prints the same when it is played', async () => {
    const world = await startWorld({ ...fullWorld, members: 3 });
    const env = {
      ...credentialsOf(world),
      LATCHKEY_DATABASE_URL: `file:${join(folder.path, 'latchkey.db')}`,
    };
    const said = await latchkeyWith(env, 'tape', 'verify', '--out', file).finally(() => world.stop());
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stdout, /^Nexudus: \d+ hold, 0 differ, \d+ could not be told\.$/m);
    assert.match(said.stderr, /`latchkey tape play \S+ verify` answers by it/);
    assert.doesNotMatch(gunzipSync(readFileSync(file)).toString(), /nexudus-password|example\.com|Ølsen/i);

    const played = await latchkeyWith({}, 'tape', 'play', file, 'verify');
    assert.equal(played.code, 0, played.stderr);
    assert.equal(played.stdout, said.stdout);
    const other = await latchkeyWith({}, 'tape', 'play', file, 'explain', '1');
    assert.equal(other.code, 1);
    assert.match(other.stderr, /made by `latchkey tape verify`, and plays `verify` alone/);
  });
});
