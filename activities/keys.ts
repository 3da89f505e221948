import { ApplicationFailure, Context } from '@temporalio/activity';
import type { KisiClient } from '../kisi/client.js';
import { KisiError } from '../kisi/errors.js';
import { giveBackKey, grantKey, makeUser, moveKey, removeKey } from '../kisi/keys.js';
import type { GrantResult, KeyActivities, KeyWish } from './contract.js';
import type { Gate } from './gate.js';
import type { People, Person } from './people.js';
import { remote } from './remote.js';

export interface KeyDeps {
  kisi: KisiClient;
  people: People;
  gate: Gate;
}

/** Writes to Kisi, one HTTP call each on the ordinary way, so that a more urgent one is never long behind another. */
export function createKeyActivities({ kisi, people, gate }: KeyDeps): KeyActivities {
  async function personOf(memberId: number): Promise<Person> {
    const person = await people.find(memberId);
    if (person !== null && person.email !== '') return person;
    const message = `Coworker ${memberId} has no e-mail in Nexudus (any more), so no Kisi user can be found or made.`;
    throw ApplicationFailure.create({ type: 'Nexudus', message, nonRetryable: true });
  }

  /** Tells apart what a 404 of a grant means: the person is gone, or the group. */
  async function granting(
    { userId, groupId }: KeyWish,
    grant: () => Promise<GrantResult>,
  ): Promise<GrantResult> {
    try {
      return await grant();
    } catch (error) {
      if (!(error instanceof KisiError) || error.kind !== 'notFound') throw error;
      if ((await kisi.getUser(userId)) === null) return { outcome: 'userGone' };
      const message = `Kisi group ${groupId} does not exist (any more): correct the mapping (latchkey.yaml or the pass type's KisiGroupId).`;
      throw ApplicationFailure.create({ type: 'Configuration', message, nonRetryable: true });
    }
  }

  return remote<KeyActivities>({
    async findKisiUser(memberId, how) {
      // It reads only, but to no purpose where no key may be given.
      await gate.admit('grant');
      const user = await kisi.findUserByEmail((await personOf(memberId)).email, how);
      return user?.id ?? null;
    },
    async createKisiUser(memberId, lookFirst) {
      await gate.admit('grant');
      const { attempt } = Context.current().info;
      const { userId } = await makeUser(kisi, await personOf(memberId), lookFirst || attempt > 1);
      return userId;
    },
    createKey: (wish, triedUntil) =>
      granting(wish, async () => {
        await gate.admit('grant');
        const { key, how, was } = await grantKey(kisi, wish);
        const ours = how === 'foreign' && triedUntil !== null && key.validUntil === triedUntil;
        return { outcome: ours ? 'adopted' : how, keyId: key.id, validUntil: key.validUntil, was };
      }),
    moveKey: (keyId, wish, endsSooner) =>
      granting(wish, async () => {
        await gate.admit(endsSooner ? 'revoke' : 'grant');
        const { key, how, was } = await moveKey(kisi, keyId, wish);
        return { outcome: how, keyId: key.id, validUntil: key.validUntil, was };
      }),
    async giveBackKey(keyId, wish) {
      await gate.admit('revoke');
      await giveBackKey(kisi, keyId, wish);
    },
    async removeKey(key) {
      await gate.admit('revoke');
      await removeKey(kisi, key);
    },
    async inspectKeys(userId) {
      await gate.admit('read');
      const keys = await kisi.listKeysOf({ userId });
      if (keys.length === 0 && (await kisi.getUser(userId)) === null) return null;
      return keys
        .filter((key) => key.roleId === 'group_basic')
        .map(({ id, groupId, validUntil }) => ({ keyId: id, groupId, validUntil }));
    },
  });
}
