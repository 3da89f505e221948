/** The addresses of users. */
import type { FastifyInstance } from 'fastify';
import { currentUserBody, userBody } from './kisi-bodies.js';
import * as http from './kisi-http.js';
import type { KisiUser, MetadataValue } from './kisi-organization.js';
import { listInstant, mail, type Simulation } from './kisi-switches.js';

const writable = {
  name: http.isText,
  image: http.isTextOrNull,
  access_enabled: http.isBoolean,
  password_flow_enabled: http.isBoolean,
  metadata: isMetadata,
  notes: http.isTextOrNull,
};
/** E-mail, `send_emails` and `confirm` can be given at creation only; PATCH passes over them in silence. */
const creatable = { ...writable, send_emails: http.isBoolean, confirm: http.isBoolean };
const pageSize = { default: 50, max: 100 };

/** Adds `/user`, `/users` and `/users/{id}`. */
export function addUserRoutes(app: FastifyInstance, simulation: Simulation): void {
  const { org, switches, faults } = simulation;

  app.get('/user', (request) => currentUserBody(org, simulation.callerOf(request)));

  app.get('/users', (request, reply) => {
    const query = http.queryOf(request);
    const fault = faults.of(request);
    const matches = userFilter(simulation, query, simulation.callerOf(request).id);
    const rows = org.people
      .asOf(listInstant(simulation))
      .filter((u) => fault === 'ignoreFilters' || matches(u));
    const ordered = http.sorted(rows, query, {
      name: (user) => user.name,
      unlock: (user) => user.last_accessed_at ?? '',
      access_enabled: (user) => (user.access_enabled ? '1' : '0'),
    });
    const options = { size: pageSize, overMax: switches.limitOverMax, fault };
    return http.sendPage(reply, ordered, query, options, (user) => userBody(org, user));
  });

  app.post('/users', (request) => {
    const sent = http.unwrap(request.body, 'user');
    const {
      confirm = false,
      send_emails = switches.sendEmailsDefault,
      ...fields
    } = http.readFields(sent, creatable);
    const email = freeEmail(simulation, sent['email']);
    checkName(simulation, fields.name ?? '');
    const user = org.addUser({ ...fields, email, send_emails, confirmed: confirm });
    mail(simulation, 'invitation', user);
    return userBody(org, user);
  });

  app.get('/users/:id', (request) => userBody(org, userAt(simulation, http.idOf(request))));

  app.patch('/users/:id', (request, reply) => {
    const user = userAt(simulation, http.idOf(request));
    const changes = http.readFields(http.unwrap(request.body, 'user'), writable);
    org.changeUser({ ...user, ...changes });
    return reply.code(204).send();
  });

  app.delete('/users/:id', (request, reply) => {
    const { id } = userAt(simulation, http.idOf(request));
    if (id === simulation.callerOf(request).id) throw http.invalid('base', 'You cannot delete yourself.');
    org.deleteUser(id);
    return reply.code(204).send();
  });
}

function userAt({ org }: Simulation, id: number): KisiUser {
  const user = org.people.get(id);
  if (!user) throw http.notFound();
  return user;
}

function userFilter(
  simulation: Simulation,
  query: http.Query,
  callerId: number,
): (user: KisiUser) => boolean {
  const { org, switches } = simulation;
  const email = query['email'] === undefined ? undefined : comparable(simulation, query['email']);
  const userId = query['user_id'] === 'me' ? callerId : http.integerOf(query, 'user_id');
  const groupId = http.integerOf(query, 'group_id');
  const placeId = http.integerOf(query, 'place_id');
  const hasId = http.idsFilter(query);
  // Every role is looked at for each user, so only where it is asked for.
  const groupsOf = (user: KisiUser): number[] =>
    org.assignments().flatMap((role) => (role.user_id === user.id ? [role.applies_to_id] : []));
  return (user) => {
    const theirs = comparable(simulation, user.email);
    if (email !== undefined && !(switches.emailFilterExact ? theirs === email : theirs.includes(email)))
      return false;
    if (userId !== undefined && user.id !== userId) return false;
    if (groupId !== undefined && !groupsOf(user).includes(groupId)) return false;
    const isThere = (id: number): boolean => org.groups.get(id)?.place_id === placeId;
    if (placeId !== undefined && !groupsOf(user).some(isThere)) return false;
    return hasId(user) && http.queryFilter(query, [user.email, user.name, user.notes]);
  };
}

function comparable({ switches }: Simulation, email: string): string {
  return switches.userEmailCaseSensitive ? email.trim() : email.trim().toLowerCase();
}

function freeEmail(simulation: Simulation, sent: unknown): string {
  if (typeof sent !== 'string' || !/^\s*[^\s@]+@[^\s@]+\s*$/.test(sent)) {
    throw http.invalid('email', "can't be blank or invalid");
  }
  const wanted = comparable(simulation, sent);
  const others = [
    ...simulation.org.people.all().map(({ email }) => email),
    ...simulation.switches.takenEmails,
  ];
  const taken = others.some((email) => comparable(simulation, email) === wanted);
  if (taken && simulation.switches.duplicateUserEmail === 'reject') {
    throw http.invalid('email', 'has already been taken');
  }
  return sent.trim();
}

/** Which names Kisi takes is not documented; the texts are those of Rails. */
function checkName({ switches: { longestName, plainNames } }: Simulation, name: string): void {
  if (longestName !== null && Array.from(name).length > longestName)
    throw http.invalid('name', `is too long (maximum is ${longestName} characters)`);
  if (plainNames && !/^[\p{L}\p{M}\p{N} .'-]*$/u.test(name)) throw http.invalid('name', 'is invalid');
}

/** Flat; at most 50 keys of 50 characters, values of at most 500. */
function isMetadata(value: unknown): value is Record<string, MetadataValue> {
  if (!http.isObject(value) || Object.keys(value).length > 50) return false;
  return Object.entries(value).every(
    ([key, v]) => key.length <= 50 && String(v).length <= 500 && (v === null || typeof v !== 'object'),
  );
}
