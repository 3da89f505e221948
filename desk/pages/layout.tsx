import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Viewer } from '../desk.js';
import type { ShownHealth } from '../health.js';
import { words } from '../words.js';
import { Head } from './head.js';
import { HealthLine } from './health-line.js';
import { Who } from './who.js';

/** What every page is drawn with. */
export interface Frame {
  viewer: Viewer;
  /** The token that every form sends back, so that no other site can send one. */
  csrf: string;
  /** The path of the page that is shown, so that its area is marked. */
  path: string;
  /** Null: it is not shown. */
  health: ShownHealth | null;
  /** What was done just now, to be told once; null: nothing. */
  told: string | null;
}

const areas = [
  ['/', words.areas.find],
  ['/today', words.areas.today],
  ['/groups', words.areas.groups],
  ['/changes', words.areas.changes],
  ['/going-live', words.areas.goingLive],
] as const;

/** A whole page as HTML. What stands in it is escaped, whoever wrote it. */
export function page(frame: Frame, title: string, body: Child, live?: string): string {
  const html = <Page frame={frame} title={title} body={body} live={live} />;
  return `<!doctype html>${html as string}`;
}

interface PageParts {
  frame: Frame;
  title: string;
  body: Child;
  live: string | undefined;
}

function Page({ frame, title, body, live }: PageParts): JSX.Element {
  return (
    <html lang="en">
      <Head title={title} hasScript={true} />
      <body>
        <a class="skip" href="#main">
          {words.layout.skip}
        </a>
        <header>
          <a class="product" href="/">
            {words.product}
          </a>
          <Areas path={frame.path} />
          <Who viewer={frame.viewer} csrf={frame.csrf} />
        </header>
        {frame.health && <HealthLine health={frame.health} viewer={frame.viewer} />}
        <Says />
        {frame.told === null ? null : (
          <p class="told" role="status">
            {frame.told}
          </p>
        )}
        <main id="main" tabindex={-1} data-live={live}>
          <h1>{title}</h1>
          {body}
        </main>
      </body>
    </html>
  );
}

function Areas({ path }: { path: string }): JSX.Element {
  return (
    <nav aria-label={words.layout.areas}>
      {areas.map(([href, name]) => (
        <a href={href} {...(isWithin(path, href) ? { 'aria-current': 'page' as const } : {})}>
          {name}
        </a>
      ))}
    </nav>
  );
}

/** A group's page is within the area of the groups. */
function isWithin(path: string, area: string): boolean {
  return path === area || (area !== '/' && path.startsWith(`${area}/`));
}

/**
 * The lines in which the script says what it did, and whether the page is still live. They are there from the start, so that
 * screen readers hear them.
 */
function Says(): JSX.Element {
  const { found, notFound, copied } = words.says;
  return (
    <div class="says">
      <p id="says" role="status" data-found={found} data-not-found={notFound} data-copied={copied} />
      <p id="live" role="status" data-lost={words.live.lost} data-ended={words.live.ended} />
    </div>
  );
}
