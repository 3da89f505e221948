import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What may become of a call on its way.
 * - `lost`: it never comes
 * - `unanswered`: it comes, and its answer is lost
 * - `late`: its sender gets no answer, and it comes once all others have come
 * - `doubled`: it comes twice
 * - `absurd`: its sender says something absurd, and signs it
 * - `mangled`: it comes without its end, so that the signature is wrong
 * - `forged`: a stranger without the secret calls as well
 */
export const mishaps = ['lost', 'unanswered', 'late', 'doubled', 'absurd', 'mangled', 'forged'] as const;
export type Mishap = (typeof mishaps)[number];

/** A mishap of one call in twenty: its place among them, and what an absurd call says. */
export interface Accident {
  place: number;
  mishap: Mishap;
  body: string;
}

/** Bodies that no API should send. */
export const absurdBodies = [
  '',
  'null',
  '[]',
  '[[[[[[]]]]]]',
  'no JSON \u0000 at all',
  '{"Id":-1,"CoworkerId":true,"TeamMembers":7,"UpdatedOn":"0001-01-01T00:00:00"}',
  '[{"Id":"x","BusinessId":"9","UpdatedOn":"9999-12-31T23:59:59Z"}]',
  '[{"Id":999999,"CoworkerId":999999,"TeamMembers":[999999]}]',
  '[{"Id":0,"FullName":{},"Email":[]}]',
  '[{"UpdatedOn":"2024-02-30T25:61:61Z"},{"Id":null}]',
  '{"uuid":"","type":"role_assignment.create","object_id":-5,"created_at":"yesterday"}',
  '{"uuid":7,"type":"user.create","object_id":999999}',
  '{"uuid":"a","type":"user.update","object_id":"9007199254740993","created_at":"2999-01-01T00:00:00Z"}',
];

export interface Relay {
  url: string;
  /** Brings those that are late. */
  bringLate(): Promise<void>;
  close(): Promise<void>;
}

interface RelayOptions {
  /** The listener that the calls are for. */
  to: string;
  /** By the address of a call, such as `/nexudus/access`. */
  accidents: Readonly<Record<string, Accident>>;
  /** The secrets by which the APIs sign; null: they do not. */
  secrets: { nexudus: string | null; kisi: string | null };
}

interface Sent {
  path: string;
  headers: Record<string, string>;
  body: string;
}

const signatureHeaders = { nexudus: 'x-nexudus-hook-signature', kisi: 'x-signature' } as const;

/** Stands between both APIs and a listener, as a network does in which one call in twenty has an accident. */
export async function startRelay({ to, accidents, secrets }: RelayOptions): Promise<Relay> {
  const counts = new Map<string, number>();
  let late: Sent[] = [];
  const server = createServer((request, response) => {
    void take(request).then((status) => {
      if (status === null) response.destroy();
      else response.writeHead(status).end();
    });
  });

  /** The status that the sender gets; null: none. */
  async function take(request: IncomingMessage): Promise<number | null> {
    const sent = await sentIn(request);
    const count = counts.get(sent.path) ?? 0;
    counts.set(sent.path, count + 1);
    const accident = accidents[sent.path];
    if (accident === undefined || accident.place !== count % 20) return bring(sent);
    const { mishap, body } = accident;
    if (mishap === 'late') late.push(sent);
    if (mishap === 'lost' || mishap === 'late') return null;
    if (mishap === 'absurd') return bring(signed({ ...sent, body }));
    if (mishap === 'mangled') return bring({ ...sent, body: sent.body.slice(0, -2) });
    if (mishap === 'forged') await bring(forged(sent));
    const status = await bring(sent);
    if (mishap === 'unanswered') return null;
    return mishap === 'doubled' ? bring(sent) : status;
  }

  async function bring({ path, headers, body }: Sent): Promise<number> {
    return (await fetch(`${to}${path}`, { method: 'POST', headers, body })).status;
  }

  /** As the sender writes its signatures. */
  function signed({ headers, ...sent }: Sent): Sent {
    const { nexudus, kisi } = secrets;
    const [was, event] = [headers[signatureHeaders.nexudus], headers[signatureHeaders.kisi]];
    if (was !== undefined && nexudus !== null) {
      const hex = macOf(nexudus, sent.body).toString('hex');
      const is = was === was.toUpperCase() ? hex.toUpperCase() : hex;
      return { ...sent, headers: { [signatureHeaders.nexudus]: is } };
    }
    if (event === undefined || kisi === null) return { ...sent, headers };
    const [, prefix = '', mac = ''] = /^(sha256=)?(.*)$/.exec(event) ?? [];
    const is = macOf(kisi, sent.body).toString(/^[0-9a-f]{64}$/.test(mac) ? 'hex' : 'base64');
    return { ...sent, headers: { [signatureHeaders.kisi]: `${prefix}${is}` } };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async bringLate() {
      for (const sent of late) await bring(sent);
      late = [];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function sentIn(request: IncomingMessage): Promise<Sent> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.values(signatureHeaders).flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return {
    path: request.url ?? '',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** A call in the right form, signed by a guess. */
function forged({ path, body }: Sent): Sent {
  const mac = macOf('guessed-guessed-guessed', body).toString('hex');
  const isOfKisi = path.startsWith('/kisi/');
  const headers = isOfKisi
    ? { [signatureHeaders.kisi]: `sha256=${mac}` }
    : { [signatureHeaders.nexudus]: mac.toUpperCase() };
  return { path, headers, body };
}

const macOf = (secret: string, body: string): Buffer => createHmac('sha256', secret).update(body).digest();
