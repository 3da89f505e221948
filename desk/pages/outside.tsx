import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { words } from '../words.js';
import { Head } from './head.js';

/** A whole page for whoever is not signed in, or may not see more: without the areas of the desk, and without a name. */
export function outsidePage(title: string, body: Child): string {
  const html = <Outside title={title} body={body} />;
  return `<!doctype html>${html as string}`;
}

function Outside({ title, body }: { title: string; body: Child }): JSX.Element {
  return (
    <html lang="en">
      <Head title={title} hasScript={false} />
      <body>
        <header>
          <a class="product" href="/">
            {words.product}
          </a>
        </header>
        <main>
          <h1>{title}</h1>
          {body}
        </main>
      </body>
    </html>
  );
}
