/** A hundred browsers that follow the desk at once. */
import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { controlWorkflowId, pauseUpdate, resumeUpdate } from '../../../messages/to-control.js';
import { eventually } from '../../support/eventually.js';
import { forEach, sessionCookie, type AttackedDesk } from './attacked-desk.js';

/** A page that a browser keeps up to date. */
class LivePage {
  isOver = false;
  private text = '';

  private constructor(private readonly answer: IncomingMessage) {
    answer.setEncoding('utf8').on('data', (part: string) => void (this.text += part));
    answer.on('close', () => void (this.isOver = true)).on('error', () => undefined);
  }

  static async open(port: number, secret: string): Promise<LivePage> {
    const headers = { cookie: `${sessionCookie}=${secret}`, 'sec-fetch-mode': 'cors' };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { port, host: '127.0.0.1', path: '/live?topic=space', headers, agent: false };
      get(options, resolve).on('error', reject);
    });
    return new LivePage(answer);
  }

  get status(): number {
    return this.answer.statusCode ?? 0;
  }

  get retryAfter(): string | undefined {
    return this.answer.headers['retry-after'];
  }

  get changes(): number {
    return this.text.split('data: changed').length - 1;
  }

  /** From now on the browser takes nothing in. */
  stopReading(): void {
    this.answer.pause();
  }

  close(): void {
    this.answer.destroy();
  }
}

export function tryCrowd(desk: AttackedDesk): void {
  let open: LivePage[] = [];
  afterEach(() => {
    for (const page of open) page.close();
    open = [];
  });

  /** This many people, each with this many open pages. */
  async function crowd(people: number, pagesOfEach: number): Promise<{ id: string; pages: LivePage[] }[]> {
    const begun = await desk.withSessions(async (sessions) => {
      const all = [];
      for (let n = 0; n < people; n++)
        all.push(await sessions.begin({ name: `Gina ${n}`, role: 'viewer', account: `gina-${n}@sso` }));
      return all;
    });
    const crowded = begun.map(({ session, token }) => ({ id: session.id, token, pages: [] as LivePage[] }));
    await forEach(crowded, async ({ token, pages }) => {
      for (let n = 0; n < pagesOfEach; n++) pages.push(await LivePage.open(desk.server.port, token));
    });
    open.push(...crowded.flatMap(({ pages }) => pages));
    return crowded;
  }

  const answersOthers = async (): Promise<void> => {
    assert.equal((await desk.as('viewer').visitor.get('/today')).status, 200);
    assert.equal((await desk.stranger().get('/sign-in')).status, 200);
  };

  it('all hear of a change though one does not read, and the desk answers others meanwhile', async () => {
    const people = await crowd(100, 1);
    const pages = people.flatMap((one) => one.pages);
    assert.deepEqual(new Set(pages.map(({ status }) => status)), new Set([200]));
    const [stolen] = people;
    await desk.withSessions((sessions) => sessions.end(stolen?.id ?? ''));
    const [, slow, ...others] = pages;
    await eventually('all are told', () => others.every(({ changes }) => changes >= 1));
    await answersOthers();
    slow?.stopReading();
    const before = others.map(({ changes }) => changes);
    const control = desk.space.service.client.workflow.getHandle(controlWorkflowId);
    const giver = { by: 'Gina', why: 'a test' };
    await control.executeUpdate(pauseUpdate, { args: [{ ...giver, level: 'writes' }] });
    await eventually('all but one are told', () =>
      others.every(({ changes }, n) => changes > (before[n] ?? 0)),
    );
    await control.executeUpdate(resumeUpdate, { args: [giver] });
    await eventually('the page of the ended session is over', () => stolen?.pages[0]?.isOver === true);
    assert.deepEqual(pages.filter(({ isOver }) => isOver).length, 1);
  });

  it('nobody opens more than a dozen, and all together no more than 200; whoever leaves makes room', async () => {
    const [greedy] = await crowd(1, 13);
    assert.deepEqual(
      greedy?.pages.map(({ status }) => status),
      [...Array<number>(12).fill(200), 503],
    );
    const others = (await crowd(17, 12)).flatMap(({ pages }) => pages);
    const refused = others.filter(({ status }) => status !== 200);
    assert.deepEqual([others.length - refused.length, refused.length], [200 - 12, 17 * 12 - (200 - 12)]);
    for (const { status, retryAfter } of refused) assert.deepEqual([status, retryAfter], [503, '30']);
    await answersOthers();
    for (const page of open) page.close();
    await eventually('there is room', async () => {
      const [one] = await crowd(1, 12);
      return one?.pages.every(({ status }) => status === 200) === true;
    });
  });
}
