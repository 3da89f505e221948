// Alerts over real HTTP, and by SMTP to a small server of our own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { ChannelError, createChannels, type Channel, type Message } from '../../monitoring/channels.js';

const message: Message = {
  title: 'Latchkey: 1 new',
  lines: ['Kisi answers <b> & says "no".'],
  alerts: [{ cause: 'down/kisi', state: 'begun', since: '2026-11-28T12:00:00Z', text: 'Kisi is down.' }],
};
const secret = 'T0123/B0123/s3cr3t';

/** The error of a channel that did not take the message. */
async function refusalOf(channel: Channel): Promise<ChannelError> {
  const error: unknown = await channel.send(message).then(
    () => null,
    (why: unknown) => why,
  );
  if (!(error instanceof ChannelError)) assert.fail(`it ended in ${String(error)}`);
  for (const hidden of ['s3cr3t', 'passw0rd', '@'])
    assert.doesNotMatch(`${error.message}${error.stack ?? ''}`, new RegExp(hidden));
  assert.equal(error.cause, undefined);
  return error;
}

describe('the webhook that alerts go to', () => {
  let server: Server;
  let got: { url: string | undefined; type: string | undefined; body: unknown }[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let url: string;

  beforeEach(async () => {
    got = [];
    answer = (_, response) => response.end('ok');
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        got.push({
          url: request.url,
          type: request.headers['content-type'],
          body: JSON.parse(body) as unknown,
        });
        answer(request, response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/${secret}?sig=s3cr3t`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const channel = (limitMs?: number): Channel => {
    const [one] = createChannels({ urls: [url], smtp: null }, limitMs);
    return one ?? assert.fail();
  };

  it('gets a JSON text that receivers such as Slack show, and the same as fields', async () => {
    await channel().send(message);
    assert.deepEqual(got, [
      {
        url: `/services/${secret}?sig=s3cr3t`,
        type: 'application/json',
        body: {
          text: 'Latchkey: 1 new\n• Kisi answers <b> & says "no".',
          source: 'latchkey',
          alerts: message.alerts,
        },
      },
    ]);
  });

  it('is named by its host, and remembered by a digest', () => {
    const { id, name } = channel();
    assert.match(name, /^the webhook at 127\.0\.0\.1:\d+$/);
    assert.doesNotMatch(id, /s3cr3t|http/);
    assert.equal(channel().id, id);
  });

  for (const status of [301, 400, 404, 500, 503]) {
    it(`that answers ${status} did not take it, and is not followed elsewhere`, async () => {
      answer = (_, response) => response.writeHead(status, { location: '/elsewhere' }).end(`no ${secret}`);
      const error = await refusalOf(channel());
      assert.equal(error.message, `it answered ${status}.`);
      assert.equal(got.length, 1);
    });
  }

  for (const [header, ms] of [
    ['120', 120_000],
    ['-5', null],
    ['soon', null],
    ['', null],
  ] as const) {
    it(`that throttles says for how long: "${header}"`, async () => {
      answer = (_, response) => response.writeHead(429, { 'retry-after': header }).end();
      assert.equal((await refusalOf(channel())).retryAfterMs, ms);
    });
  }

  it('that answers too late, hangs up, or is not there did not take it', async () => {
    answer = () => undefined;
    assert.equal((await refusalOf(channel(50))).message, 'no answer (too late).');
    answer = (request) => request.socket.destroy();
    assert.match((await refusalOf(channel())).message, /^no answer \(.+\)\.$/);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    // The second is what a connection says that was kept open.
    assert.match((await refusalOf(channel())).message, /^no answer \((ECONNREFUSED|UND_ERR_SOCKET)\)\.$/);
  });
});

describe('what each receiver takes', () => {
  const { fetch } = globalThis;
  let body: unknown;
  beforeEach(() => {
    globalThis.fetch = (_, init) => {
      body = JSON.parse(init?.body as string) as unknown;
      return Promise.resolve(new Response('ok'));
    };
  });
  afterEach(() => {
    globalThis.fetch = fetch;
  });

  async function bodyAt(url: string): Promise<unknown> {
    for (const channel of createChannels({ urls: [url], smtp: null })) await channel.send(message);
    return body;
  }

  const text = 'Latchkey: 1 new\n• Kisi answers <b> & says "no".';
  it('Slack: a text, with its three characters marked up', async () => {
    const escaped = 'Latchkey: 1 new\n• Kisi answers &lt;b&gt; &amp; says "no".';
    assert.deepEqual(await bodyAt(`https://hooks.slack.com/services/${secret}`), { text: escaped });
  });
  it('Google Chat: a text and nothing else', async () => {
    const shown = text.replace('<', '‹');
    assert.deepEqual(await bodyAt('https://chat.googleapis.com/v1/spaces/A/messages?key=k'), { text: shown });
  });
  it('Discord: a content that calls nobody', async () => {
    const quiet = { parse: [] };
    assert.deepEqual(await bodyAt('https://discord.com/api/webhooks/1/2'), {
      content: text,
      allowed_mentions: quiet,
    });
  });
  for (const host of [
    'prod-1.westeurope.logic.azure.com:443',
    'contoso.webhook.office.com',
    'default1.2.environment.api.powerplatform.com',
  ])
    it(`Teams (${host}): a message with one adaptive card, and nothing in it that reads Markdown`, async () => {
      const { type, attachments } = (await bodyAt(`https://${host}/workflows/1?sig=s`)) as {
        type: string;
        attachments: {
          contentType: string;
          content: { type: string; body: { type: string; inlines: { type: string; text: string }[] }[] };
        }[];
      };
      assert.equal(type, 'message');
      const [card] = attachments;
      assert.equal(card?.contentType, 'application/vnd.microsoft.card.adaptive');
      assert.equal(card.content.type, 'AdaptiveCard');
      assert.deepEqual(
        card.content.body.map(({ type, inlines }) => [type, ...inlines.map((run) => [run.type, run.text])]),
        [message.title, ...message.lines].map((line) => ['RichTextBlock', ['TextRun', line]]),
      );
    });
  for (const host of [
    'hooks.slack.com',
    'chat.googleapis.com',
    'discord.com',
    'a.logic.azure.com',
    'example.org',
  ])
    it(`${host}: one line for each, whatever a group is called`, async () => {
      const name = 'a\n• all is well\u202e\u001b[2J\r\u2028';
      const alert = { cause: 'c', state: 'begun', since: null, text: name } as const;
      for (const channel of createChannels({ urls: [`https://${host}/x`], smtp: null }))
        await channel.send({ title: name, lines: [name], alerts: [alert] });
      const strings = (value: unknown): string[] =>
        typeof value === 'string' ? [value] : Object.values(Object(value) as object).flatMap(strings);
      const shown = strings(body).flatMap((one) => one.split('\n'));
      assert.equal(shown.filter((line) => line.startsWith('• all')).length, 0);
      for (const line of shown) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Bidi_Control}]/u);
    });
  it('a host that only sounds like one of them: text and fields', async () => {
    assert.deepEqual(Object.keys((await bodyAt('https://hooks.slack.com.example.org/x')) as object), [
      'text',
      'source',
      'alerts',
    ]);
  });
});

describe('the mail that alerts go by', () => {
  let server: NetServer;
  let heard: string[];
  /** What is answered to a command instead. */
  let answers: Record<string, string>;
  let port: number;

  beforeEach(async () => {
    heard = [];
    answers = {};
    server = createNetServer((socket) => {
      let inData = false;
      socket.on('error', () => undefined);
      socket.write('220 here\r\n');
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          heard.push(line);
          if (inData && line !== '.') continue;
          const verb = line.split(' ')[0]?.toUpperCase() ?? '';
          inData = verb === 'DATA';
          const usual: Record<string, string> = {
            EHLO: '250-here\r\n250 AUTH PLAIN',
            AUTH: '235 in',
            DATA: '354 go on',
            QUIT: '221 bye',
          };
          socket.write(`${answers[verb] ?? usual[verb] ?? '250 ok'}\r\n`);
        }
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => {
    server.close();
  });

  const channel = (limitMs?: number): Channel => {
    const smtp = {
      url: `smtp://latchkey:passw0rd@127.0.0.1:${port}`,
      from: 'latchkey@example.com',
      to: ['mia@example.com', 'desk@example.com'],
    };
    const [one] = createChannels({ urls: [], smtp }, limitMs);
    return one ?? assert.fail();
  };

  it('says what is new in its subject and one line for each cause', async () => {
    await channel().send(message);
    assert.ok(heard.some((line) => line.startsWith('AUTH PLAIN ')));
    assert.deepEqual(
      heard.filter((line) => /^(MAIL|RCPT)/.test(line)),
      ['MAIL FROM:<latchkey@example.com>', 'RCPT TO:<mia@example.com>', 'RCPT TO:<desk@example.com>'],
    );
    assert.ok(heard.includes('Subject: Latchkey: 1 new'));
    assert.ok(heard.includes('- Kisi answers <b> & says "no".'));
  });

  for (const [verb, reply, code] of [
    ['AUTH', '535 no such passw0rd', /EAUTH 535/],
    ['MAIL', '550 latchkey@example.com is unknown here', /550/],
    ['RCPT', '550 mia@example.com is unknown here', /550/],
    ['.', '554 refused', /554/],
    ['EHLO', '421 later', /\d/],
  ] as const) {
    it(`that is refused at ${verb} says so by the code alone`, async () => {
      answers = { [verb]: reply, HELO: reply };
      assert.match((await refusalOf(channel())).message, code);
    });
  }

  it('that gets no answer gives up in time, and so it does where nobody is there', async () => {
    server.removeAllListeners('connection');
    server.on('connection', () => undefined);
    assert.match((await refusalOf(channel(50))).message, /ETIMEDOUT/);
    server.close();
    port = 1;
    assert.match((await refusalOf(channel())).message, /ESOCKET|ECONNREFUSED/);
  });
});
