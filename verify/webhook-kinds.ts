import { nexudusKinds, type NexudusKind, type WebhookSeen } from '../push/seen.js';
import type { ApiName } from './assumption.js';
import { eventObjects, type EventObject } from './kisi-event-assumptions.js';

/** A kind of webhook that is waited for. */
export interface WebhookKind {
  api: ApiName;
  kind: NexudusKind | EventObject;
  /** As it is named in a sentence: "a webhook about …". */
  about: string;
  /** What a person may do to cause one. */
  cause: string;
}

const nexudusWords: Readonly<Record<NexudusKind, readonly [about: string, cause: string]>> = {
  access: ['access', 'give a member a pass, or suspend and admit one'],
  coworker: ['a member', 'edit a member, such as the phone number'],
  contract: ['a contract', 'add a plan to a member, or change one'],
  team: ['a team', 'add a member to a team'],
  checkin: ['a check-in', 'check a member in'],
};
const kisiWords: Readonly<Record<EventObject, readonly [about: string, cause: string]>> = {
  role_assignment: ['a key', 'share a group with somebody in Kisi, or run `latchkey verify --push --write`'],
  user: ['a user', 'add a user in Kisi, or run `latchkey verify --push --write`'],
};

/** All kinds that Latchkey takes in. */
export const webhookKinds: readonly WebhookKind[] = [
  ...nexudusKinds.map((kind) => kindOf('Nexudus', kind, nexudusWords[kind])),
  ...eventObjects.map((kind) => kindOf('Kisi', kind, kisiWords[kind])),
];

function kindOf(
  api: ApiName,
  kind: WebhookKind['kind'],
  [about, cause]: readonly [string, string],
): WebhookKind {
  return { api, kind, about, cause };
}

const apiOf = ({ source }: Pick<WebhookSeen, 'source'>): ApiName =>
  source === 'nexudus' ? 'Nexudus' : 'Kisi';

/** Whether a webhook of this kind came that its API signed. */
export function hasCome({ api, kind }: WebhookKind, seen: readonly WebhookSeen[]): boolean {
  return seen.some((one) => one.isSigned && apiOf(one) === api && one.kind === kind);
}
