/** What strangers try, and people who may do less: nobody gets in, and nothing is done. */
import assert from 'node:assert/strict';
import { readOrders } from '../../../activities/orders.js';
import { mayAs } from '../../../desk/desk.js';
import { newToken } from '../../../desk/sign-in/tokens.js';
import { fieldIn, type Answer } from '../../support/visitor.js';
import { addressed, deskUrl, forEach, named, sessionCookie, type AttackedDesk } from './attacked-desk.js';
import { assertHarmless } from './harmless.js';
import { disguised, markup, otherHosts, otherSites } from './inputs.js';

const hourMs = 3_600_000;

export function tryStrangers(desk: AttackedDesk): void {
  const form = (csrf: string): Record<string, string> => ({
    ...{
      _csrf: csrf,
      member: String(desk.ada.id),
      id: '1',
      why: 'x',
      step: 'do',
      level: 'writes',
      role: 'operator',
    },
  });

  for (const [what, headers] of otherSites)
    it(`a form of ${what} does nothing on any route`, () =>
      desk.nothingIsLost(async () => {
        const { visitor, csrf } = desk.as('operator');
        await forEach(desk.routes('POST'), async (route) => {
          const answer = await visitor.post(addressed(route, desk.as('viewer').id), form(csrf), headers);
          assertHarmless(answer, named(route));
          assert.equal(answer.status, 403, named(route));
        });
      }));

  for (const host of otherHosts)
    it(`a request for another host shows nothing on any route: ${host}`, () =>
      desk.nothingIsLost(async () => {
        const { visitor, csrf } = desk.as('operator');
        await forEach(desk.routes('GET', 'POST'), async (route) => {
          const address = addressed(route, desk.ada.id);
          const { method } = route;
          const answer = await (method === 'GET'
            ? visitor.get(address, { host })
            : visitor.post(address, form(csrf), { host, origin: `https://${host}` }));
          assertHarmless(answer, named(route));
          assert.equal(answer.status, 421, named(route));
        });
      }));

  it('a form that was drawn for another person does nothing on any route', () =>
    desk.nothingIsLost(async () => {
      await forEach(desk.routes('POST'), async (route) => {
        const answer = await desk
          .as('operator')
          .visitor.post(addressed(route, desk.as('viewer').id), form(desk.as('desk').csrf));
        assertHarmless(answer, named(route));
        assert.equal(answer.status, 403, named(route));
      });
    }));

  it('a role that is too low for a route gets no further there, whatever else is sent', () =>
    desk.nothingIsLost(async () => {
      for (const role of ['viewer', 'desk'] as const) {
        const { visitor, csrf } = desk.as(role);
        const above = desk.closed('GET', 'HEAD', 'POST').filter(({ least }) => !mayAs({ role }, least));
        assert.ok(above.length >= 20, `${role}: ${above.length}`);
        const claims = { 'x-role': 'operator', 'x-http-method-override': 'GET', 'x-original-url': '/' };
        await forEach(above, async (route) => {
          const path = `${addressed(route, desk.as('operator').id)}?role=operator&member=${desk.ada.id}&id=1`;
          const answer = await (route.method === 'POST'
            ? visitor.post(path, form(csrf), claims)
            : visitor.ask(route.method, path, claims));
          assertHarmless(answer, named(route));
          assert.equal(answer.status, 403, `${role} ${named(route)}`);
          assert.doesNotMatch(answer.text, /<form[^>]*action="\/acts/, named(route));
        });
      }
    }));

  it('a session that has ended, is over, or was made up opens nothing on any route', async () => {
    const gone = await desk.signIn('operator');
    const idle = await desk.signIn('operator');
    const secretOf = ({ visitor }: typeof gone): string => visitor.cookies.get(sessionCookie) ?? '';
    const [stolen, kept] = [secretOf(gone), secretOf(idle)];
    await gone.visitor.post('/sign-out', { _csrf: gone.csrf });
    await desk.nothingIsLost(async () => {
      await shut(stolen, gone.csrf);
      await shut(newToken(), gone.csrf);
      await shut(`${kept.slice(0, -1)}${kept.endsWith('A') ? 'B' : 'A'}`, idle.csrf);
      await shut(idle.id, idle.csrf);
      desk.lateMs = 12 * hourMs;
      await shut(kept, idle.csrf);
      desk.lateMs = 0;
      assert.equal((await idle.visitor.get('/')).status, 200);
    });
  });

  async function shut(secret: string, csrf: string): Promise<void> {
    await forEach(desk.closed('GET', 'HEAD', 'POST'), async (route) => {
      const address = addressed(route, desk.ada.id);
      const thief = desk.thief(secret);
      const answer = await (route.method === 'POST'
        ? thief.post(address, form(csrf))
        : thief.ask(route.method, `${address}?member=${desk.ada.id}`));
      assertShut(answer, named(route));
    });
  }

  it('a stranger sees nothing at addresses in disguise', () =>
    desk.nothingIsLost(async () => {
      await forEach(desk.closed('GET', 'POST'), async (route) => {
        const address = addressed(route, desk.ada.id);
        const asIf = { 'x-original-url': '/assets/desk.css', 'x-rewrite-url': '/assets/desk.css' };
        const tries = disguised(address).map((path): [string, typeof asIf | object] => [path, {}]);
        for (const [path, headers] of [...tries, [address, asIf] as const]) {
          const answer = await desk.stranger().ask(route.method, path, { ...headers });
          assertHarmless(answer, `${route.method} ${path}`);
          assert.doesNotMatch(answer.text, /Ada|Trastevere|Mia|Who is signed in|<nav/, path);
        }
      });
    }));

  it('a form that is sent three times is one order, and no order of anybody else', async () => {
    const mia = desk.as('operator');
    const group = String(desk.space.ids.groups.romeOffice);
    const why = `replayed ${markup}`;
    const page = await mia.visitor.get(`/acts/allow?member=${desk.ada.id}&group=${group}&until=2h`);
    const [formId, shown] = [fieldIn(page.text, 'form'), fieldIn(page.text, 'shown')];
    const sent = { form: formId, shown, group, member: String(desk.ada.id), until: '2h', why, step: 'do' };
    const made = async (): Promise<number> =>
      (await readOrders(desk.space.service.client)).exceptions.filter(({ reason }) => reason === why).length;
    const send = async (who: Pick<typeof mia, 'visitor'>, csrf: string, headers = {}): Promise<number> =>
      (await who.visitor.post('/acts/allow', { ...sent, _csrf: csrf }, headers)).status;
    assert.equal(await send(desk.as('desk'), mia.csrf), 403);
    assert.equal(await send({ visitor: desk.stranger() }, mia.csrf), 401);
    assert.equal(await send(mia, mia.csrf, { origin: 'https://evil.example' }), 403);
    assert.equal(await made(), 0);
    const fromHere = { host: 'desk.example.com', origin: deskUrl, 'sec-fetch-site': 'same-origin' };
    const statuses = await Promise.all([1, 2, 3].map(() => send(mia, mia.csrf, fromHere)));
    assert.deepEqual(statuses, [303, 303, 303]);
    assert.equal(await made(), 1);
    for (const path of [`/people/${desk.ada.id}`, '/today', '/changes', '/changes.csv'])
      assertHarmless(await mia.visitor.get(path), path);
  });
}

function assertShut(answer: Answer, what: string): void {
  assertHarmless(answer, what);
  const { status, headers, text } = answer;
  const isSentToSignIn = status === 303 && /^\/sign-in\?/.test(headers.location ?? '');
  assert.ok(status === 401 || isSentToSignIn, `${what}: ${status}`);
  assert.doesNotMatch(text, /Ada|Mia|Trastevere/, what);
}
