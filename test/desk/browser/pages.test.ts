import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { openDatabase } from '../../../database/database.js';
import type { DeskServer } from '../../../desk/server.js';
import { Sessions } from '../../../desk/sign-in/sessions.js';
import type { Role } from '../../../lib/roles.js';
import {
  axeFindings,
  lookAgainAt,
  notByKeyboard,
  openBrowser,
  overflowPx,
  picture,
  widthsPx,
  type Look,
  type Looking,
} from '../../support/browser.js';
import { startTestDesk } from '../../support/desk.js';
import { eventually, patienceMs } from '../../support/eventually.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { fill, nobody, rulesFile, type Filled } from './people.js';
import { newPort } from '../../support/ports.js';

/** A page of the desk. */
interface DeskPage {
  /** The name of its pictures. */
  name: string;
  path: (filled: Filled) => string;
  /** The page is also looked at with nobody in the space. */
  isSeenEmpty?: true;
  hasPicture?: true;
  /** The status that it is answered with; left out: 200. */
  status?: number;
}

/** Every page that somebody at this machine sees. A new page of the desk belongs here too. */
const pages: readonly DeskPage[] = [
  { name: 'find', path: () => '/', isSeenEmpty: true },
  { name: 'found', path: () => '/?q=a', isSeenEmpty: true, hasPicture: true },
  { name: 'person', path: ({ ada }) => `/people/${ada}`, hasPicture: true },
  { name: 'person-without', path: ({ bob }) => `/people/${bob}`, hasPicture: true },
  { name: 'person-as-of', path: ({ ada }) => `/people/${ada}?at=2027-01-01T09:00` },
  { name: 'today', path: () => '/today', isSeenEmpty: true, hasPicture: true },
  { name: 'invitations', path: () => '/invitations', isSeenEmpty: true, hasPicture: true },
  { name: 'groups', path: () => '/groups', isSeenEmpty: true, hasPicture: true },
  { name: 'group', path: ({ group }) => `/groups/${group}`, hasPicture: true },
  { name: 'changes', path: () => '/changes', isSeenEmpty: true, hasPicture: true },
  { name: 'going-live', path: () => '/going-live', isSeenEmpty: true, hasPicture: true },
  // Kisi has mailed her today.
  { name: 'resend', path: ({ ada }) => `/acts/resend?member=${ada}`, status: 409 },
  { name: 'resync', path: ({ ada }) => `/acts/resync?member=${ada}` },
  {
    name: 'allow',
    path: ({ bob, group }) => `/acts/allow?member=${bob}&group=${group}&until=today`,
    hasPicture: true,
  },
  { name: 'block', path: ({ ada }) => `/acts/block?member=${ada}` },
  { name: 'withdraw', path: ({ exception }) => `/acts/withdraw?id=${exception}` },
  { name: 'approve', path: ({ withheld }) => `/acts/approve?id=${withheld}` },
  { name: 'reject', path: ({ withheld }) => `/acts/reject?id=${withheld}` },
  { name: 'repair', path: ({ finding }) => `/acts/repair?id=${finding}` },
  { name: 'adopt', path: ({ finding }) => `/acts/adopt?id=${finding}` },
  { name: 'ignore', path: ({ finding }) => `/acts/ignore?id=${finding}` },
  { name: 'pause', path: () => '/acts/pause', isSeenEmpty: true },
  { name: 'resume', path: () => '/acts/resume', isSeenEmpty: true, status: 409 },
  { name: 'mode', path: () => '/acts/mode' },
  { name: 'not-found', path: () => '/nowhere', status: 404 },
  { name: 'not-found-person', path: () => '/people/999999', status: 404 },
];

/** Pages of a desk where people sign in. */
const guardedPages: readonly (Omit<DeskPage, 'path'> & { path: string; as?: Role })[] = [
  { name: 'sign-in', path: '/sign-in', hasPicture: true },
  { name: 'sign-in-again', path: '/sign-in?ended=yes' },
  { name: 'link-gone', path: '/link/none', status: 410 },
  { name: 'sessions', path: '/sessions', as: 'operator', hasPicture: true },
  { name: 'refused', path: '/sessions', as: 'viewer', status: 403 },
  { name: 'act-refused', path: '/acts/mode', as: 'desk', status: 403 },
];

describe('the pages of the desk, in a browser', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  let browser: Browser;
  let filled = nobody;

  before(async () => {
    browser = await openBrowser();
    space = await startSpace(undefined, {}, 'none', rulesFile);
    desk = await startTestDesk(space);
  });
  after(async () => {
    await browser.close();
    await desk.close();
    await space.stop();
  });

  async function tryPage(page: DeskPage, views: readonly View[]): Promise<void> {
    const url = desk.url + page.path(filled);
    await eventually('everything is read', () => isRead(url));
    await tryAt(browser, url, { status: page.status, views });
  }

  /** Some pages say so while they are read. */
  async function isRead(url: string): Promise<boolean> {
    const answer = await fetch(url);
    return answer.headers.get('refresh') === null && !/being asked again/.test(await answer.text());
  }

  describe('with nobody in the space', () => {
    for (const page of pages.filter(({ isSeenEmpty }) => isSeenEmpty))
      it(`${page.name}: everybody can use it`, () => tryPage(page, someViews));
  });

  describe('with people in the space', () => {
    before(async () => {
      filled = await fill(space);
      for (const id of Object.values(filled)) assert.notEqual(id, 0);
      // What was read for the empty pages is kept for a while.
      await desk.close();
      desk = await startTestDesk(space);
    });

    for (const page of pages)
      it(`${page.name}: everybody can use it`, () =>
        tryPage(page, page.isSeenEmpty ? otherViews : [...someViews, ...otherViews]));
  });

  describe('where people sign in', () => {
    let guarded: DeskServer;
    let invite: () => Promise<string>;
    const secrets = new Map<Role, string>();

    before(async () => {
      const port = await newPort();
      guarded = await startTestDesk(space, { port, desk: { url: `http://127.0.0.1:${port}` } });
      const db = await openDatabase(space.config.databaseUrl);
      const sessions = new Sessions(db, space.config.desk, Date.now);
      for (const role of ['viewer', 'desk', 'operator'] as const)
        secrets.set(role, (await sessions.begin({ name: 'Mia', role, account: 'mia@link' })).token);
      invite = async () => (await sessions.invite({ name: 'Gina', role: 'desk' })).token;
    });
    after(() => guarded.close());

    for (const { name, path, as, status } of guardedPages)
      it(`${name}: everybody can use it`, () => {
        const session = as === undefined ? undefined : secrets.get(as);
        return tryAt(browser, guarded.url + path, { status, session });
      });

    const operators = pages.map((page) => ({ ...page, as: 'operator' as const }));
    const drawn = process.env['PICTURES'] === 'write' ? [...operators, ...guardedPages] : [];
    for (const { name, path, as } of drawn.filter(({ hasPicture }) => hasPicture))
      it(`${name} has its picture taken`, async () => {
        const session = as === undefined ? undefined : secrets.get(as);
        const url = guarded.url + (typeof path === 'string' ? path : path(filled));
        for (const [look, at] of [
          [{ widthPx: widthsPx.phone }, '360'],
          [{ widthPx: widthsPx.laptop }, '1280'],
          ...(name === 'today' ? [[{ isDark: true }, '1280-dark'] as const] : []),
        ] as const)
          await withPage(browser, url, { ...look, ...(session && { session }) }, ({ page }) =>
            pictureOnceRead(page, `${name}-${at}`),
          );
      });

    it('link: everybody can use it', async () => tryAt(browser, `${guarded.url}/link/${await invite()}`));
  });

  it('are dark where the browser is', () =>
    withPage(browser, `${desk.url}/`, { isDark: true }, async ({ page }) => {
      const colours = 'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)';
      for (const part of await page.evaluate<number[]>(colours)) assert.ok(part < 64, `${part} of 255`);
    }));
});

/** What a page says while not all of it is there. */
const isBeingRead = /being read|being asked|Reading Nexudus|takes longer than usual/;

/** Takes a picture of a page that has all it tells of. */
async function pictureOnceRead(page: Page, name: string): Promise<void> {
  await eventually('everything is read', async () => {
    if (!isBeingRead.test(await page.innerText('main'))) return true;
    await page.reload();
    return false;
  });
  await picture(page, name);
}

/** Looks at a page as different people have it: by keyboard, on each screen, in light and dark, without JavaScript. */
async function tryAt(
  browser: Browser,
  url: string,
  {
    status = 200,
    session,
    views = [...someViews, ...otherViews],
  }: { status?: number | undefined; session?: string | undefined; views?: readonly View[] } = {},
): Promise<void> {
  const look: Look = session === undefined ? {} : { session };
  const found: string[] = [];
  let text = '';
  await withPage(browser, url, look, async ({ page, complaints, ...answer }) => {
    assert.equal(answer.status, status);
    for (const line of await notByKeyboard(page)) found.push(`by keyboard: ${line}`);
    text = await textOf(page);
    found.push(...(await wrongWith(page, views)));
    const isItsStatus = (line: string): boolean => line.includes(`status of ${status}`);
    for (const line of complaints) if (!isItsStatus(line)) found.push(`the browser complains: ${line}`);
  });
  assert.deepEqual(found, [], url);
  await eventually(
    'the same without JavaScript',
    async () => {
      const plain = await textAt(browser, url, { ...look, hasScript: false });
      if (plain === text) return true;
      // Something may have happened between the two.
      text = await textAt(browser, url, look);
      return plain === text;
    },
    patienceMs,
    200,
    async () => [text, await textAt(browser, url, { ...look, hasScript: false })],
  );
}

/** A screen, and the colours on it. */
type View = readonly [widthPx: number, colorScheme: 'light' | 'dark'];

/** A page that is looked at empty and filled is empty in some of these views, and filled in the others: axe takes its time. */
const someViews: readonly View[] = [
  [widthsPx.laptop, 'light'],
  [widthsPx.phone, 'dark'],
];
const otherViews: readonly View[] = [
  [widthsPx.laptop, 'dark'],
  [widthsPx.phone, 'light'],
];

/** What is wrong on any screen, with everything opened that can be. */
async function wrongWith(page: Page, views: readonly View[]): Promise<string[]> {
  await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
  const found: string[] = [];
  for (const [widthPx, colorScheme] of views) {
    await page.setViewportSize({ width: widthPx, height: 800 });
    await page.emulateMedia({ colorScheme });
    const findings = await axeFindings(page);
    found.push(...findings.map((line) => `${widthPx} px, ${colorScheme}: ${line}`));
    found.push(...(await tooWide(page, widthPx)));
  }
  await page.setViewportSize({ width: widthsPx.wall, height: 800 });
  return [...found, ...(await tooWide(page, widthsPx.wall))];
}

async function tooWide(page: Page, widthPx: number): Promise<string[]> {
  const byPx = await overflowPx(page);
  return byPx === 0 ? [] : [`${widthPx} px: ${byPx} px too wide`];
}

function textAt(browser: Browser, url: string, look: Look): Promise<string> {
  return withPage(browser, url, look, ({ page }) => textOf(page));
}

/** What a page says, without the times, which go on. */
async function textOf(page: Page): Promise<string> {
  return (await page.innerText('main')).replace(/(\d+ (s|min) ago)|\d\d:\d\d/g, 'then');
}

async function withPage<T>(
  browser: Browser,
  url: string,
  look: Look,
  job: (looking: Looking) => Promise<T>,
): Promise<T> {
  const looking = await lookAgainAt(browser, url, look);
  try {
    return await job(looking);
  } finally {
    await looking.close();
  }
}
