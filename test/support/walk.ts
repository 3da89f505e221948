import { Visitor, fieldIn } from './visitor.js';

/** Somebody at a front desk who looks for an answer: counts the pages that it takes. */
export class Walk {
  /** Pages that were asked for, a form that was sent included. What a page leads on to by itself is the same step. */
  steps = 0;
  /** The page that is shown. */
  html = '';
  private path = '/';
  private readonly visitor: Visitor;

  constructor(url: string) {
    this.visitor = new Visitor(url);
  }

  /** What is typed into the one search box, and Enter. */
  find(text: string): Promise<this> {
    return this.open(`/?q=${encodeURIComponent(text)}`);
  }

  /** Opens a page by its address. */
  async open(path: string): Promise<this> {
    this.steps++;
    return this.load(path);
  }

  /** Follows the first link with this text. Throws where the page has none. */
  async follow(text: RegExp): Promise<this> {
    const links = [...this.html.matchAll(/<a [^>]*?href="([^"]*)"[^>]*>(.*?)<\/a>/gs)];
    const [, href] = links.find(([, , shown = '']) => text.test(shown)) ?? [];
    if (href === undefined) throw new Error(`no link ${text.source} on ${this.path}`);
    return this.open(href.replaceAll('&amp;', '&'));
  }

  /** Sends the form of an act with its own fields, and `typed` over them. */
  async press(typed: Record<string, string>): Promise<this> {
    this.steps++;
    const form = { step: 'do' } as Record<string, string>;
    for (const name of ['_csrf', 'form', 'shown', 'member', 'id', 'until', 'group'])
      form[name] = fieldIn(this.html, name) || (chosenIn(this.html, name) ?? valueOf(this.html, name));
    const { status, text, headers } = await this.visitor.post(this.path.split('?')[0] ?? '', {
      ...form,
      ...typed,
    });
    this.html = text;
    return status === 303 ? this.load(headers.location ?? '/') : this;
  }

  /** The page as somebody reads it. */
  get text(): string {
    return this.html
      .replace(/<[^>]*>/g, ' ')
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&')
      .replace(/\s+/g, ' ');
  }

  private async load(path: string): Promise<this> {
    this.path = path;
    const { status, text, headers } = await this.visitor.get(path);
    if (status === 303) return this.load(headers.location ?? '/');
    this.html = text;
    return this;
  }
}

/** What a list has selected; null: there is no such list. */
function chosenIn(html: string, name: string): string | null {
  const [, options] = new RegExp(`<select[^>]* name="${name}".*?>(.*?)</select>`, 's').exec(html) ?? [];
  if (options === undefined) return null;
  const [chosen = ''] = /<option[^>]* selected[^>]*>/.exec(options) ?? [];
  return /value="([^"]*)"/.exec(chosen)?.[1] ?? '';
}

function valueOf(html: string, name: string): string {
  const [tag = ''] = new RegExp(`<input[^>]* name="${name}"[^>]*>`).exec(html) ?? [];
  return / value="([^"]*)"/.exec(tag)?.[1] ?? '';
}
