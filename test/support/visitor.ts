/** Somebody at a browser, as a server sees it: keeps cookies, follows no redirect, sends what it is told to. */
import { request as send, type IncomingHttpHeaders } from 'node:http';

/** What a server answered. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export class Visitor {
  /** Values by names, whatever else a cookie says. */
  readonly cookies = new Map<string, string>();
  /** Each cookie as it was set last. */
  readonly setCookies = new Map<string, string>();

  /** `url`: where the server is. */
  constructor(private readonly url: string) {}

  /** `path` is sent as it is, with all dots and slashes in it. */
  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask('GET', path, headers);
  }

  post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.ask('POST', path, { ...type, ...headers }, new URLSearchParams(form).toString());
  }

  ask(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    const { hostname, port } = new URL(this.url);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const all = {
      ...(cookie === '' ? {} : { cookie }),
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const asked = send({ method, hostname, port, path, headers: all, agent: false }, (response) => {
        let text = '';
        response.once('error', reject);
        response.setEncoding('utf8').on('data', (data: string) => (text += data));
        response.once('end', () => {
          this.keep(response.headers['set-cookie'] ?? []);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      asked.once('error', reject);
      asked.end(body);
    });
  }

  private keep(set: readonly string[]): void {
    for (const line of set) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.setCookies.set(name, line);
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, decodeURIComponent(value));
    }
  }
}

/** The value of a hidden field of the first form that has it. */
export function fieldIn(html: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
}
