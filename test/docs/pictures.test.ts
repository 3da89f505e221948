import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../support/browser.js';
import { documents, textOf } from './documents.js';

/** What draws the pictures on GitHub. */
interface Drawer {
  render: (id: string, drawing: string) => Promise<{ svg: string }>;
}

const drawerPath = createRequire(import.meta.url).resolve('@mermaid-js/tiny');

const drawings = documents.flatMap((path) =>
  [...textOf(path).matchAll(/^```mermaid\n([^]*?)^```$/gm)].map(([, drawing = '']) => ({ path, drawing })),
);

/** Draws, and answers the words of the picture. Rejects where it cannot be drawn. */
async function draw(page: Page, drawing: string): Promise<string> {
  const svg = await page.evaluate(async (text) => {
    const { mermaid } = globalThis as unknown as { mermaid: Drawer };
    return (await mermaid.render('picture', text)).svg;
  }, drawing);
  return svg.replace(/<style>[^]*?<\/style>/g, '').replace(/<[^>]*>/g, ' ');
}

/** The quoted words of a drawing, a line each. */
function labelsOf(drawing: string): string[] {
  return [...drawing.matchAll(/"([^"]+)"/g)].flatMap(([, label = '']) => label.split('<br/>'));
}

describe('the pictures of the documents', () => {
  let browser: Browser;
  let page: Page;
  before(async () => {
    browser = await openBrowser();
    page = await browser.newPage();
    await page.addScriptTag({ path: drawerPath });
  });
  after(() => browser.close());

  it('are in the README, and on the page of how Latchkey is built', () => {
    assert.deepEqual([...new Set(drawings.map(({ path }) => path))], ['README.md', 'docs/architecture.md']);
  });

  for (const { path, drawing } of drawings) {
    const line = textOf(path).split(drawing)[0]?.split('\n').length ?? 0;
    it(`can be drawn: ${path}, line ${line}`, async () => {
      const words = await draw(page, drawing);
      assert.match(words, /\w/);
      for (const label of labelsOf(drawing)) assert.ok(words.includes(label), `${label} is not in ${words}`);
    });
  }

  it('are noticed where they cannot be drawn', async () => {
    await assert.rejects(draw(page, 'flowchart LR\n  one --> ['), /Parse error/);
  });
});
