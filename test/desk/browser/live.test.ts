import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { membershipChanged, memberWorkflowId } from '../../../messages/to-member.js';
import { words } from '../../../desk/words.js';
import {
  axeFindings,
  lookAt,
  notByKeyboard,
  openBrowser,
  overflowPx,
  widthsPx,
  type Looking,
} from '../../support/browser.js';
import { eventually } from '../../support/eventually.js';
import { newPort } from '../../support/ports.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { ownPages, serveOwnPages } from './own-pages.js';

describe('an open page of the desk', () => {
  let space: RunningSpace;
  let browser: Browser;
  let looking: Looking;
  let page: Page;
  let ada: number;
  const pages = ownPages();
  let served: Awaited<ReturnType<typeof serveOwnPages>>;

  before(async () => {
    browser = await openBrowser();
    space = await startSpace(({ nexudus, ids }) => {
      const { space } = nexudus;
      ada = space.addCoworker({
        FullName: 'Ada',
        Email: 'ada@example.com',
        InvoicingBusinessId: ids.rome,
      }).Id;
    });
    buy();
    await eventually('the key', async () => (await space.view(ada))?.state === 'access');
    // A port that the system gives away could be another's once this server is closed for a while.
    served = await serve(await newPort());
  });
  after(async () => {
    await browser.close();
    await served.close();
    await space.stop();
  });
  beforeEach(async () => {
    pages.isSignedIn = true;
    pages.fetched.length = 0;
    looking = await lookAt(browser, `${served.url}/people/${ada}`);
    page = looking.page;
    await eventually('the page is live', () => fetches() >= 2);
  });
  afterEach(() => looking.close());

  const serve = (port: number): ReturnType<typeof serveOwnPages> =>
    serveOwnPages({ client: space.service.client, view: (id) => space.view(id) }, pages, port);
  /** How often the page was fetched. */
  const fetches = (): number => pages.fetched.filter((path) => path === `/people/${ada}`).length;
  const connects = (): number => pages.fetched.filter((path) => path.startsWith('/live')).length;
  const verdict = (): Promise<string> => page.innerText('#verdict');
  const told = (): Promise<string> => page.innerText('#live');

  function buy(): void {
    const { nexudus, ids } = space;
    nexudus.space.addPass({ CoworkerId: ada, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
  }

  /** Polls would notice it too, later. */
  async function suspend(isSuspended: boolean): Promise<void> {
    space.nexudus.space.update('coworkers', ada, { Active: !isSuspended });
    await space.service.client.workflow.getHandle(memberWorkflowId(ada)).signal(membershipChanged);
  }

  it('shows by itself what has changed, and keeps the focus, typed text, open details and place', async () => {
    await page.click('summary');
    await page.fill('#why', 'she waits at the door');
    await page.evaluate('window.isStillThis = true; window.scrollTo(0, 700)');
    const place = await page.evaluate<number>('window.scrollY');
    await suspend(true);
    await eventually('the verdict', async () => (await verdict()) === 'Cannot get in.');
    await suspend(false);
    await eventually('the verdict', async () => (await verdict()) === 'Can get in.');
    assert.equal(await page.evaluate('window.isStillThis'), true, 'the page was loaded anew');
    assert.equal(await page.inputValue('#why'), 'she waits at the door');
    assert.equal(await page.evaluate('document.activeElement.id'), 'why');
    assert.equal(await page.evaluate('document.querySelector("details").open'), true);
    assert.equal(await page.evaluate<number>('window.scrollY'), place);
    assert.deepEqual(looking.complaints, []);
  });

  it('says that the connection is lost, and goes on by itself', async () => {
    const { port } = served;
    await served.close();
    await eventually('it says so', async () => (await told()) === words.live.lost);
    await suspend(true);
    await eventually('no access', async () => (await space.view(ada))?.state === 'noAccess');
    served = await serve(port);
    await eventually('the verdict', async () => (await verdict()) === 'Cannot get in.');
    await eventually('it says nothing more', async () => (await told()) === '');
    await suspend(false);
    await eventually('the verdict', async () => (await verdict()) === 'Can get in.');
  });

  it('asks for nothing in the background, and is up to date when it is looked at', async () => {
    await turn('hidden');
    let before: number[] = [];
    // Requests that were under way when the page was hidden may still come.
    await eventually('nothing more is fetched', async () => {
      before = [fetches(), connects()];
      await sleep(500);
      return [fetches(), connects()].join() === before.join();
    });
    await suspend(true);
    await eventually('no access', async () => (await space.view(ada))?.state === 'noAccess');
    assert.deepEqual([fetches(), connects()], before);
    assert.equal(await verdict(), 'Can get in.');
    await turn('visible');
    await eventually('the verdict', async () => (await verdict()) === 'Cannot get in.');
    await suspend(false);
    await eventually('the verdict', async () => (await verdict()) === 'Can get in.');
  });

  function turn(visibility: 'hidden' | 'visible'): Promise<unknown> {
    return page.evaluate(`{
      Object.defineProperty(document, 'hidden', { configurable: true, value: ${visibility === 'hidden'} });
      document.dispatchEvent(new Event('visibilitychange'));
    }`);
  }

  it('says so when the session has ended, and stops asking', async () => {
    pages.isSignedIn = false;
    await eventually('it says so', async () => (await told()) === words.live.ended);
    assert.equal(await verdict(), 'Can get in.');
    const before = pages.fetched.length;
    await suspend(true);
    await eventually('no access', async () => (await space.view(ada))?.state === 'noAccess');
    assert.equal(pages.fetched.length, before);
    await suspend(false);
    await eventually('access', async () => (await space.view(ada))?.state === 'access');
  });

  it('takes the keyboard past the navigation first', async () => {
    await page.keyboard.press('Tab');
    assert.equal(await page.innerText(':focus'), words.layout.skip);
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  });

  it('copies all that it says as text', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('a[data-copy]');
    await eventually('it says so', async () => (await page.innerText('#says')) === words.says.copied);
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'Ada can get in – “yes”.');
  });

  for (const widthPx of Object.values(widthsPx))
    it(`holds the parts of other pages at ${widthPx} px`, async () => {
      await page.setViewportSize({ width: widthPx, height: 800 });
      await page.click('summary');
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await axeFindings(page), []);
      }
      assert.equal(await overflowPx(page), 0, 'pixels too wide');
      assert.deepEqual(await notByKeyboard(page), []);
    });
});

describe('the search of the desk', () => {
  let browser: Browser;
  let space: RunningSpace;
  let served: Awaited<ReturnType<typeof serveOwnPages>>;
  let looking: Looking;
  let page: Page;
  const pages = ownPages();

  before(async () => {
    browser = await openBrowser();
    space = await startSpace();
    served = await serveOwnPages({ client: space.service.client, view: () => Promise.resolve(null) }, pages);
  });
  after(async () => {
    await browser.close();
    await served.close();
    await space.stop();
  });
  beforeEach(async () => {
    pages.fetched.length = 0;
    looking = await lookAt(browser, `${served.url}/find`);
    page = looking.page;
    // The browser sets it a moment after all is loaded.
    await eventually('the focus', async () => (await page.evaluate('document.activeElement.id')) === 'find');
  });
  afterEach(async () => {
    assert.deepEqual(looking.complaints, []);
    await looking.close();
  });

  const found = (): Promise<string[]> => page.locator('#results a').allInnerTexts();
  const focused = (): Promise<string> => page.evaluate<string>('document.activeElement.innerText');

  it('finds as one types, says how many, and is used by arrow keys, Enter and Escape', async () => {
    await page.keyboard.type('ada');
    await eventually('both', async () => (await found()).join() === 'Ada,Adam');
    await eventually('how many', async () => (await page.innerText('#says')) === 'Results: 2.');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), 'Ada');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), 'Adam');
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate('document.activeElement.id'), 'find');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/people/1');
  });

  it('shows what was typed last, however late an older answer comes', async () => {
    let answer = (): void => undefined;
    pages.late = new Promise((resolve) => (answer = resolve));
    await page.keyboard.type('a');
    await eventually('it is asked', () => pages.fetched.includes('/search?q=a'));
    await page.keyboard.type('dam');
    await eventually('one', async () => (await found()).join() === 'Adam');
    answer();
    // Whatever came before has been dealt with once another answer is here.
    await page.evaluate("fetch('/search?q=').then((response) => response.text())");
    assert.deepEqual(await found(), ['Adam']);
  });

  it('asks once for what is typed in one go', async () => {
    // Key by key from here, a busy machine would make pauses of its own.
    await page.evaluate(`for (const letter of 'adam') {
      const field = document.activeElement;
      field.value += letter;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }`);
    await eventually('one', async () => (await found()).join() === 'Adam');
    assert.deepEqual(
      pages.fetched.filter((path) => path.startsWith('/search')),
      ['/search?q=adam'],
    );
  });

  it('finds a person who is added a moment later, without more typing', async () => {
    await page.keyboard.type('grace');
    await eventually('nobody', async () => (await page.innerText('#says')) === 'Results: 0.');
    pages.newcomers.push('Grace');
    await eventually('Grace', async () => (await found()).join() === 'Grace');
  });

  it('runs nothing that a name holds', async () => {
    await page.keyboard.type('<img');
    await eventually('it is found', async () => (await found()).length === 1);
    assert.equal(await page.evaluate('window.ran'), undefined);
    assert.equal(await page.locator('#results img').count(), 0);
  });
});
