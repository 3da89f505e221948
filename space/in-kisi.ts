import { iso, type Instant } from '../access/types.js';
import type { OwnedKey } from '../access/ownership.js';
import type { KisiClient } from '../kisi/client.js';
import { findUser } from '../kisi/make-user.js';
import { asKey, keyRole } from '../kisi/records.js';
import type { ShownHoldings } from '../messages/to-member.js';

/** A key as Kisi shows it, or another right that opens the same doors. */
export interface KeyInKisi {
  groupId: number;
  /** `group_basic` is a key; others, such as `group_manager`, only people give. */
  role: string;
  /** ISO 8601, UTC; null: no end, or one that cannot be read. */
  until: string | null;
  isEndReadable: boolean;
  /** False: a person gave it, or another integration. */
  byLatchkey: boolean;
}

/** What Kisi shows of one member now. */
export interface InKisi {
  /** Null: Kisi has no user with the member's e-mail. */
  userId: number | null;
  isSuspended: boolean;
  /** Those that open doors now. */
  keys: KeyInKisi[];
}

/** The same, and what the terminal does not tell. */
export interface InKisiInFull extends InKisi {
  /**
   * `since`: when it was given, ISO 8601, UTC; null: Kisi does not say. `isByApp`: an app of Kisi's marketplace gave it.
   * `isMovedOn`: a person gave it, and Latchkey moved its end on.
   */
  keys: (KeyInKisi & { since: string | null; isByApp: boolean; isMovedOn: boolean })[];
  /** Roles that reach beyond groups, to a place or to the whole organization: 'organization_owner'. */
  widerRoles: string[];
}

/** A key that is on record as Latchkey's. */
export interface RecordedKey {
  keyId: number;
  /** A person gave it, and has it back with its own end once the rules give none. */
  isMovedOn: boolean;
}

/** The Kisi user that is looked at: the one that the member's workflow knows, else the one with the member's e-mail. */
export interface Whose {
  /** What the workflow shows of the keys; null: nothing. */
  shown: ShownHoldings | null;
  /** The member's e-mail in Nexudus; empty: none. Asked for only where no Kisi user is known. */
  email: () => Promise<string>;
  /** The keys of a Kisi user that are on record as Latchkey's. */
  recorded: (userId: number) => Promise<readonly RecordedKey[]>;
}

/** What Kisi shows of a member, by two to four requests. Throws KisiError, and what `email` and `recorded` throw. */
export async function lookIntoKisi(kisi: KisiClient, whose: Whose, now: Instant): Promise<InKisiInFull> {
  const { shown, recorded } = whose;
  const userId = shown?.kisiUser?.id;
  const user = userId === undefined ? await findByEmail(kisi, whose) : await kisi.getUser(userId);
  if (user === null) return { userId: null, isSuspended: false, keys: [], widerRoles: [] };
  const known = (shown?.ledger ?? []).filter(({ byHand }) => !byHand).map(({ keyId }) => keyId);
  const onRecord = await recorded(user.id);
  const own = new Set([...known, ...onRecord.map(({ keyId }) => keyId)]);
  const movedOn = new Set(onRecord.filter(({ isMovedOn }) => isMovedOn).map(({ keyId }) => keyId));
  const rights = (await kisi.listRightsOf({ userId: user.id })).filter(
    ({ validFrom, validUntil }) =>
      (typeof validFrom !== 'number' || validFrom <= now) &&
      (typeof validUntil !== 'number' || validUntil > now),
  );
  const keys = rights.map(asKey).filter((key) => key !== null);
  return {
    userId: user.id,
    isSuspended: !user.accessEnabled,
    keys: keys.map(({ id, groupId, roleId, validUntil, createdAt, isByApp = false }) => ({
      groupId,
      role: roleId,
      until: typeof validUntil === 'number' ? iso(validUntil) : null,
      isEndReadable: validUntil !== 'unreadable',
      byLatchkey: roleId === keyRole && own.has(id),
      since: createdAt === null ? null : iso(createdAt),
      ...{ isByApp, isMovedOn: movedOn.has(id) },
    })),
    widerRoles: rights.filter((right) => asKey(right) === null).map(({ roleId }) => roleId),
  };
}

/** Which keys of a Kisi user are on record as Latchkey's. */
export function recordedKeysOf(userId: number, all: readonly OwnedKey[]): RecordedKey[] {
  return all.flatMap(({ key, userId: whose }) =>
    whose === userId && key !== null && !key.byHand && key.keyId !== null
      ? [{ keyId: key.keyId, isMovedOn: key.handUntil !== null }]
      : [],
  );
}

async function findByEmail(kisi: KisiClient, { email }: Whose): ReturnType<typeof findUser> {
  const wanted = await email();
  return wanted === '' ? null : findUser(kisi, wanted);
}
