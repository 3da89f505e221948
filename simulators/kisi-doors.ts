/** The addresses of places and locks, and what opening a door answers. */
import type { FastifyInstance } from 'fastify';
import { groupLockBody, lockBody, organizationBody, placeBody } from './kisi-bodies.js';
import * as http from './kisi-http.js';
import type { KisiAssignment, KisiLock, KisiUser } from './kisi-organization.js';
import { listInstant, type Simulation } from './kisi-switches.js';

const pageSize = { default: 50, max: 250 };

/** Adds `/organization`, `/places`, `/locks`, `/group_locks` and `/locks/{id}/unlock`. */
export function addDoorRoutes(app: FastifyInstance, simulation: Simulation): void {
  addDoorsOfGroups(app, simulation);
  const { org, switches, faults } = simulation;

  app.get('/organization', () => organizationBody(org));

  app.get('/places', (request, reply) => {
    const query = http.queryOf(request);
    const fault = faults.of(request);
    const hasId = http.idsFilter(query);
    const rows = org.places
      .asOf(listInstant(simulation))
      .filter((p) => fault === 'ignoreFilters' || (hasId(p) && http.queryFilter(query, [p.name])));
    const ordered = http.sorted(rows, query, { name: (place) => place.name });
    const options = { size: pageSize, overMax: switches.limitOverMax, fault };
    return http.sendPage(reply, ordered, query, options, (place) => placeBody(org, place));
  });

  app.get('/locks', (request, reply) => {
    const query = http.queryOf(request);
    const fault = faults.of(request);
    const matches = lockFilter(query);
    const rows = org.locks
      .asOf(listInstant(simulation))
      .filter((l) => fault === 'ignoreFilters' || matches(l));
    const ordered = http.sorted(rows, query, { name: (lock) => lock.name });
    const options = { size: pageSize, overMax: switches.limitOverMax, fault };
    return http.sendPage(reply, ordered, query, options, (lock) => lockBody(org, lock));
  });

  app.post('/locks/:id/unlock', (request) => {
    const lock = org.locks.get(http.idOf(request));
    if (!lock) throw http.refused(404, 'The door could not be found.', 'fad10e');
    const user = simulation.callerOf(request);
    const refusal = whyNot(simulation, user, lock);
    if (refusal) throw refusal;
    org.people.put({ ...user, last_accessed_at: org.timestamp() });
    return { message: 'Unlocked!' };
  });
}

/**
 * Which doors a group opens. Kisi's contract was not read here: the fields are those that programs of others read, and the sizes
 * of pages those of groups.
 */
function addDoorsOfGroups(app: FastifyInstance, simulation: Simulation): void {
  const { org, switches, faults } = simulation;
  app.get('/group_locks', (request, reply) => {
    const query = http.queryOf(request);
    const fault = faults.of(request);
    const groupId = http.integerOf(query, 'group_id');
    const rows = org.groups
      .asOf(listInstant(simulation))
      .filter((group) => fault === 'ignoreFilters' || groupId === undefined || group.id === groupId)
      .flatMap((group) => group.lock_ids.map((id) => ({ group, lock: org.locks.get(id) })))
      .flatMap(({ group, lock }) => (lock === undefined ? [] : [{ group, lock }]));
    const options = { size: { default: 10, max: 250 }, overMax: switches.limitOverMax, fault };
    return http.sendPage(reply, rows, query, options, ({ group, lock }) => groupLockBody(org, group, lock));
  });
}

function lockFilter(query: http.Query): (lock: KisiLock) => boolean {
  const placeId = http.integerOf(query, 'place_id');
  const hasId = http.idsFilter(query);
  return (lock) =>
    (placeId === undefined || lock.place_id === placeId) &&
    hasId(lock) &&
    http.queryFilter(query, [lock.name]);
}

/** Why a door stays shut, or undefined when it opens: one group that allows it is enough. */
function whyNot({ org }: Simulation, user: KisiUser, lock: KisiLock): http.Refusal | undefined {
  if (!user.access_enabled) return http.refused(403, 'Your access is disabled.', 'fcd8ff');
  if (org.isAdministrator(user.id)) return undefined;
  const reasons = org
    .assignments()
    .filter((role) => role.user_id === user.id && opens(org, role, lock))
    .map((role) => whyRoleDoesNot(org, role));
  if (reasons.includes(undefined)) return undefined;
  return reasons[0] ?? http.refused(403, 'Access denied.', 'fcd8ef');
}

function opens(org: Simulation['org'], role: KisiAssignment, lock: KisiLock): boolean {
  return org.groups.get(role.applies_to_id)?.lock_ids.includes(lock.id) ?? false;
}

function whyRoleDoesNot(org: Simulation['org'], role: KisiAssignment): http.Refusal | undefined {
  const validity = org.validity(role);
  if (validity === 'early') return http.refused(403, 'Your access is not yet valid.', 'f358de');
  if (validity === 'over') return http.refused(403, 'Your access is no longer valid.', 'f35ade');
  if (org.groups.get(role.applies_to_id)?.login_enabled) return undefined;
  return http.refused(403, 'The group has no app access.', 'f01337');
}
