import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { DeskServer } from '../../../desk/server.js';
import {
  axeFindings,
  lookAt,
  notByKeyboard,
  openBrowser,
  overflowPx,
  picture,
  widthsPx,
  type Look,
  type Looking,
} from '../../support/browser.js';
import { startTestDesk } from '../../support/desk.js';
import { eventually } from '../../support/eventually.js';
import { startSpace, type RunningSpace } from '../../support/space.js';

/** Who is in the space, by id. */
interface People {
  /** Has a plan. */
  ada: number;
  /** Has used a pass up. */
  bob: number;
}

/** A page of the desk. */
interface DeskPage {
  /** Of its pictures. */
  name: string;
  path: (people: People) => string;
  /** It is there only once somebody is in the space. */
  needsPeople?: true;
}

/** Every page: add what the desk has more. */
const pages: readonly DeskPage[] = [
  { name: 'find', path: () => '/' },
  { name: 'found', path: () => '/?q=ada' },
];

const looks: readonly (readonly [name: string, look: Look])[] = [
  ['on a laptop', {}],
  ['on a phone', { widthPx: widthsPx.phone }],
  ['on a wall', { widthPx: widthsPx.wall }],
  ['in the dark', { isDark: true }],
  ['on a phone in the dark', { isDark: true, widthPx: widthsPx.phone }],
];

describe('the pages of the desk, in a browser', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  let browser: Browser;
  let people: People = { ada: 0, bob: 0 };

  before(async () => {
    browser = await openBrowser();
    space = await startSpace();
    desk = await startTestDesk(space);
  });
  after(async () => {
    await browser.close();
    await desk.close();
    await space.stop();
  });

  async function withPage(
    one: DeskPage,
    look: Look,
    job: (looking: Looking) => Promise<void>,
  ): Promise<void> {
    const looking = await lookAt(browser, desk.url + one.path(people), look);
    try {
      await job(looking);
      assert.deepEqual(looking.complaints, [], 'the browser complains');
    } finally {
      await looking.close();
    }
  }

  const tryPage = (one: DeskPage): void => {
    for (const [name, look] of looks)
      it(`${one.name} ${name}: nothing is wrong for axe, and nothing overflows`, () =>
        withPage(one, look, async ({ page }) => {
          assert.deepEqual(await axeFindings(page), []);
          assert.equal(await overflowPx(page), 0, 'pixels too wide');
        }));

    it(`${one.name} is used by keyboard alone`, () =>
      withPage(one, {}, async ({ page }) => {
        assert.deepEqual(await notByKeyboard(page), []);
      }));

    it(`${one.name} says the same without JavaScript`, async () => {
      const texts: string[] = [];
      // Some pages are there only once everything has been read.
      await eventually(
        'the same',
        async () => {
          texts.length = 0;
          for (const hasScript of [true, false])
            await withPage(one, { hasScript }, async ({ page }) => {
              // Time goes on between the two.
              texts.push((await page.innerText('main')).replace(/\d+ s ago|\d\d:\d\d/g, 'then'));
            });
          return texts[0] === texts[1];
        },
        30_000,
        200,
        () => Promise.resolve(texts),
      );
    });
  };

  describe('with nobody in the space', () => {
    for (const one of pages.filter(({ needsPeople }) => needsPeople !== true)) tryPage(one);
  });

  describe('with people in the space', () => {
    before(async () => {
      people = await fill(space);
    });

    for (const one of pages) {
      tryPage(one);

      for (const widthPx of [widthsPx.phone, widthsPx.laptop])
        it(`${one.name} has its picture taken at ${widthPx} px`, () =>
          withPage(one, { widthPx }, ({ page }) => picture(page, `${one.name}-${widthPx}`)));
    }
  });

  describe('the frame', () => {
    it('is dark where the browser is', async () => {
      const { page, close } = await lookAt(browser, `${desk.url}/`, { isDark: true });
      const colours = 'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)';
      for (const part of await page.evaluate<number[]>(colours)) assert.ok(part < 64, `${part} of 255`);
      await close();
    });
  });
});

/** Fills the space, and waits until everybody is looked after. */
async function fill(space: RunningSpace): Promise<People> {
  const { nexudus, kisi, ids } = space;
  const add = (FullName: string, Email: string): number =>
    nexudus.space.addCoworker({ FullName, Email, InvoicingBusinessId: ids.rome }).Id;
  const ada = add('Ada Lovelace', 'ada@example.com');
  const { romeUnlimited } = ids.plans;
  nexudus.space.renew(
    nexudus.space.addContract({ CoworkerId: ada, TariffId: romeUnlimited, IssuedById: ids.rome }).Id,
  );
  const bob = add('Bob', 'bob@example.com');
  const pass = nexudus.space.addPass({
    CoworkerId: bob,
    TimePassId: ids.passTypes.romeDay,
    BusinessId: ids.rome,
  });
  nexudus.space.usePass(pass.Id);
  await eventually('her key', () => kisi.org.keysOf('ada@example.com').length === 1);
  await eventually('both are looked after', async () =>
    (await Promise.all([ada, bob].map((id) => space.view(id)))).every(
      (one) => typeof one?.lastCheckedAt === 'string',
    ),
  );
  return { ada, bob };
}
