import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** How a page is looked at. */
export interface Look {
  widthPx?: number;
  isDark?: boolean;
  /** False: the browser runs no script. */
  hasScript?: boolean;
  /** The secret of the session in which somebody looks; left out: nobody is signed in. */
  session?: string;
}

/** The narrowest and the widest screen, and a laptop's. */
export const widthsPx = { phone: 360, laptop: 1_280, wall: 1_920 } as const;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = new URL('../../docs/pictures/', import.meta.url);

/** A real browser. Throws with how to install it where there is none. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(
      `${executablePath} is missing, and this test looks at the desk in a real browser: run \`apt-get install chromium\` (Debian), or name the executable of a Chromium in CHROMIUM_PATH`,
    );
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** A page of its own, which remembers what the browser complains of. */
export interface Looking {
  page: Page;
  /** The status that the page was answered with. */
  status: number;
  /** Errors of scripts, and what the Content-Security-Policy refused. */
  complaints: string[];
  close: () => Promise<void>;
}

/** A page of its own that has no address yet, or a former one. */
interface Blank extends Pick<Looking, 'page' | 'complaints'> {
  context: BrowserContext;
}

/** Opens an address. */
export async function lookAt(browser: Browser, url: string, look: Look = {}): Promise<Looking> {
  const blank = await blankPage(browser, url, look);
  return visit(blank, url, look, () => blank.context.close());
}

/** The closed pages of each browser, by how somebody looks. */
const closed = new WeakMap<Browser, Map<string, Blank[]>>();

/**
 * Opens an address, where possible in a page that was opened in the same way and closed: a new one costs more than most of what
 * is done with it. What the desk keeps in the browser is still there.
 */
export async function lookAgainAt(browser: Browser, url: string, look: Look = {}): Promise<Looking> {
  const { hasScript = true, session = null } = look;
  const kinds = closed.get(browser) ?? new Map<string, Blank[]>();
  closed.set(browser, kinds);
  const kind = JSON.stringify([hasScript, session]);
  const ofKind = kinds.get(kind) ?? [];
  kinds.set(kind, ofKind);
  const blank = ofKind.pop() ?? (await blankPage(browser, url, look));
  return visit(blank, url, look, async () => {
    // Else a page that follows what happens would go on.
    await blank.page.goto('about:blank');
    ofKind.push(blank);
  });
}

async function blankPage(browser: Browser, url: string, { hasScript = true, session }: Look): Promise<Blank> {
  const context = await browser.newContext({ javaScriptEnabled: hasScript });
  // Playwright's half a minute is short on a busy machine.
  context.setDefaultTimeout(120_000);
  if (session !== undefined) await context.addCookies([{ name: 'latchkey-desk', value: session, url }]);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { context, page, complaints };
}

async function visit(
  { page, complaints }: Blank,
  url: string,
  { widthPx = widthsPx.laptop, isDark = false }: Look,
  close: () => Promise<void>,
): Promise<Looking> {
  await page.setViewportSize({ width: widthPx, height: 800 });
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light' });
  complaints.length = 0;
  const answer = await page.goto(url);
  return { page, status: answer?.status() ?? 0, complaints, close };
}

/** What axe finds wrong with a page, one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  // It is large, and stays in a page that is looked at in several ways.
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

/** By how many pixels the page is wider than the screen. */
export function overflowPx(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
/** The most parts of a field for a date and a time: the Tab key stops at each. */
const mostParts = 8;

/** What the Tab key alone does not reach, or reaches without a visible focus. One line each. */
export async function notByKeyboard(page: Page): Promise<string[]> {
  await page.evaluate(`document.addEventListener('focusin', ({ target }) => {
    reached.add(target);
    if (getComputedStyle(target).outlineStyle === 'none') unseen.add(target);
  })`);
  for (let tries = 0; tries < 5; tries++) {
    const lines = await notReached(page);
    // What a live page took away meanwhile could not be reached any more.
    if (await page.evaluate<boolean>('visible.every((one) => one.isConnected)')) return lines;
  }
  throw new Error(`${page.url()} takes something away each time before the Tab key has reached it`);
}

async function notReached(page: Page): Promise<string[]> {
  await page.evaluate(`{
    document.activeElement.blur();
    window.reached = new Set();
    window.unseen = new Set();
    // Tab reaches one of several radio buttons; arrow keys go on.
    const radio = (of) => document.querySelector(of + ':checked') ?? document.querySelector(of);
    const isStop = (one) => one.type !== 'radio' || one === radio('input[name="' + one.name + '"]');
    window.visible = [...document.querySelectorAll('${controls}')].filter(
      (one) => one.checkVisibility() && isStop(one),
    );
  }`);
  const count = await page.evaluate<number>('visible.length');
  // A round is as many stops as there are controls: usually all.
  for (let round = 0; round < mostParts; round++) {
    for (let pressed = 0; pressed <= count; pressed++) await page.keyboard.press('Tab');
    if (await page.evaluate<boolean>('visible.every((one) => reached.has(one))')) break;
  }
  return page.evaluate<string[]>(`[
    ...visible.filter((one) => !reached.has(one)).map((one) => 'not reached: ' + one.outerHTML),
    ...[...unseen].map((one) => 'no visible focus: ' + one.outerHTML),
  ]`);
}

/** A picture is no higher: what stands below is much like it. */
const highestPx = 840;

/** Takes a picture of the page from its top, and writes it to docs/pictures. */
export async function picture(page: Page, name: string): Promise<void> {
  const heightPx = await page.evaluate<number>('document.documentElement.scrollHeight');
  const { width } = page.viewportSize() ?? { width: widthsPx.laptop };
  const taken = await page.screenshot({
    ...{ fullPage: true, animations: 'disabled', caret: 'hide' },
    clip: { x: 0, y: 0, width, height: Math.min(heightPx, highestPx) },
  });
  assert.equal(taken.subarray(1, 4).toString(), 'PNG');
  await mkdir(pictures, { recursive: true });
  await writeFile(new URL(`${name}.png`, pictures), taken);
}
