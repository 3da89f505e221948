/** The addresses of groups. */
import type { FastifyInstance } from 'fastify';
import { groupBody } from './kisi-bodies.js';
import * as http from './kisi-http.js';
import type { KisiGroup } from './kisi-organization.js';
import { listInstant, type Simulation } from './kisi-switches.js';

const writable = {
  name: http.isText,
  description: http.isTextOrNull,
  login_enabled: http.isBoolean,
  geofence_restriction_enabled: http.isBoolean,
  primary_device_restriction_enabled: http.isBoolean,
  managed_device_restriction_enabled: http.isBoolean,
  reader_restriction_enabled: http.isBoolean,
  time_restriction_enabled: http.isBoolean,
  tap_to_access_restriction_enabled: http.isBoolean,
  time_restriction_time_zone: http.isTextOrNull,
};
/** A group's place is settled when it is made. */
const creatable = { ...writable, place_id: http.isIntegerOrNull };
const pageSize = { default: 10, max: 250 };

/** Adds `/groups` and `/groups/{id}`. */
export function addGroupRoutes(app: FastifyInstance, simulation: Simulation): void {
  const { org, switches, faults } = simulation;

  app.get('/groups', (request, reply) => {
    const query = http.queryOf(request);
    const fault = faults.of(request);
    const matches = groupFilter(query);
    const rows = org.groups
      .asOf(listInstant(simulation))
      .filter((g) => fault === 'ignoreFilters' || matches(g));
    const ordered = http.sorted(rows, query, { name: (group) => group.name });
    const options = { size: pageSize, overMax: switches.limitOverMax, fault };
    return http.sendPage(reply, ordered, query, options, (group) => groupBody(org, group));
  });

  app.post('/groups', (request) => {
    const fields = http.readFields(http.unwrap(request.body, 'group'), creatable);
    const { name, place_id = null } = fields;
    if (!name) throw http.invalid('name', "can't be blank");
    if (place_id !== null && !org.places.get(place_id)) throw http.invalid('place_id', 'is invalid');
    return groupBody(org, org.addGroup({ ...fields, name, place_id, lock_ids: [] }));
  });

  app.get('/groups/:id', (request) => groupBody(org, groupAt(simulation, http.idOf(request))));

  app.patch('/groups/:id', (request, reply) => {
    const group = groupAt(simulation, http.idOf(request));
    const changes = http.readFields(http.unwrap(request.body, 'group'), writable);
    org.changeGroup({ ...group, ...changes });
    return reply.code(204).send();
  });

  app.delete('/groups/:id', (request, reply) => {
    org.deleteGroup(groupAt(simulation, http.idOf(request)).id);
    return reply.code(204).send();
  });
}

function groupAt({ org }: Simulation, id: number): KisiGroup {
  const group = org.groups.get(id);
  if (!group) throw http.notFound();
  return group;
}

function groupFilter(query: http.Query): (group: KisiGroup) => boolean {
  const { scope } = query;
  const placeId = http.integerOf(query, 'place_id');
  const lockId = http.integerOf(query, 'lock_id');
  const hasId = http.idsFilter(query);
  return (group) => {
    if (scope !== undefined && scope !== (group.place_id === null ? 'organization' : 'place')) return false;
    if (placeId !== undefined && group.place_id !== placeId) return false;
    if (lockId !== undefined && !group.lock_ids.includes(lockId)) return false;
    return hasId(group) && http.queryFilter(query, [group.name]);
  };
}
