import { iso } from '../../access/types.js';
import { KisiError } from '../../kisi/errors.js';
import { findUser } from '../../kisi/make-user.js';
import { keyRole } from '../../kisi/records.js';
import { NexudusError } from '../../nexudus/errors.js';
import type { Config } from '../../config/config.js';
import type { ShownHoldings } from '../../messages/to-member.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';

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

/**
 * What Kisi shows of a member, by two to four requests: by the Kisi user that the member's workflow knows (`shown`; null: it
 * shows nothing), else by the e-mail in Nexudus. A text: why it cannot be told. `recorded`: which keys of a Kisi user are on
 * record as Latchkey's.
 */
export async function lookIntoKisi(
  config: Config,
  memberId: number,
  shown: ShownHoldings | null,
  recorded: (userId: number) => Promise<readonly number[]>,
): Promise<InKisi | string> {
  try {
    return await look(config, memberId, shown, recorded);
  } catch (error) {
    if (error instanceof KisiError || error instanceof NexudusError) return error.message;
    throw error;
  }
}

async function look(
  config: Config,
  memberId: number,
  shown: ShownHoldings | null,
  recorded: (userId: number) => Promise<readonly number[]>,
): Promise<InKisi> {
  const kisi = kisiOf(config);
  const userId = shown?.kisiUser?.id;
  const user = userId === undefined ? await findByEmail(config, memberId) : await kisi.getUser(userId);
  if (user === null) return { userId: null, isSuspended: false, keys: [] };
  const now = Date.now();
  const known = (shown?.ledger ?? []).filter(({ byHand }) => !byHand).map(({ keyId }) => keyId);
  const own = new Set([...known, ...(await recorded(user.id))]);
  const keys = (await kisi.listKeysOf({ userId: user.id })).filter(
    ({ validFrom, validUntil }) =>
      (typeof validFrom !== 'number' || validFrom <= now) &&
      (typeof validUntil !== 'number' || validUntil > now),
  );
  return {
    userId: user.id,
    isSuspended: !user.accessEnabled,
    keys: keys.map(({ id, groupId, roleId, validUntil }) => ({
      groupId,
      role: roleId,
      until: typeof validUntil === 'number' ? iso(validUntil) : null,
      isEndReadable: validUntil !== 'unreadable',
      byLatchkey: roleId === keyRole && own.has(id),
    })),
  };
}

async function findByEmail(config: Config, memberId: number): ReturnType<typeof findUser> {
  const coworker = await nexudusOf(config).getOne('coworkers', memberId);
  return coworker === null || coworker.email === '' ? null : findUser(kisiOf(config), coworker.email);
}
