import type { Client } from '@temporalio/client';
import { keyOwner } from '../access/ownership.js';
import { described } from '../activities/described.js';
import { readInForce } from '../activities/in-force.js';
import { controlMemo, controlWorkflowId, type Orders } from '../messages/to-control.js';
import type { InForce } from '../messages/to-leader.js';
import { viewMember, type KnownMember } from '../space/member-workflows.js';

/** What Temporal shows of a member. */
export interface Watched {
  /** Null: no workflow is known. */
  row: KnownMember | null;
  /** The profile with the same e-mail that holds the keys, where that is another one; null: it is this one. */
  owner: KnownMember | null;
}

/** What Temporal shows of what holds for everybody. */
export interface Governed {
  /** Null: no worker has said yet by which rules it works. */
  inForce: InForce | null;
  /** Null: no worker has set the space up yet. */
  orders: Orders | null;
}

/** How long a workflow has to say how its member stands. */
const viewMs = 800;

/** Asks for one member. Throws where Temporal does not answer. */
export async function watchedOf(client: Client, memberId: number): Promise<Watched> {
  const row = await viewMember(client, memberId, viewMs);
  const siblings = row?.shown?.siblingIds ?? [];
  const ownerId = keyOwner([memberId, ...siblings]) ?? memberId;
  const owner = ownerId === memberId ? null : await viewMember(client, ownerId, viewMs);
  return { row, owner };
}

/** Asks for what holds for everybody. Throws where Temporal does not answer. */
export async function governedNow(client: Client): Promise<Governed> {
  const [inForce, control] = await Promise.all([readInForce(client), described(client, controlWorkflowId)]);
  return { inForce, orders: (control?.memo?.[controlMemo] as Orders | undefined) ?? null };
}
