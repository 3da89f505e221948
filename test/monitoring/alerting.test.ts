// What each channel is told, and when: each cause once, again after a day, and once that it is over; kept in a real database.
import assert from 'node:assert/strict';
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { openDatabase } from '../../database/database.js';
import { createKept } from '../../database/kept.js';
import type { Tables } from '../../database/tables.js';
import { Alerting } from '../../monitoring/alerting.js';
import type { Alert } from '../../monitoring/alert.js';
import { ChannelError, type Channel, type Message } from '../../monitoring/channels.js';
import { createLogger } from '../../worker/logging.js';
import { hour, minute, noon } from './facts.js';

/** A place that alerts go to, and what came there. */
interface Place extends Channel {
  got: Message[];
  /** What it answers instead; null: it takes what comes. */
  refusal: ChannelError | null;
}

function place(id: string): Place {
  const one: Place = {
    id,
    name: `the webhook ${id}`,
    got: [],
    refusal: null,
    send(message) {
      if (one.refusal !== null) return Promise.reject(one.refusal);
      one.got.push(message);
      return Promise.resolve();
    },
  };
  return one;
}

const alert = (cause: string, delayMs?: number): Alert => ({
  ...{ cause, since: noon, text: `${cause} is wrong.` },
  ...(delayMs === undefined ? {} : { delayMs }),
});

describe('alerts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-alerts-'));
  let db: Kysely<Tables>;
  let now: number;
  let said: string[];
  let files = 0;

  beforeEach(async () => {
    db = await openDatabase(`file:${join(folder, `${files++}.db`)}`);
    now = noon;
    said = [];
  });
  afterEach(() => db.destroy());
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** As a process that has just started has it. */
  function started(...channels: Channel[]): Alerting {
    const log = createLogger({ level: 'info', to: { write: (line: string) => void said.push(line) } });
    return new Alerting({ channels, kept: createKept(db), log, now: () => now });
  }
  const tell = (alerting: Alerting, ...causes: string[]): Promise<void> =>
    alerting.tell({ standing: causes.map((cause) => alert(cause)), undecided: [] });
  const titles = ({ got }: Place): string[] => got.map(({ title }) => title);

  it('tells a cause once while it lasts, and once that it is over', async () => {
    const to = place('a');
    const alerting = started(to);
    for (let look = 0; look < 5; look++) {
      await tell(alerting, 'down/kisi');
      now += minute;
    }
    now += 2 * minute;
    await tell(alerting);
    await tell(alerting);
    assert.deepEqual(titles(to), ['Latchkey: 1 new', 'Latchkey: 1 over']);
    assert.deepEqual(
      to.got.map(({ lines }) => lines),
      [['down/kisi is wrong.'], ['Over: down/kisi is wrong.']],
    );
    assert.deepEqual(to.got[1]?.alerts, [
      { cause: 'down/kisi', state: 'over', since: '2026-11-28T12:00:00Z', text: 'down/kisi is wrong.' },
    ]);
  });

  it('tells again after a day what lasts', async () => {
    const to = place('a');
    const alerting = started(to);
    await tell(alerting, 'withheld/1');
    now += 24 * hour - 1;
    await tell(alerting, 'withheld/1');
    now += 1;
    await tell(alerting, 'withheld/1');
    await tell(alerting, 'withheld/1');
    assert.deepEqual(titles(to), ['Latchkey: 1 new', 'Latchkey: 1 still open']);
  });

  it('tells a hundred causes at once in one message, which lists the first and counts the rest', async () => {
    const to = place('a');
    await tell(started(to), ...Array.from({ length: 100 }, (_, i) => `withheld/${i}`));
    assert.deepEqual(titles(to), ['Latchkey: 100 new']);
    assert.equal(to.got[0]?.lines.length, 21);
    assert.match(to.got[0].lines[20] ?? '', /^And 80 more: `latchkey status`/);
  });

  it('tells nothing twice after a restart, and does not forget to tell what is over', async () => {
    const to = place('a');
    await tell(started(to), 'withheld/1', 'withheld/2');
    const next = started(to);
    await tell(next, 'withheld/1', 'withheld/2');
    assert.equal(to.got.length, 1);
    await tell(next, 'withheld/1');
    assert.equal(to.got.length, 1, 'it may only not have been seen yet');
    now += 2 * minute;
    await tell(next, 'withheld/1');
    assert.deepEqual(titles(to), ['Latchkey: 2 new', 'Latchkey: 1 over']);
  });

  it('does not tell that something is over where nobody has heard of it since', async () => {
    const to = place('a');
    await tell(started(to), 'down/kisi', 'call/kisi/listUsers', 'hook/CoworkerUpdate at 12');
    const next = started(to);
    now += hour;
    await next.tell({ standing: [], undecided: ['down/kisi', 'call/kisi', 'hook'] });
    assert.equal(to.got.length, 1);
    await next.tell({ standing: [], undecided: ['hook'] });
    assert.deepEqual(titles(to), ['Latchkey: 3 new', 'Latchkey: 2 over']);
  });

  it('tells once what comes and goes', async () => {
    const to = place('a');
    const alerting = started(to);
    for (let look = 0; look < 20; look++) {
      await tell(alerting, ...(look % 2 === 0 ? ['down/kisi'] : []));
      now += minute;
    }
    assert.equal(to.got.length, 1);
  });

  it('has patience where a cause asks for it, and begins anew where that was over meanwhile', async () => {
    const to = place('a');
    const alerting = started(to);
    const look = (...standing: Alert[]): Promise<void> => alerting.tell({ standing, undecided: [] });
    const waits = alert('blocked/Kisi', 15 * minute);
    await look(waits);
    now += 10 * minute;
    await look(waits);
    now += 2 * minute;
    await look();
    now += 2 * minute;
    await look();
    now += 5 * minute;
    await look(waits);
    assert.equal(to.got.length, 0);
    now += 15 * minute;
    await look(waits);
    assert.deepEqual(titles(to), ['Latchkey: 1 new']);
  });

  it('sends again what was not taken, after pauses that grow up to a quarter of an hour, and then all of it at once', async () => {
    const to = place('a');
    const alerting = started(to);
    to.refusal = new ChannelError('it answered 500.');
    const tries: number[] = [];
    const send = to.send.bind(to);
    to.send = (message) => {
      tries.push(now - noon);
      return send(message);
    };
    for (; now < noon + 2 * hour; now += 15_000) await tell(alerting, 'withheld/1');
    const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    assert.deepEqual(gaps.slice(0, 6), [30_000, 60_000, 120_000, 240_000, 480_000, 900_000]);
    assert.ok(gaps.slice(5).every((gap) => gap === 15 * minute));
    assert.deepEqual(alerting.undelivered(), [
      { channel: 'the webhook a', since: noon, why: 'it answered 500.' },
    ]);
    to.refusal = null;
    now += 15 * minute;
    await tell(alerting, 'withheld/1', 'withheld/2');
    assert.deepEqual(titles(to), ['Latchkey: 2 new']);
    assert.deepEqual(alerting.undelivered(), []);
    assert.equal(said.filter((line) => /did not reach the webhook a/.test(line)).length, 1);
    assert.equal(said.filter((line) => /reach the webhook a again/.test(line)).length, 1);
  });

  it('waits for as long as a receiver asks, but not for a day', async () => {
    const to = place('a');
    const alerting = started(to);
    to.refusal = new ChannelError('it answered 429.', 86_400_000);
    await tell(alerting, 'withheld/1');
    to.refusal = null;
    now += 15 * minute - 1;
    await tell(alerting, 'withheld/1');
    assert.equal(to.got.length, 0);
    now += 1;
    await tell(alerting, 'withheld/1');
    assert.equal(to.got.length, 1);
  });

  it('does not tell one place twice since another is down, nor of itself', async () => {
    const [well, ill] = [place('a'), place('b')];
    const alerting = started(well, ill);
    ill.refusal = new ChannelError('no answer (ECONNREFUSED).');
    await tell(alerting, 'withheld/1');
    const undelivered = `undelivered/${ill.name}`;
    ill.refusal = null;
    now += hour;
    await tell(alerting, 'withheld/1', undelivered);
    await tell(alerting, 'withheld/1', undelivered);
    assert.deepEqual(
      well.got.flatMap(({ alerts }) => alerts.map(({ cause }) => cause)),
      ['withheld/1', undelivered],
    );
    assert.deepEqual(
      ill.got.flatMap(({ alerts }) => alerts.map(({ cause }) => cause)),
      ['withheld/1'],
    );
  });

  it('tells all the same where the database is gone, and not twice in one process', async () => {
    const to = place('a');
    await db.destroy();
    const alerting = started(to);
    await tell(alerting, 'auditLog');
    now += minute;
    await tell(alerting, 'auditLog');
    assert.deepEqual(titles(to), ['Latchkey: 1 new']);
    db = await openDatabase(`file:${join(folder, `${files++}.db`)}`);
  });

  it('does not tell what was over before it could be told', async () => {
    const to = place('a');
    const alerting = started(to);
    to.refusal = new ChannelError('it answered 500.');
    await tell(alerting, 'withheld/1');
    now += hour;
    to.refusal = null;
    await tell(alerting);
    assert.deepEqual(to.got, []);
  });
});
