import type { OwnedKey } from '../access/ownership.js';
import { acceptanceOf, type Acceptance, type InvitationMails } from '../access/invitations.js';
import type { Instant } from '../access/types.js';
import { mailAgain, type AuditRecord } from '../database/audit-records.js';
import type { AuditLog } from '../database/audit-log.js';
import type { Ownership } from '../database/ownership.js';
import type { KisiClient } from '../kisi/client.js';
import type { KisiInvitee } from '../kisi/records.js';
import { groupBy } from '../nexudus/collections.js';
import { Phones, firstIdle } from './phones.js';

/** What invitations are read from. */
export interface InvitationSources {
  kisi: Pick<KisiClient, 'inviteesByUnlock' | 'inviteesByLastUnlock' | 'getInvitee' | 'loginsOf'>;
  ownership: Pick<Ownership, 'all' | 'read'>;
  auditLog: Pick<AuditLog, 'writesAbout'>;
  now: () => Instant;
}

/** How it stands with the invitation of one member who holds a key of Latchkey's. Plain data, without personal data. */
export interface Invitation extends Acceptance, InvitationMails {
  memberId: number;
  userId: number;
  /** False: Latchkey found the Kisi user there, so that the invitation is as old as that. */
  isByLatchkey: boolean;
  /** Suspended in Kisi. */
  isSuspended: boolean;
  /** Where the key was given; null: not known. */
  locationId: number | null;
  /** A key of Latchkey's that the member holds now. */
  key: { id: number; groupId: number };
}

/** The invitations of a space, as far as they are not known to be accepted. */
export interface Invitations {
  /** The oldest first. */
  open: Invitation[];
  /** How many others hold a key. */
  acceptedCount: number;
}

/** The most ids that one question to the audit log names. */
const mostIds = 500;

/**
 * The invitations of members who hold a key of Latchkey's and are not known to have accepted. Reads the users who never opened a
 * door, in one list, and the phones of each of them who holds a key. Throws KisiError and DatabaseError.
 */
export async function readInvitations(sources: InvitationSources): Promise<Invitations> {
  const holders = holdersAmong(await sources.ownership.all(), sources.now());
  const idle = new Map((await firstIdle(sources.kisi)).map((user) => [user.id, user]));
  const invited = holders.flatMap((holder) => {
    const user = idle.get(holder.userId);
    return user === undefined ? [] : [{ ...holder, user }];
  });
  const read = await withSigns(sources, invited);
  const open = read.filter(({ state }) => state !== 'accepted');
  return {
    open: open.toSorted((a, b) => (a.invitedAt ?? Infinity) - (b.invitedAt ?? Infinity)),
    acceptedCount: holders.length - open.length,
  };
}

/** The invitation of one member, whatever its state; null: the member holds no key of Latchkey's. Throws the same errors. */
export async function readInvitation(
  sources: InvitationSources,
  memberId: number,
): Promise<Invitation | null> {
  const [holder] = holdersAmong(await sources.ownership.read(memberId, []), sources.now());
  if (holder === undefined) return null;
  const user = await sources.kisi.getInvitee(holder.userId);
  const [invitation = null] = user === null ? [] : await withSigns(sources, [{ ...holder, user }]);
  return invitation;
}

type Holder = Pick<Invitation, 'memberId' | 'userId' | 'key'>;

/** Whoever holds a key that is on record as Latchkey's own and has not ended. */
function holdersAmong(owned: readonly OwnedKey[], now: Instant): Holder[] {
  const keys = owned.flatMap(({ memberId, userId, groupId, key }): Holder[] => {
    if (key === null || key.byHand || key.keyId === null || key.uncertain) return [];
    if (key.validUntil !== null && key.validUntil <= now) return [];
    return [{ memberId, userId, key: { id: key.keyId, groupId } }];
  });
  return [...groupBy(keys, ({ memberId }) => memberId).values()].flatMap((own) =>
    own.toSorted((a, b) => a.key.groupId - b.key.groupId).slice(0, 1),
  );
}

async function withSigns(
  { kisi, auditLog }: InvitationSources,
  invited: readonly (Holder & { user: KisiInvitee })[],
): Promise<Invitation[]> {
  const writes = await readWrites(auditLog, invited);
  const phones = new Phones(kisi);
  const read: Invitation[] = [];
  for (const { user, ...holder } of invited) {
    const { lastUnlockAt, confirmed, createdAt, accessEnabled } = user;
    // Who opened a door has accepted, whatever Kisi says of phones.
    const phone = typeof lastUnlockAt === 'number' ? 'unknown' : await phones.of(user.id);
    read.push({
      ...holder,
      ...acceptanceOf({ lastUnlockAt, confirmed, phone }),
      ...mailsOf(writes.ofUser.get(user.id) ?? [], createdAt),
      locationId: locationOf(writes.ofKey.get(holder.key.id) ?? []),
      isSuspended: !accessEnabled,
    });
  }
  return read;
}

/** What Latchkey had Kisi do about these users and their keys, by the ids of either. */
async function readWrites(
  auditLog: InvitationSources['auditLog'],
  holders: readonly Holder[],
): Promise<Record<'ofUser' | 'ofKey', Map<number, AuditRecord[]>>> {
  const found: AuditRecord[] = [];
  for (let i = 0; i < holders.length; i += mostIds) {
    const some = holders.slice(i, i + mostIds);
    const ids = { keyIds: some.map(({ key }) => key.id), userIds: some.map(({ userId }) => userId) };
    found.push(...(await auditLog.writesAbout(ids)));
  }
  const idIn = ({ after }: AuditRecord, name: 'userId' | 'keyId'): number =>
    (Object(after) as Partial<Record<typeof name, number>>)[name] ?? 0;
  return {
    ofUser: groupBy(found, (write) => idIn(write, 'userId')),
    ofKey: groupBy(found, (write) => idIn(write, 'keyId')),
  };
}

const locationOf = (writes: readonly AuditRecord[]): number | null =>
  writes.findLast(({ locationId }) => locationId !== null)?.locationId ?? null;

/** A mail whose answer was lost counts as sent: rather one too few. */
function mailsOf(
  writes: readonly AuditRecord[],
  createdAt: Instant | null,
): InvitationMails & Pick<Invitation, 'isByLatchkey'> {
  const sent = writes.filter(({ state }) => state !== 'failed');
  const made = sent.findLast(({ what }) => what === 'createUser');
  return {
    invitedAt: made?.at ?? createdAt,
    isByLatchkey: made !== undefined,
    mailedAgainAt: sent.filter(({ what }) => what === mailAgain).map(({ at }) => at),
  };
}
