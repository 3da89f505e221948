import cookie from '@fastify/cookie';
import formBody from '@fastify/formbody';
import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { addActs } from '../../desk/acts/routes.js';
import type { Desk, Viewer } from '../../desk/desk.js';

/** The pages of acts as one signed-in person gets them. */
export interface ActsOf {
  /** A page, with what its form holds. */
  get(address: string): Promise<ShownAct>;
  /** Sends a form with its own fields, and `typed` over them. */
  press(shown: ShownAct, typed?: Record<string, string>): Promise<ShownAct>;
  /** Sends a form that somebody made by hand. */
  send(path: string, fields: Record<string, string>): Promise<ShownAct>;
}

/** A page of an act, as a browser has it. */
export interface ShownAct {
  path: string;
  status: number;
  html: string;
  /** Where it leads on; null: nowhere. */
  location: string | null;
  /** The name of the message that the next page tells; null: none. */
  told: string | null;
  /** What the fields hold, by name. */
  fields: Record<string, string>;
}

/** The pages of acts over a desk, for this person. `cookies`, sign-in and the check of forms are not part of it. */
export function actsOf(desk: Desk, viewer: Viewer): ActsOf {
  const app = appFor(desk, viewer);
  const send = async (path: string, fields: Record<string, string>): Promise<ShownAct> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const payload = new URLSearchParams(fields).toString();
    return shownBy(path, await app.inject({ method: 'POST', url: path, headers, payload }));
  };
  return {
    send,
    get: async (address) => shownBy(address, await app.inject({ method: 'GET', url: address })),
    press: (shown, typed = {}) =>
      send(shown.path.split('?')[0] ?? '', { ...shown.fields, step: 'do', ...typed }),
  };
}

function appFor(desk: Desk, viewer: Viewer): FastifyInstance {
  const app = fastify({ logger: false });
  void app.register(formBody);
  void app.register(cookie);
  app.decorateRequest('csrf', '');
  app.addHook('onRequest', (request, _reply, done) => {
    request.viewer = viewer;
    request.csrf = 'a token';
    done();
  });
  addActs(app, desk);
  return app;
}

function shownBy(path: string, { statusCode, body, headers, cookies }: LightMyRequestResponse): ShownAct {
  const { location = null } = headers;
  return {
    path,
    status: statusCode,
    html: body,
    location,
    told: cookies.find(({ name }) => name === 'latchkey-told')?.value ?? null,
    fields: fieldsIn(body),
  };
}

/** What a browser would send of a form: inputs by their values, the chosen ones of several, and what a list has selected. */
function fieldsIn(html: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [tag] of html.matchAll(/<input[^>]*>/g)) {
    const type = attribute(tag, 'type');
    if ((type === 'radio' || type === 'checkbox') && !/ checked/.test(tag)) continue;
    fields[attribute(tag, 'name')] = attribute(tag, 'value');
  }
  for (const [, name = '', options = ''] of html.matchAll(/<select[^>]* name="(\w+)".*?>(.*?)<\/select>/gs)) {
    const chosen = [...options.matchAll(/<option[^>]*>/g)].find(([tag]) => / selected/.test(tag));
    fields[name] = chosen === undefined ? '' : attribute(chosen[0], 'value');
  }
  return fields;
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return value
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
