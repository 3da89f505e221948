/** The address of logins. Making one over HTTP is not modelled. */
import type { FastifyInstance } from 'fastify';
import * as http from './kisi-http.js';
import type { KisiLogin } from './kisi-login-book.js';
import type { KisiUser } from './kisi-organization.js';
import type { Simulation } from './kisi-switches.js';

const pageSize = { default: 10, max: 250 };

/** Adds `GET /logins`. */
export function addLoginRoutes(app: FastifyInstance, simulation: Simulation): void {
  const { org, switches, faults } = simulation;

  app.get('/logins', (request, reply) => {
    const query = http.queryOf(request);
    const caller = simulation.callerOf(request);
    const { user_id: asked = 'me' } = query;
    const whose = asked === 'me' ? caller.id : (http.integerOf(query, 'user_id') ?? caller.id);
    const options = { size: pageSize, overMax: switches.limitOverMax, fault: faults.of(request) };
    const hasId = http.idsFilter(query);
    const rows = shownTo(simulation, caller, whose).filter(hasId);
    return http.sendPage(reply, rows, query, options, (login) =>
      loginBody(login, org.people.get(login.user_id)),
    );
  });
}

/** Whether an administrator may see the logins of another person is not documented. */
function shownTo({ org, switches }: Simulation, caller: KisiUser, whose: number): KisiLogin[] {
  if (whose === caller.id || switches.loginsOfOthers === 'own') return org.logins.of(caller.id);
  if (switches.loginsOfOthers === 'refused' || !org.isAdministrator(caller.id))
    throw http.refused(403, 'Access denied.', 'fcd8ef');
  return switches.loginsOfOthers === 'empty' ? [] : org.logins.of(whose);
}

function loginBody(login: KisiLogin, user: KisiUser | undefined): object {
  const { device_brand: brand, device_model: model, os_name } = login;
  return {
    ...login,
    user: user && { id: user.id, resource_type: 'User', email: user.email, name: user.name },
    app: { name: null, version: null },
    user_agent: { name: null, version: null },
    device: { brand, model },
    os: { name: os_name, version: null },
  };
}
