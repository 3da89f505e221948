// What a web page in a browser on this machine gets from the embedded Temporal server: nothing. The very requests that it can
// make are sent: with its own name pointed to 127.0.0.1 (DNS rebinding), and across origins in a form that needs no leave.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import { isIPv4, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { findTemporalCli } from '../../temporal-server/binaries.js';
import { guardUi, hiddenTarget, type GuardedUi } from '../../temporal-server/embedded-ui.js';
import { startEmbeddedTemporal, type EmbeddedTemporal } from '../../temporal-server/embedded.js';
import { eventually } from '../support/eventually.js';
import { stubbornly } from '../support/folders.js';
import { newPort } from '../support/ports.js';

interface Answer {
  status: number;
  body: string;
  headers: IncomingHttpHeaders;
}
interface Call {
  at: string;
  method?: string;
  path: string;
  headers?: Record<string, string>;
}

/** Sends just these headers; `fetch` would not let a caller say Host or Sec-Fetch-Site. */
function call({ at, method = 'GET', path, headers = {} }: Call): Promise<Answer> {
  const { hostname, port } = new URL(`http://${at}`);
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, method, path, headers, timeout: 5_000 }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers });
      });
    });
    sent.on('error', reject);
    sent.end(method === 'GET' ? undefined : '{}');
  });
}

const signalPath = '/namespaces/default/workflows/member-1/signal/changed';
const evil = { origin: 'http://evil.example', 'content-type': 'application/json' };
/** What a page can send, to a server that would answer it. */
const attacks = [
  { path: '/', headers: { host: 'evil.example' } },
  { path: '/api/v1/settings', headers: { host: 'evil.example' } },
  { path: '/api/v1/namespaces', headers: { host: 'evil.example' } },
  { path: '/api/v1/namespaces/default/workflows', headers: { host: 'evil.example' } },
  { path: '/namespaces/default/workflows', headers: { host: 'evil.example' } },
  ...['/api/v1', ''].flatMap((base) =>
    ['signal/changed', 'terminate', 'cancel'].flatMap((what) => {
      const path = `${base}/namespaces/default/workflows/member-1/${what}`;
      return [
        // The page's own name leads to this machine: for the browser, all of it is one site.
        { method: 'POST', path, headers: { host: 'evil.example', ...evil, 'sec-fetch-site': 'same-origin' } },
        { method: 'POST', path, headers: { host: 'evil.example:8233', ...evil } },
        { method: 'POST', path, headers: { host: 'evil.example', authorization: 'Bearer x', ...evil } },
        // A form of another page, which needs no leave.
        { method: 'POST', path, headers: { ...evil, 'content-type': 'text/plain' } },
        { method: 'POST', path, headers: { ...evil, 'sec-fetch-site': 'cross-site' } },
        { method: 'POST', path, headers: { origin: 'null', 'content-type': 'text/plain' } },
      ];
    }),
  ),
] satisfies Omit<Call, 'at'>[];

/** Where a process listens. */
async function listening(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')),
  );
  const sockets = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/));
  return rows
    .filter((row) => row[3] === '0A' && sockets.has(row[9] ?? ''))
    .map(([, at = '']) => {
      const bytes = (at.slice(0, 8).match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16));
      return `${bytes.join('.')}:${parseInt(at.slice(9), 16)}`;
    });
}

describe('what a web page gets from the embedded Temporal server', function () {
  let folder: string;
  let server: EmbeddedTemporal;
  let client: Client;

  async function start(ui: boolean): Promise<void> {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-ui-'));
    const env = { ...process.env, TEMPORAL_CLI_PATH: (await findTemporalCli()).path };
    // Other tests start servers at the usual port at the same time.
    const port = await newPort();
    const uiPort = await newPort();
    server = await startEmbeddedTemporal({ cacheDir: folder, env, ui, port, uiPort });
    client = new Client({ connection: await Connection.connect({ address: server.address }) });
    await client.workflow.start('member', { taskQueue: 'nobody', workflowId: 'member-1' });
  }
  afterEach(async () => {
    await client.connection.close();
    await server.stop();
    await rm(folder, stubbornly);
  });

  async function serverPid(): Promise<number> {
    const entry = JSON.parse(await readFile(join(folder, 'temporal-server.json'), 'utf8')) as {
      server: { serverPid: number };
    };
    return entry.server.serverPid;
  }
  async function events(): Promise<number | undefined> {
    return (await client.workflow.getHandle('member-1').fetchHistory()).events?.length;
  }

  it('is nothing, at any port of it', async function () {
    if (process.platform !== 'linux') this.skip();
    await start(false);
    const before = await events();
    const places = await listening(await serverPid());
    assert.ok(places.length >= 5, places.join());
    for (const at of places) {
      for (const attack of attacks) {
        const status = await call({ at, ...attack }).then(
          (answer) => answer.status,
          () => 'no HTTP',
        );
        assert.ok(
          status === 'no HTTP' || status === 403 || status === 404,
          `${at} ${JSON.stringify(attack)}: ${status}`,
        );
      }
    }
    assert.equal(await events(), before);
    assert.equal((await client.workflow.getHandle('member-1').describe()).status.name, 'RUNNING');
  });

  it('is nothing either where the UI is asked for, which people can use all the same', async function () {
    if (process.platform !== 'linux') this.skip();
    await start(true);
    const at = new URL(server.uiUrl ?? '').host;
    const before = await events();
    for (const attack of attacks)
      assert.equal((await call({ at, ...attack })).status, 403, JSON.stringify(attack));
    assert.equal(await events(), before);
    // Nobody can guess where the server itself has it.
    const places = (await listening(await serverPid())).filter((one) => !one.startsWith('127.0.0.1:'));
    assert.equal(places.length, 1);

    const page = await call({ at, path: '/', headers: { host: at } });
    assert.match(page.body, /<html/);
    // The UI may have tried to reach the server before it was up, and waits a moment before it tries again.
    let list = page;
    await eventually('the list of workflows', async () => {
      list = await call({ at, path: '/api/v1/namespaces/default/workflows', headers: { host: at } });
      return /member-1/.test(list.body);
    });
    const token = /_csrf=(\w+)/.exec(String(list.headers['set-cookie']))?.[1] ?? '';
    const headers = { host: at, origin: `http://${at}`, 'sec-fetch-site': 'same-origin' };
    const signed = { cookie: `_csrf=${token}`, 'x-csrf-token': token, 'content-type': 'application/json' };
    const order = { at, method: 'POST', path: `/api/v1${signalPath}`, headers: { ...headers, ...signed } };
    assert.equal((await call(order)).status, 200);
    assert.equal(await events(), (before ?? 0) + 1);
  });
});

describe('the guard of the Temporal UI', () => {
  let behind: Server;
  let ui: GuardedUi;
  let at: string;
  let reached: number;

  beforeEach(async () => {
    reached = 0;
    behind = createServer((asked, answer) => {
      reached += 1;
      asked
        .resume()
        .on('end', () => answer.setHeader('x-of', 'the UI').end(`${asked.method ?? ''} ${asked.url ?? ''}`));
    });
    await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
    const port = await newPort();
    ui = await guardUi(port, { host: '127.0.0.1', port: (behind.address() as AddressInfo).port });
    at = `127.0.0.1:${port}`;
  });
  afterEach(async () => {
    await ui.close();
    behind.close();
  });

  it('passes on what its own pages ask, whole, and lets nobody frame them', async () => {
    for (const host of [at, at.replace('127.0.0.1', 'localhost'), at.replace('127.0.0.1', 'LOCALHOST')]) {
      const answer = await call({ at, method: 'PUT', path: '/a?b=c', headers: { host } });
      assert.deepEqual([answer.status, answer.body], [200, 'PUT /a?b=c']);
      assert.deepEqual([answer.headers['x-of'], answer.headers['x-frame-options']], ['the UI', 'DENY']);
    }
  });

  it('opens a link from elsewhere, but in no frame, and not as a form', async () => {
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    const statusOf = async (headers: Record<string, string>, method = 'GET'): Promise<number> =>
      (await call({ at, method, path: '/', headers: { host: at, ...headers } })).status;
    assert.equal(await statusOf(link), 200);
    assert.equal(await statusOf({ ...link, 'sec-fetch-dest': 'iframe' }), 403);
    assert.equal(await statusOf({ ...link, 'sec-fetch-mode': 'no-cors' }), 403);
    assert.equal(await statusOf(link, 'POST'), 403);
    assert.equal(await statusOf({ 'sec-fetch-site': 'same-site' }), 403);
    assert.equal(await statusOf({ 'sec-fetch-site': 'none' }), 200);
  });

  it('refuses every other name and origin', async () => {
    const port = at.split(':')[1] ?? '';
    const hosts = ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port}.evil.example`];
    for (const host of [
      ...hosts,
      `localhost.evil.example:${port}`,
      `127.0.0.1:${port}@evil.example`,
      '[::1]',
      '0.0.0.0',
    ])
      assert.equal((await call({ at, path: '/', headers: { host } })).status, 403, host);
    const origins = [
      'null',
      '',
      'http://evil.example',
      `https://${at}`,
      `http://${at}.evil.example`,
      `http://localhost:${port}`,
    ];
    for (const origin of origins)
      assert.equal((await call({ at, path: '/', headers: { host: at, origin } })).status, 403, origin);
    assert.equal(reached, 0);
  });

  it('says so where the UI itself does not answer', async () => {
    behind.close();
    behind.closeAllConnections();
    assert.equal((await call({ at, path: '/', headers: { host: at } })).status, 502);
  });

  it('hides the UI where no page finds it, and says where that cannot be had', () => {
    const places = Array.from({ length: 1000 }, () => hiddenTarget('linux'));
    assert.ok(new Set(places.map(({ host }) => host)).size > 990);
    for (const { host, port, isHidden } of places) {
      assert.ok(isIPv4(host) && host.startsWith('127.') && host !== '127.0.0.1' && isHidden, host);
      assert.ok(port > 1023 && port < 65_536);
    }
    const { host, isHidden } = hiddenTarget('darwin');
    assert.deepEqual([host, isHidden], ['127.0.0.1', false]);
  });
});
