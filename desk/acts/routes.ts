import type { FastifyInstance } from 'fastify';
import type { Desk } from '../desk.js';
import { ActForms } from './act-forms.js';
import { acts } from './table.js';

/** Adds the page of each act. A person who may not do the act gets no page, and a form from that person is refused. */
export function addActs(app: FastifyInstance, desk: Desk): void {
  const forms = new ActForms(desk);
  for (const act of acts) {
    const path = `/acts/${act.name}`;
    const options = { config: { least: act.least } };
    app.get(path, options, (request, reply) => forms.show(act, request, reply));
    app.post(path, options, (request, reply) => forms.press(act, request, reply));
  }
}
