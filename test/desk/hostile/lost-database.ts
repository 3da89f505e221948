/** The database under the sessions is full, may only be read, or is lost: nobody gets in, and the desk says what to do. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type Kysely, type KyselyPlugin } from 'kysely';
import { openDatabase } from '../../../database/database.js';
import type { Tables } from '../../../database/tables.js';
import type { DeskServer } from '../../../desk/server.js';
import { Sessions } from '../../../desk/sign-in/sessions.js';
import { newToken } from '../../../desk/sign-in/tokens.js';
import { words } from '../../../desk/words.js';
import { stubbornly } from '../../support/folders.js';
import { fieldIn, type Answer } from '../../support/visitor.js';
import {
  addressed,
  forEach,
  named,
  sessionCookie,
  type AttackedDesk,
  type FarVisitor,
} from './attacked-desk.js';
import { assertSafe } from './harmless.js';

const minuteMs = 60_000;

/** A disk without room: SQLite writes nothing then, and goes on reading. */
class FullDisk implements KyselyPlugin {
  isFull = false;

  transformQuery: KyselyPlugin['transformQuery'] = ({ node }) => {
    if (this.isFull && node.kind !== 'SelectQueryNode')
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    return node;
  };
  transformResult: KyselyPlugin['transformResult'] = ({ result }) => Promise.resolve(result);
}

/** A desk with a database of its own, somebody who is signed in to it, and a link that nobody has used. */
interface OwnDesk {
  server: DeskServer;
  folder: string;
  db: Kysely<Tables>;
  disk: FullDisk;
  mia: FarVisitor;
  csrf: string;
  link: string;
}

export function tryLostDatabase(desk: AttackedDesk): void {
  let own: OwnDesk;
  beforeEach(async () => {
    own = await start();
    desk.logged = '';
    // The next page is noted as her last.
    desk.lateMs = 2 * minuteMs;
  });
  afterEach(async () => {
    desk.lateMs = 0;
    await rm(own.folder, { ...stubbornly, force: true });
  });

  async function start(): Promise<OwnDesk> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-lost-'));
    const databaseUrl = `file:${join(folder, 'latchkey.db')}`;
    const disk = new FullDisk();
    const db = (await openDatabase(databaseUrl)).withPlugin(disk);
    const config = { ...desk.space.config, databaseUrl };
    const server = await desk.serve({ db }, { ...desk.space, config });
    const sessions = new Sessions(db, config.desk, Date.now);
    const { token } = await sessions.begin({ name: 'Mia', role: 'operator', account: 'mia@sso' });
    const mia = desk.stranger(server);
    mia.cookies.set(sessionCookie, token);
    const page = await mia.get('/sessions');
    assert.equal(page.status, 200, page.text);
    const link = await sessions.invite({ name: 'Eve', role: 'viewer' });
    return { server, folder, db, disk, mia, csrf: fieldIn(page.text, '_csrf'), link: link.token };
  }

  const path = (): string => join(own.folder, 'latchkey.db');

  it('a full disk lets nobody in, and keeps out nobody who is signed in', async () => {
    const { disk, mia, link, csrf } = own;
    disk.isFull = true;
    const eve = await follows(link);
    assertSaysWhatToDo(eve, 'a link');
    assertSaysWhatToDo(await mia.post('/sign-out', { _csrf: csrf }), 'sign out');
    assert.equal((await mia.get('/today')).status, 200);
    assert.match(desk.logged, /Make room on the disk/);
    disk.isFull = false;
    assert.equal((await follows(link)).status, 303);
    assert.equal((await mia.post('/sign-out', { _csrf: csrf })).status, 303);
  });

  it('one that may only be read lets nobody in, and keeps out nobody who is signed in', async () => {
    const { db, mia, link } = own;
    await sql`pragma query_only = 1`.execute(db);
    assertSaysWhatToDo(await follows(link), 'a link');
    assert.equal((await mia.get('/today')).status, 200);
    assert.match(desk.logged, /Let this process write to the file and its folder/);
    await sql`pragma query_only = 0`.execute(db);
    assert.equal((await follows(link)).status, 303);
  });

  const losses: [what: string, lose: () => Promise<void>][] = [
    ['was deleted', () => unlink(path())],
    ['was put back from a copy while the desk ran', () => replace()],
    ['does not answer', () => own.db.destroy()],
  ];
  for (const [what, lose] of losses)
    it(`one that ${what} lets nobody in on any route, and the desk lives`, async () => {
      await lose();
      await lets(nobodyIn);
      assert.equal((await desk.stranger(own.server).get('/sign-in')).status, 200);
      assert.equal((await desk.stranger(own.server).get('/assets/desk.css')).status, 200);
      assert.doesNotMatch(desk.logged, /Mia|Eve|Ada|example\.com/);
      for (const secret of [own.link, own.mia.cookies.get(sessionCookie) ?? 'none'])
        assert.ok(!desk.logged.includes(secret));
    });

  it('a desk that asks nobody to sign in shows what it can without one', async () => {
    const here = await desk.serve({ desk: { url: null }, isDatabaseLost: true });
    await forEach(desk.routes('GET'), async (route) => {
      const answer = await desk.here(here).get(addressed(route, desk.ada.id));
      if (answer.status >= 500) assertSaysWhatToDo(answer, named(route));
      else assertSafe(answer, named(route));
    });
    assert.equal((await desk.here(here).get('/today')).status, 200);
  });

  async function replace(): Promise<void> {
    await copyFile(path(), `${path()}-copy`);
    await rename(`${path()}-copy`, path());
  }

  async function lets(check: (answer: Answer, what: string) => void): Promise<void> {
    const { mia, csrf, link, server } = own;
    const secrets = [mia.cookies.get(sessionCookie) ?? '', newToken()];
    await forEach(desk.closed('GET', 'POST'), async (route) => {
      for (const secret of secrets) {
        const visitor = desk.stranger(server);
        visitor.cookies.set(sessionCookie, secret);
        const form = { _csrf: csrf, member: String(desk.ada.id), step: 'do', why: 'x' };
        const address = addressed(route, desk.ada.id);
        check(
          await (route.method === 'GET' ? visitor.get(address) : visitor.post(address, form)),
          named(route),
        );
      }
    });
    check(await follows(link), 'a link');
    check(await desk.stranger(server).get(`/link/${link}`), 'the page of a link');
  }

  /** Signs in by a link. */
  async function follows(token: string): Promise<Answer> {
    const visitor = desk.stranger(own.server);
    const page = await visitor.get(`/link/${token}`);
    const answer = await visitor.post('/link', { token, _csrf: fieldIn(page.text, '_csrf') });
    assert.equal(visitor.cookies.has(sessionCookie), answer.status === 303);
    return answer;
  }
}

function assertSaysWhatToDo(answer: Answer, what: string): void {
  assertSafe(answer, what);
  assert.equal(answer.status, 503, `${what}: ${answer.status}`);
  assert.ok(answer.text.includes(words.noDatabase.text), what);
}

/** Without the page of a link there is no secret for its form. */
function nobodyIn(answer: Answer, what: string): void {
  if (what === 'a link' && answer.status === 403) return;
  assertSaysWhatToDo(answer, what);
  assert.doesNotMatch(answer.text, /Ada|Mia|Eve|Trastevere/, what);
}
