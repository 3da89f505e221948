import type { FastifyInstance } from 'fastify';
import { addChanges } from './changes.js';
import type { Desk } from './desk.js';
import { addGoingLive } from './going-live.js';
import { addGroups } from './groups.js';
import { addHealth, HealthWatch } from './health.js';
import { addInvitations } from './invitations.js';
import type { InvitationWatch } from './invitation-facts.js';
import { KnownNames } from './known-names.js';
import { addToday } from './today.js';

/** Adds what is about the whole space: how it stands, on every page, and pages of their own. */
export function addSpace(app: FastifyInstance, desk: Desk, invitations: InvitationWatch): void {
  const names = new KnownNames(desk);
  addHealth(app, new HealthWatch(desk));
  addToday(app, desk, names, invitations);
  addInvitations(app, desk, invitations);
  addGroups(app, desk, names);
  addChanges(app, desk, names);
  addGoingLive(app, desk, names);
}
