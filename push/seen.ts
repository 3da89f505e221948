/** What `latchkey verify --push` needs to know of a webhook that came: its form, its times and ids. Nothing personal. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { anyId, anyTime, headerOf, isRefused, parsed } from './answers.js';
import type { Call } from './listener.js';
import { signatureHeader as kisiHeader } from './kisi.js';
import { membersIn, nexudusEvents, signatureHeader as nexudusHeader } from './nexudus.js';
import { formOf, signedOver } from './signatures.js';

export type NexudusKind = keyof typeof nexudusEvents;
/** What the events of Kisi that concern access are about; `other`: an event about something else. */
const kisiKinds = ['role_assignment', 'user', 'other'] as const;

export const nexudusKinds = Object.keys(nexudusEvents) as NexudusKind[];

const signatureForms = ['upperHex', 'lowerHex', 'mixedHex', 'base64', 'other', 'none'] as const;
/** How many records a body holds, and how. `other`: it is no JSON, or holds no record. */
const bodyForms = ['array', 'object', 'several', 'other'] as const;
const id = z.int().nullable();

export const webhookSeen = z.object({
  source: z.enum(['nexudus', 'kisi']),
  /** By the address it came to, or by what the event is about. */
  kind: z.enum([...nexudusKinds, ...kisiKinds, 'unknown']),
  /** When it came in, in milliseconds since the epoch. */
  at: z.int(),
  /** Whether our secret signed it. If not, nothing but the form of its signature is known. */
  isSigned: z.boolean(),
  signature: z.enum(signatureForms),
  hasPrefix: z.boolean(),
  over: z.enum(['bytes', 'ascii', 'both']).nullable(),
  body: z.enum(bodyForms),
  /** The id of the record, or of what the event is about. */
  recordId: id,
  /** The first member that it names; null: it names none. */
  memberId: id,
  locationId: id,
  /** When the record was changed, or the event happened, as the call says it. */
  changedAt: z.int().nullable(),
  /** What was done in Kisi; null: it does not say, or it is a webhook of Nexudus. */
  action: z.enum(['create', 'update', 'destroy', 'other']).nullable(),
  /** Whether the record is a member's own. */
  isMember: z.boolean(),
  /** The same for two calls that are the same; null: that cannot be told. */
  sameAs: z.string().max(40).nullable(),
});

/** A webhook that came in. */
export type WebhookSeen = z.infer<typeof webhookSeen>;

/** What is noted of a call that came in now; null: it is of no webhook. `nexudusSecret` null: there is no such address. */
export function seenIn(call: Call, now: number, nexudusSecret: string | null): WebhookSeen | null {
  if (call.source === 'nexudus' && nexudusSecret !== null) return ofNexudus(call, now, nexudusSecret);
  return call.source === 'kisi' ? ofKisi(call, now) : null;
}

const unread = {
  over: null,
  body: 'other',
  recordId: null,
  memberId: null,
  locationId: null,
  changedAt: null,
  action: null,
  isMember: false,
  sameAs: null,
} as const;

function ofNexudus(call: Call, at: number, secret: string): WebhookSeen | null {
  const kind = nexudusKinds.find((one) => call.url === `/nexudus/${one}`);
  if (kind === undefined) return null;
  const signature = headerOf(call.headers, nexudusHeader);
  const { form, hasPrefix } = formOf(signature);
  const common = { source: 'nexudus', kind, at, signature: form, hasPrefix } as const;
  const { body } = call;
  if (body === null || signature === null || isRefused(call.outcome))
    return { ...common, ...unread, isSigned: false };
  const said = parsed(body);
  const first = firstIn(said);
  const one = nexudusRecord.parse(first ?? {});
  return {
    ...{ ...common, isSigned: true, over: signedOver(body, signature, secret), body: bodyFormOf(said) },
    recordId: one.Id,
    memberId: membersIn(body, nexudusEvents[kind]).memberIds[0] ?? null,
    locationId: one.BusinessId ?? one.IssuedById ?? one.InvoicingBusinessId,
    changedAt: one.UpdatedOn,
    action: null,
    isMember: isMember(first),
    sameAs: digestOf(`${kind} ${signature.trim().toLowerCase()}`),
  };
}

function ofKisi(call: Call, at: number): WebhookSeen {
  const signature = headerOf(call.headers, kisiHeader);
  const { form, hasPrefix } = formOf(signature);
  const common = { source: 'kisi', at, signature: form, hasPrefix } as const;
  const { body } = call;
  if (body === null || isRefused(call.outcome))
    return { ...common, ...unread, kind: 'unknown', isSigned: false };
  const said = parsed(body);
  const { uuid, type, object_id: recordId, created_at: changedAt } = kisiEvent.parse(firstIn(said) ?? {});
  const [about, action] = (type ?? '').split('.');
  return {
    ...{ ...common, ...unread, isSigned: true, body: bodyFormOf(said), recordId, changedAt },
    kind: kisiKinds.find((one) => one === about) ?? (type === null ? 'unknown' : 'other'),
    action: type === null ? null : (actions.find((one) => one === action) ?? 'other'),
    sameAs: uuid === null ? null : digestOf(uuid),
  };
}

const actions = ['create', 'update', 'destroy'] as const;

/** What is later is no time that a record can have. */
const lastTime = 8e15;
const time = anyTime.transform((at) => (at !== null && at < lastTime ? at : null));
const nexudusRecord = z.object({
  ...{ Id: anyId, BusinessId: anyId, IssuedById: anyId, InvoicingBusinessId: anyId },
  UpdatedOn: time,
});
const said = z.string().min(1).max(100).nullable().catch(null);
const kisiEvent = z.object({ uuid: said, type: said, object_id: anyId, created_at: time });

function bodyFormOf(body: unknown): WebhookSeen['body'] {
  if (!Array.isArray(body)) return isRecord(body) ? 'object' : 'other';
  if (body.length === 0 || !body.every((one) => isRecord(one))) return 'other';
  return body.length === 1 ? 'array' : 'several';
}

function firstIn(body: unknown): object | null {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  return isRecord(first) ? first : null;
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member's own record has a name, and names no other one. */
function isMember(record: object | null): boolean {
  return record !== null && 'FullName' in record && 'Email' in record && !('CoworkerId' in record);
}

/**
 * A signature tells whether two bodies are the same. Its digest tells that too, and shows neither the signature nor the body.
 */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
