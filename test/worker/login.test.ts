// Credentials that an API refuses: told once, replaced as soon as there are others that work, and spared its locks.
import assert from 'node:assert/strict';
import { KisiError } from '../../kisi/errors.js';
import { NexudusError } from '../../nexudus/errors.js';
import { Login, type LoginOptions, type Refusal } from '../../worker/login.js';
import { eventually } from '../support/eventually.js';

const call = { method: 'GET', path: '/groups' } as const;
const refused = (status = 401): KisiError => new KisiError(call, { kind: 'refused', status });

/** An API that takes one key, and what asks it. */
class Api {
  good = 'first';
  isDown = false;
  /** Refuses this one right, whoever asks. */
  forbids = false;
  asked: string[] = [];
  tried: string[] = [];
  file: string | null = 'first';
  told: (Refusal | null)[] = [];
  lacks: string[] = [];
  readonly login: Login<string>;
  readonly client: { read: () => Promise<string>; rows: () => AsyncGenerator<string> };

  constructor(options: Partial<LoginOptions<string>> = {}) {
    this.login = new Login({
      api: 'Kisi',
      credential: 'first',
      readCredential: () => this.file,
      tryOut: async (key) => {
        this.tried.push(key);
        await Promise.resolve();
        this.answer(key);
      },
      lookEveryMs: 1,
      ...options,
    });
    this.login.onChange((refusal) => void this.told.push(refusal));
    this.login.onLacking((why) => void this.lacks.push(why));
    const turns = this.login.guarded({ turn: () => Promise.resolve(), pause: () => undefined });
    const ask = async (key: string): Promise<string> => {
      await turns.turn();
      this.asked.push(key);
      this.answer(key);
      if (this.forbids) throw refused(403);
      return key;
    };
    this.client = this.login.clientOf((key) => ({
      read: () => ask(key),
      async *rows() {
        yield await ask(key);
      },
    }));
  }

  private answer(key: string): void {
    if (this.isDown) throw new KisiError(call, { kind: 'unavailable', status: 503 });
    if (key !== this.good) throw refused();
  }
}

describe('a login', () => {
  let api: Api;
  beforeEach(() => (api = new Api()));
  afterEach(() => {
    api.login.stop();
  });

  const isMended = (): boolean => api.login.refusal() === null;
  const read = (): Promise<unknown> => api.client.read().catch((error: unknown) => error);

  it('that is refused while another one is there already is replaced, and the same is asked again', async () => {
    api.good = api.file = 'second';
    assert.deepEqual(await Promise.all([read(), read(), read()]), ['second', 'second', 'second']);
    assert.deepEqual(api.tried, ['second'], 'examined once for all');
    assert.ok(isMended());
    assert.deepEqual(api.told, [null], 'those who were refused before may go on');
  });

  it('that is refused is told once, asks nothing more, and is replaced as soon as another one works', async () => {
    api.good = 'second';
    const answers = await Promise.all(Array.from({ length: 100 }, read));
    assert.ok(answers.every((answer) => answer instanceof KisiError && answer.kind === 'refused'));
    const sent = api.asked.length;
    assert.ok((await read()) instanceof KisiError);
    await assert.rejects(async () => {
      for await (const row of api.client.rows()) assert.fail(row);
    }, KisiError);
    assert.equal(api.asked.length, sent, 'nothing is sent any more');
    assert.equal(api.told.length, 1);
    assert.match(api.told[0]?.why ?? '', /API key is wrong/);

    api.file = 'second';
    await eventually('it is taken', isMended);
    assert.equal(await read(), 'second');
    for await (const row of api.client.rows()) assert.equal(row, 'second');
    assert.deepEqual(
      api.told.map((one) => one?.api ?? null),
      ['Kisi', null],
    );
  });

  it('that is refused while others wait in line for their turns has nothing sent for them', async () => {
    let open = (): void => undefined;
    const line = new Promise<void>((resolve) => (open = resolve));
    const turns = api.login.guarded({ turn: () => line, pause: () => undefined });
    const sent: string[] = [];
    const client = api.login.clientOf((key) => ({
      async read() {
        await turns.turn();
        sent.push(key);
      },
    }));
    const waiting = Array.from({ length: 100 }, () => client.read().catch((error: unknown) => error));
    api.good = 'elsewhere';
    await read();
    assert.ok(!isMended());
    open();
    assert.ok((await Promise.all(waiting)).every((error) => error instanceof KisiError));
    assert.deepEqual(sent, []);
  });

  it('never gives way to one that does not work, which is tried once', async () => {
    api.good = 'third';
    await read();
    api.file = 'half-ty';
    await eventually('it is tried', () => api.tried.includes('half-ty'));
    const before = api.tried.length;
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.ok(api.tried.length <= before + 1, 'a login that fails too often may be locked');
    api.file = null;
    api.good = 'first';
    api.file = 'fourth';
    await eventually('the old one is taken again', isMended);
    assert.equal(await read(), 'first');
  });

  it('is tried again after longer and longer pauses, so that nobody locks it for that', async () => {
    const triedAt: number[] = [];
    const firstTryMs = 8;
    api = new Api({
      firstTryMs,
      tryOut: () => {
        triedAt.push(performance.now());
        return Promise.reject(refused());
      },
    });
    api.good = 'elsewhere';
    await read();
    await eventually('some tries', () => triedAt.length >= 7);
    const pauses = triedAt.slice(1).map((at, n) => at - (triedAt[n] ?? 0));
    // A timer may fire a little early, by the clock that measures it.
    for (const [n, pause] of pauses.slice(0, 6).entries())
      assert.ok(pause >= firstTryMs * Math.min(16, 2 ** n) - 2, `${pause} ms before try ${n + 2}`);
  });

  it('is tried again by itself: whoever locked it may let it in', async () => {
    api = new Api({ firstTryMs: 5 });
    api.good = 'elsewhere';
    await read();
    assert.ok(!isMended());
    await eventually('it is tried again', () => api.tried.length > 3);
    api.good = 'first';
    await eventually('it is taken', isMended);
    assert.equal(api.told.length, 2, 'its beginning and its end');
  });

  it('is right where only one thing is refused: that is told once, and all else goes on', async () => {
    api.forbids = true;
    const answers = [await read(), await read(), await read()];
    assert.ok(answers.every((answer) => answer instanceof KisiError && answer.status === 403));
    assert.ok(isMended());
    assert.deepEqual(api.told, []);
    assert.equal(api.lacks.length, 1);
    assert.equal(api.asked.length, 3);
    assert.equal(api.tried.length, 1, 'and not examined for each');
  });

  it('is not held for refused where that cannot be told, nor where a request made no sense', async () => {
    api.forbids = true;
    const client = api.login.clientOf(() => ({
      read: () => {
        api.isDown = true;
        return Promise.reject(refused());
      },
      write: () =>
        Promise.reject(new NexudusError({ kind: 'refused', path: '/x', status: 400, says: 'rejected' })),
    }));
    await assert.rejects(client.write());
    assert.equal(api.tried.length, 0);
    await assert.rejects(client.read());
    assert.equal(api.tried.length, 1);
    assert.ok(isMended());
    assert.deepEqual([api.told, api.lacks], [[], []]);
  });

  it('tells whoever asks later of the refusal that there is', async () => {
    api.good = 'elsewhere';
    await read();
    const told: (Refusal | null)[] = [];
    api.login.onChange((refusal) => void told.push(refusal));
    assert.equal(told[0]?.api, 'Kisi');
  });
});
