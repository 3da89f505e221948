/** The addresses of roles and role assignments: the keys. */
import type { FastifyInstance } from 'fastify';
import { assignmentBody, roleBody, roles } from './kisi-bodies.js';
import * as http from './kisi-http.js';
import type { AppliesToType, KisiAssignment } from './kisi-organization.js';
import { listInstant, mail, type Simulation } from './kisi-switches.js';

const changeable = {
  role_id: http.isText,
  notify: http.isBoolean,
  valid_from: http.isDateTimeOrNull,
  valid_until: http.isDateTimeOrNull,
};
/** The new form, and the old one with an id field for each kind of target. */
const creatable = {
  ...changeable,
  applies_to_type: isAppliesToType,
  applies_to_id: http.isInteger,
  assignee_type: isAssigneeType,
  assignee_id: http.isInteger,
  user_id: http.isIntegerOrNull,
  group_id: http.isInteger,
  place_id: http.isInteger,
  organization_id: http.isInteger,
};
const pageSize = { default: 10, max: 250 };

/** Adds `/roles`, `/role_assignments` and `/role_assignments/{id}`. */
export function addRoleAssignmentRoutes(app: FastifyInstance, simulation: Simulation): void {
  const { org, switches, faults } = simulation;

  app.get('/roles', () => roles.map(roleBody));

  app.get('/role_assignments', (request, reply) => {
    const query = http.queryOf(request);
    const fault = faults.of(request);
    const matches = roleFilter(simulation, query, simulation.callerOf(request).id);
    const rows = org.roles
      .asOf(listInstant(simulation))
      .filter((role) => isThere(simulation, role) && (fault === 'ignoreFilters' || matches(role)));
    const ordered = http.sorted(rows, query, {
      'user.name': (role) => org.people.get(role.user_id)?.name ?? '',
    });
    const options = { size: pageSize, overMax: switches.limitOverMax, fault };
    return http.sendPage(reply, ordered, query, options, (role) => assignmentBody(org, role));
  });

  app.post('/role_assignments', (request) => {
    const sent = http.readFields(http.unwrap(request.body, 'role_assignment'), creatable);
    const wish = readWish(simulation, sent);
    const other = duplicateOf(simulation, wish);
    if (other !== undefined && switches.duplicateGrantStatus === 200) return assignmentBody(org, other);
    if (other !== undefined) throw duplicate(simulation);
    const role = org.addRole(wish);
    tell(simulation, role);
    return assignmentBody(org, role);
  });

  app.get('/role_assignments/:id', (request) => assignmentBody(org, roleAt(simulation, http.idOf(request))));

  app.patch('/role_assignments/:id', (request, reply) => {
    const role = roleAt(simulation, http.idOf(request));
    const sent = http.readFields(http.unwrap(request.body, 'role_assignment'), changeable);
    const { role_id = role.role_id, notify = role.notify } = sent;
    const validity = readValidity(simulation, sent, role.applies_to_type);
    checkRole(role_id, role.applies_to_type);
    const moved = switches.patchMovesValidity ? validity : {};
    const changed = org.changeAssignment({ ...role, role_id, notify, ...moved });
    if (switches.notifyOnUpdate) tell(simulation, changed);
    return reply.code(204).send();
  });

  app.delete('/role_assignments/:id', (request, reply) => {
    org.removeAssignment(roleAt(simulation, http.idOf(request)).id);
    return reply.code(204).send();
  });
}

type Sent = ReturnType<typeof http.readFields<typeof creatable>>;
type Wish = Omit<KisiAssignment, 'id' | 'created_at' | 'updated_at'>;

function readWish(simulation: Simulation, sent: Sent): Wish {
  const { applies_to_type, applies_to_id } = readTarget(sent);
  const { assignee_type, assignee_id } = readAssignee(sent);
  const { role_id, notify = simulation.switches.notifyDefault } = sent;
  if (role_id === undefined) throw http.invalid('role_id', "can't be blank");
  checkRole(role_id, applies_to_type);
  const validity = readValidity(simulation, sent, applies_to_type);
  if (!hasTarget(simulation, applies_to_type, applies_to_id)) throw http.notFound();
  // There are no teams or guests here, so none of their ids can be found.
  if (assignee_type !== 'User' || !simulation.org.people.get(assignee_id)) throw http.notFound();
  const at = { valid_from: null, valid_until: null, ...validity };
  return { role_id, notify, applies_to_type, applies_to_id, user_id: assignee_id, ...at };
}

function readTarget(sent: Sent): { applies_to_type: AppliesToType; applies_to_id: number } {
  const { applies_to_type, applies_to_id, group_id, place_id, organization_id } = sent;
  if (applies_to_type !== undefined && applies_to_id !== undefined) return { applies_to_type, applies_to_id };
  if (applies_to_type !== undefined) throw http.invalid('applies_to_id', "can't be blank");
  if (group_id !== undefined) return { applies_to_type: 'Group', applies_to_id: group_id };
  if (place_id !== undefined) return { applies_to_type: 'Place', applies_to_id: place_id };
  if (organization_id !== undefined)
    return { applies_to_type: 'Organization', applies_to_id: organization_id };
  throw http.invalid('applies_to_type', "can't be blank");
}

function readAssignee(sent: Sent): { assignee_type: string; assignee_id: number } {
  const { assignee_type, assignee_id, user_id } = sent;
  if (assignee_type !== undefined && assignee_id !== undefined) return { assignee_type, assignee_id };
  if (assignee_type !== undefined) throw http.invalid('assignee_id', "can't be blank");
  if (typeof user_id === 'number') return { assignee_type: 'User', assignee_id: user_id };
  throw http.invalid('assignee_type', "can't be blank");
}

/** The validity that was sent, as Kisi writes instants. Throws a 422 outside groups, which alone have one. */
function readValidity(
  { switches }: Simulation,
  sent: Pick<Sent, 'valid_from' | 'valid_until'>,
  appliesTo: AppliesToType,
): Partial<Pick<KisiAssignment, 'valid_from' | 'valid_until'>> {
  const validity: ReturnType<typeof readValidity> = {};
  for (const name of ['valid_from', 'valid_until'] as const) {
    const value = sent[name];
    if (value === undefined) continue;
    if (value !== null && appliesTo !== 'Group') throw http.invalid(name, 'is only possible for a group');
    const at = value === null ? null : Date.parse(value);
    validity[name] =
      at === null ? null : new Date(name === 'valid_until' ? rounded(at, switches) : at).toISOString();
  }
  return validity;
}

function rounded(at: number, { endRounding }: Simulation['switches']): number {
  if (endRounding === null) return at;
  const { toMs, how } = endRounding;
  const round = { down: Math.floor, up: Math.ceil, nearest: Math.round }[how];
  return round(at / toMs) * toMs;
}

function checkRole(roleId: string, appliesTo: AppliesToType): void {
  if (roles.some((role) => role.id === roleId && role.applies_to === appliesTo)) return;
  throw http.invalid('role_id', 'is invalid');
}

function hasTarget({ org }: Simulation, type: AppliesToType, id: number): boolean {
  if (type === 'Organization') return id === org.id;
  return type === 'Place' ? org.places.get(id) !== undefined : org.groups.get(id) !== undefined;
}

/** One user holds at most one role in a group, a place or the organization. */
function duplicateOf(simulation: Simulation, wish: Wish): KisiAssignment | undefined {
  return simulation.org.roles
    .all()
    .find(
      (role) =>
        role.user_id === wish.user_id &&
        role.applies_to_type === wish.applies_to_type &&
        role.applies_to_id === wish.applies_to_id &&
        (simulation.switches.hiddenStillCount || isThere(simulation, role)),
    );
}

function duplicate({ switches }: Simulation): http.Refusal {
  if (switches.duplicateGrantStatus === 409) return http.refused(409, 'The record already exists');
  return http.invalid('assignee_id', 'has already been taken');
}

function isThere({ org, switches }: Simulation, role: KisiAssignment): boolean {
  return switches.listsExpired || org.validity(role) !== 'over';
}

function tell(simulation: Simulation, role: KisiAssignment): void {
  const user = simulation.org.people.get(role.user_id);
  if (user && role.notify) mail(simulation, 'grant', user);
}

function roleAt({ org }: Simulation, id: number): KisiAssignment {
  const role = org.roles.get(id);
  if (!role) throw http.notFound();
  return role;
}

function roleFilter(
  simulation: Simulation,
  query: http.Query,
  callerId: number,
): (role: KisiAssignment) => boolean {
  const { org } = simulation;
  const assignee = pair(query, 'assignee');
  const target = pair(query, 'applies_to');
  const userId = query['user_id'] === 'me' ? callerId : http.integerOf(query, 'user_id');
  const groupId = http.integerOf(query, 'group_id');
  const placeId = http.integerOf(query, 'place_id');
  const { role_id, scope } = query;
  const hasId = http.idsFilter(query);
  return (role) => {
    const { applies_to_type, applies_to_id, user_id } = role;
    if (assignee && !(assignee.type === 'User' && assignee.id === user_id)) return false;
    if (target && !(target.type === applies_to_type && target.id === applies_to_id)) return false;
    if (userId !== undefined && user_id !== userId) return false;
    if (groupId !== undefined && !(applies_to_type === 'Group' && applies_to_id === groupId)) return false;
    if (placeId !== undefined && !(applies_to_type === 'Place' && applies_to_id === placeId)) return false;
    if (role_id !== undefined && role.role_id !== role_id) return false;
    if (scope !== undefined && applies_to_type.toLowerCase() !== scope) return false;
    const user = org.people.get(user_id);
    return hasId(role) && http.queryFilter(query, [user?.email ?? null, user?.name ?? null]);
  };
}

/** A type and an id that only work together. Throws a 400 for one without the other. */
function pair(query: http.Query, name: string): { type: string; id: number } | undefined {
  const type = query[`${name}_type`];
  const id = http.integerOf(query, `${name}_id`);
  if (type === undefined && id === undefined) return undefined;
  if (type === undefined || id === undefined) {
    throw http.refused(400, `The parameters ${name}_type and ${name}_id must be sent together.`);
  }
  return { type, id };
}

function isAppliesToType(value: unknown): value is AppliesToType {
  return value === 'Organization' || value === 'Place' || value === 'Group';
}

function isAssigneeType(value: unknown): value is 'User' | 'Team' | 'Guest' {
  return value === 'User' || value === 'Team' || value === 'Guest';
}
