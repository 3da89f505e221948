import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { openDatabase } from '../../../database/database.js';
import type { DeskServer } from '../../../desk/server.js';
import { Sessions } from '../../../desk/sign-in/sessions.js';
import { words } from '../../../desk/words.js';
import type { Role } from '../../../lib/roles.js';
import { listWithheld } from '../../../space/withheld.js';
import { lookAt, openBrowser, widthsPx, type Look, type Looking } from '../../support/browser.js';
import { startTestDesk } from '../../support/desk.js';
import { eventually, patienceMs } from '../../support/eventually.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { rulesFile } from './people.js';
import { newPort } from '../../support/ports.js';

/** How the desk is used, and by which name Ada is known there. */
const ways: readonly (readonly [how: string, surname: string, look: Look])[] = [
  ['on a laptop', 'Lovelace', {}],
  [
    'on a phone in the dark, without JavaScript',
    'Byron',
    { widthPx: widthsPx.phone, isDark: true, hasScript: false },
  ],
];

describe('an evening at the desk', function () {
  this.timeout(300_000);
  let space: RunningSpace;
  let desk: DeskServer;
  let browser: Browser;
  let sessions: Sessions;
  let closeDatabase: () => Promise<void>;

  before(async () => {
    browser = await openBrowser();
    space = await startSpace(undefined, {}, 'none', rulesFile);
    const port = await newPort();
    desk = await startTestDesk(space, { port, desk: { url: `http://127.0.0.1:${port}` } });
    const db = await openDatabase(space.config.databaseUrl);
    closeDatabase = () => db.destroy();
    sessions = new Sessions(db, space.config.desk, Date.now);
  });
  after(async () => {
    await browser.close();
    await closeDatabase();
    await desk.close();
    await space.stop();
  });
  afterEach(() => {
    space.kisi.faults.clear();
  });

  /** Somebody with a role opens the desk by a link. */
  async function signIn(name: string, role: Role, look: Look): Promise<Looking> {
    const { token } = await sessions.invite({ name, role });
    const looking = await lookAt(browser, `${desk.url}/link/${token}`, look);
    await looking.page.getByRole('button', { name: 'Sign in' }).click();
    await looking.page.getByRole('searchbox').waitFor();
    return looking;
  }

  const emailOf = (surname: string, name = 'ada'): string => `${name}.${surname.toLowerCase()}@example.com`;

  function add(FullName: string, Email: string): number {
    return space.nexudus.space.addCoworker({ FullName, Email, InvoicingBusinessId: space.ids.rome }).Id;
  }

  function buy(CoworkerId: number, TimePassId: number): number {
    return space.nexudus.space.addPass({ CoworkerId, TimePassId, BusinessId: space.ids.rome }).Id;
  }

  for (const [how, surname, look] of ways)
    describe(how, () => {
      let mia: Looking;
      let page: Page;
      let ada = 0;
      let passId = 0;

      before(async () => {
        ada = add(`Ada ${surname}`, emailOf(surname));
        passId = buy(ada, space.ids.passTypes.romeDay);
        await eventually('her key', () => space.kisi.org.keysOf(emailOf(surname)).length === 1);
        const her = space.kisi.org.users().find(({ email }) => email === emailOf(surname));
        space.kisi.org.signIn(her?.id ?? 0);
        // The desk reads the list of people anew after a while.
        await eventually('she is listed', async () => (await sought(surname)).includes(`Ada ${surname}`));
        mia = await signIn('Mia', 'desk', look);
        ({ page } = mia);
      });
      after(() => mia.close());

      async function sought(text: string): Promise<string> {
        const session = await sessions.begin({ name: 'Test', role: 'viewer', account: 'test@link' });
        const headers = { cookie: `latchkey-desk=${session.token}` };
        return (await fetch(`${desk.url}/search?q=${text}`, { headers })).text();
      }

      /** The page says so by itself; without a script whoever looks loads it again. */
      async function says(selector: string, wanted: RegExp): Promise<void> {
        let text = '';
        await eventually(
          `${selector} says ${wanted.source}`,
          async () => {
            if (look.hasScript === false) await page.reload();
            text = await page.locator(selector).first().innerText();
            return wanted.test(text);
          },
          patienceMs,
          200,
          () => Promise.resolve(text),
        );
      }

      it('Ada is found by half her name, and one sentence says that she can get in', async () => {
        await page.getByRole('searchbox').fill(surname.slice(0, 4).toLowerCase());
        if (look.hasScript === false) await page.getByRole('button', { name: 'Find' }).click();
        await page.getByRole('link', { name: `Ada ${surname}` }).click();
        await says(
          '.verdict',
          new RegExp(`Can enter\\s+Ada ${surname} can open Trastevere, Rome – Day Pass`),
        );
        await page.evaluate('window.isStillThis = true');
      });

      it('the sentence changes by itself when her pass is used up', async () => {
        space.nexudus.space.usePass(passId);
        await says('.verdict', new RegExp(`Cannot enter\\s+Ada ${surname} can’t get in: `));
      });

      it('and when Kisi is down', async () => {
        space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
        passId = buy(ada, space.ids.passTypes.romeDay);
        await says(
          '.verdict',
          new RegExp(`On the way\\s+On its way for Ada ${surname}: waiting for Kisi since `),
        );
        space.kisi.faults.clear();
        await says('.verdict', /Can enter/);
        space.nexudus.space.usePass(passId);
        await says('.verdict', /Cannot enter/);
        if (look.hasScript !== false)
          assert.equal(await page.evaluate('window.isStillThis'), true, 'the page was loaded anew');
      });

      it('Mia allows her a group for an hour, and reads first what that does', async () => {
        await page.getByRole('link', { name: 'Allow for a while' }).first().click();
        await page
          .getByLabel('Group')
          .selectOption({ label: `Trastevere, Rome – Day Pass (${space.ids.groups.romeDay})` });
        await page.getByLabel('Until', { exact: true }).fill('1h');
        await page.getByLabel('Why').fill('she forgot to renew');
        await page.getByRole('button', { name: 'Show what it will do' }).click();
        await says('.will-do', new RegExp(`Ada ${surname}.* gets a key to Trastevere, Rome – Day Pass`));
        await page.getByRole('button', { name: 'Allow', exact: true }).click();
        await page.waitForURL(`**/people/${ada}`);
        assert.match(await page.innerText('.told'), /^Allowed\./);
        await page.reload();
        assert.equal(await page.locator('.told').count(), 0, 'it is told once');
        await says('.verdict', /Can enter/);
        assert.equal(space.kisi.org.keysOf(emailOf(surname)).length, 1);
      });

      it('her timeline says who allowed it, and why', async () => {
        const { heading } = words.person.timeline;
        await says('main', new RegExp(`${heading}[^]*allow group[^]*Mia[^]*she forgot to renew`));
        assert.equal(await page.getByRole('link', { name: 'Block for a while' }).count(), 0);
      });

      it('an operator approves what was withheld, and the keys go', async () => {
        const some = ['dan', 'eve', 'finn'];
        const keys = (): number =>
          some.filter((name) => space.kisi.org.keysOf(emailOf(surname, name)).length > 0).length;
        const ids = some.map((name) => add(`${name} ${surname}`, emailOf(surname, name)));
        for (const id of ids) buy(id, space.ids.passTypes.romeOffice);
        await eventually('their keys', () => keys() === 3);
        for (const id of ids) space.nexudus.space.suspend(id);
        await eventually('the rest is withheld', async () => {
          const withheld = (await listWithheld(space.service.client)).flatMap(({ losses }) => losses);
          return withheld.length > 1 && withheld.length === keys();
        });
        const operator = await signIn('Olga', 'operator', look);
        await approve(operator.page, `Dan and others ${surname} left`);
        await operator.close();
        await eventually('no key is left', () => keys() === 0);
      });

      async function approve(today: Page, why: string): Promise<void> {
        await today.getByRole('link', { name: 'Today' }).click();
        const toApprove = today.getByRole('link', { name: 'Approve: take these keys away' }).first();
        // The page may have been read just before; without a script whoever looks loads it again.
        await eventually('it is among the decisions', async () => {
          if (look.hasScript === false) await today.reload();
          return toApprove.isVisible();
        });
        await toApprove.click();
        await today.getByLabel('Why').fill(why);
        await today.getByRole('button', { name: 'Take these keys away' }).click();
        await today.waitForURL('**/today');
        assert.match(await today.innerText('.told'), /^Approved:/);
      }

      it('the browser complained of nothing', () => {
        assert.deepEqual(mia.complaints, []);
      });
    });
});
