/** Hostile input on every route: nothing runs, nothing is done, and the desk answers. */
import assert from 'node:assert/strict';
import type { DeskRoute } from '../../../desk/server.js';
import { eventually } from '../../support/eventually.js';
import { addressed, forEach, named, type AttackedDesk } from './attacked-desk.js';
import { assertHarmless } from './harmless.js';
import { bodies, disguised, ids, methods, parameters, queries, texts } from './inputs.js';

const formType = { 'content-type': 'application/x-www-form-urlencoded' };
/** The id of nothing that an act could be about. */
const noId = '999999';

export function tryInput(desk: AttackedDesk): void {
  /** The routes of forms that do not sign out the person who sends them. */
  const forms = (): DeskRoute[] => desk.routes('POST').filter(({ path }) => path !== '/sign-out');

  /** What the page of an act needs to be shown, and its form to be read on. */
  const about = ({ path }: DeskRoute): Record<string, string> =>
    path.startsWith('/acts/') ? { member: String(desk.ada.id), id: noId, step: 'do' } : {};

  it('there are routes to try', () => {
    assert.ok(desk.routes('GET').length >= 25, String(desk.routes('GET').length));
    assert.ok(desk.routes('POST').length >= 16, String(desk.routes('POST').length));
  });

  it('in the place of an id', () =>
    desk.nothingIsLost(async () => {
      const { visitor, csrf } = desk.as('operator');
      const all = [...desk.routes('GET'), ...forms()];
      const [placed, others] = [true, false].map((has) =>
        all.filter(({ path }) => path.includes(':') === has),
      );
      const tries = [...pairs(placed ?? [], ids), ...pairs(others ?? [], ids, 9)];
      await forEach(tries, async ([route, id]) => {
        const address = addressed(route, id);
        const query = `member=${id}&id=${id}&group=${id}&token=${id}`;
        const what = `${named(route)} ${id}`;
        if (route.method === 'POST') {
          const form = `_csrf=${csrf}&step=do&why=x&${query}`;
          assertHarmless(await visitor.ask('POST', address, formType, form), what);
          return;
        }
        const answer = await visitor.get(`${address}?${query}`);
        assertHarmless(answer, what);
        if (route.path.includes(':')) assert.notEqual(answer.status, 200, what);
      });
    }));

  it('in every parameter of every page', () =>
    desk.nothingIsLost(async () => {
      const { visitor } = desk.as('operator');
      await forEach(pairs(desk.routes('GET'), texts), async ([route, [what, text]]) => {
        const typed = Object.fromEntries(parameters.map((name) => [name, text]));
        const query = new URLSearchParams({ ...typed, ...about(route) });
        const address = `${addressed(route, desk.ada.id)}?${query.toString()}`;
        assertHarmless(await visitor.get(address), `${named(route)} ${what}`);
      });
    }));

  it('as the query of every page', () =>
    desk.nothingIsLost(async () => {
      const { visitor } = desk.as('operator');
      await forEach(pairs(desk.routes('GET'), queries), async ([route, [what, query]]) => {
        const rest = new URLSearchParams(about(route)).toString();
        const address = `${addressed(route, desk.ada.id)}?${query}&${rest}`;
        assertHarmless(await visitor.get(address), `${named(route)} ${what}`);
      });
    }));

  it('in every field of every form', () =>
    desk.nothingIsLost(async () => {
      const { visitor, csrf } = desk.as('operator');
      await forEach(pairs(forms(), texts), async ([route, [what, text]]) => {
        const typed = Object.fromEntries(parameters.map((name) => [name, text]));
        const form = { ...typed, ...about(route), _csrf: csrf };
        assertHarmless(await visitor.post(addressed(route, 'none'), form), `${named(route)} ${what}`);
      });
    }));

  it('as the body of every form', () =>
    desk.nothingIsLost(async () => {
      const { visitor, csrf } = desk.as('operator');
      await forEach(pairs(forms(), bodies), async ([route, [what, type, body]]) => {
        const headers = type === null ? {} : { 'content-type': type };
        const sent = body.replaceAll('CSRF', csrf);
        const answer = await visitor.ask('POST', addressed(route, 'none'), headers, sent);
        assertHarmless(answer, `${named(route)} ${what}`);
        assert.ok([403, 413, 415].includes(answer.status), `${named(route)} ${what}: ${answer.status}`);
      });
    }));

  it('by ways of asking that the desk does not know', () =>
    desk.nothingIsLost(async () => {
      const { visitor, csrf } = desk.as('operator');
      await forEach(pairs(desk.routes('GET', 'POST'), methods), async ([route, method]) => {
        const form = `_csrf=${csrf}&step=do&member=${desk.ada.id}`;
        const answer = await visitor.ask(method, addressed(route, desk.ada.id), formType, form);
        assertHarmless(answer, `${method} ${route.path}`);
        assert.ok([400, 403, 404, 415].includes(answer.status), `${method} ${route.path}: ${answer.status}`);
      });
    }));

  it('by a way of asking that gets no body', () =>
    desk.nothingIsLost(async () => {
      const { visitor } = desk.as('operator');
      await forEach(desk.routes('HEAD'), async (route) => {
        const address = `${addressed(route, desk.ada.id)}?member=${desk.ada.id}`;
        const answer = await visitor.ask('HEAD', address);
        assertHarmless(answer, named(route));
        assert.equal(answer.text, '', named(route));
      });
    }));

  it('as an address in disguise', () =>
    desk.nothingIsLost(async () => {
      const { visitor } = desk.as('operator');
      await forEach(desk.routes('GET'), async (route) => {
        for (const path of disguised(addressed(route, desk.ada.id)))
          assertHarmless(await visitor.ask(route.method, path), `${route.method} ${path}`);
      });
    }));

  it('in the names of people, groups and passes is text on every page', async () => {
    const { visitor } = desk.as('operator');
    const people = desk.people.flatMap(({ id }) => [`/people/${id}`, `/acts/block?member=${id}`]);
    const lists = ['/?q=Ada', '/search?q=Ada', '/today', '/groups', `/groups/${desk.groupId}`, '/going-live'];
    await forEach([...lists, ...people, '/acts/mode', '/sessions'], async (path) => {
      await eventually(`the names at ${path}`, async () => {
        const answer = await visitor.get(path);
        assert.equal(answer.status, 200, path);
        assertHarmless(answer, path);
        return answer.text.includes('&lt;script&gt;');
      });
    });
    for (const path of ['/invitations', '/changes', '/changes.csv', `/people/${desk.ada.id}/text`]) {
      const answer = await visitor.get(path);
      assert.equal(answer.status, 200, path);
      assertHarmless(answer, path);
      if (answer.headers['content-type']?.startsWith('text/html') !== true)
        assert.doesNotMatch(answer.text.replace(/\r?\n/g, ''), /[\p{Cc}\p{Bidi_Control}]/u, path);
    }
  });
}

/** Each with each; `nth`: each with every nth of the others, and the next one with other ones, so that each is tried. */
function pairs<A, B>(all: readonly A[], others: readonly B[], nth = 1): [A, B][] {
  return all.flatMap((one, n) =>
    others.flatMap((other, m): [A, B][] => ((n + m) % nth === 0 ? [[one, other]] : [])),
  );
}
