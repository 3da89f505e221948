import { ApplicationFailure } from '@temporalio/activity';
import type { KisiClient } from '../kisi/client.js';
import { KisiError } from '../kisi/errors.js';
import { giveBackKey, grantKey, makeUser, moveKey, removeKey } from '../kisi/keys.js';
import type { GrantResult, KeyActivities, KeyWish } from './contract.js';
import { nowhere, type Gate } from './gate.js';
import type { People, Person } from './people.js';
import type { Recorder, Written } from './recorder.js';
import { remote } from './remote.js';

export interface KeyDeps {
  kisi: KisiClient;
  people: People;
  gate: Gate;
  recorder: Recorder;
}

/** Writes to Kisi, one HTTP call each on the ordinary way, so that a more urgent one is never long behind another. */
export function createKeyActivities({ kisi, people, gate, recorder }: KeyDeps): KeyActivities {
  async function personOf(memberId: number): Promise<Person> {
    const person = await people.find(memberId);
    if (person !== null && person.email !== '') return person;
    const message = `Coworker ${memberId} has no e-mail in Nexudus (any more), so no Kisi user can be found or made.`;
    throw ApplicationFailure.create({ type: 'Nexudus', message, nonRetryable: true });
  }

  /** Tells apart what a 404 of a grant means: the person is gone, or the group. */
  async function granting(
    { userId, groupId }: KeyWish,
    grant: () => Promise<Written<GrantResult>>,
  ): Promise<Written<GrantResult>> {
    try {
      return await grant();
    } catch (error) {
      if (!(error instanceof KisiError) || error.kind !== 'notFound') throw error;
      if ((await kisi.getUser(userId)) === null) {
        const answer = `user ${userId} is gone`;
        return { result: { outcome: 'userGone' }, done: false, after: null, answer };
      }
      const message = `Kisi group ${groupId} does not exist (any more): correct the mapping (latchkey.yaml or the pass type's KisiGroupId).`;
      throw ApplicationFailure.create({ type: 'Configuration', message, nonRetryable: true });
    }
  }

  return remote<KeyActivities>({
    async findKisiUser(memberId, how, about) {
      // It reads only, but to no purpose where no key may be given.
      await gate.admit('grant', about);
      const user = await kisi.findUserByEmail((await personOf(memberId)).email, how);
      return user?.id ?? null;
    },
    async createKisiUser(memberId, note) {
      await gate.admit('grant', note);
      const person = await personOf(memberId);
      const write = { what: 'createUser', groupId: null, before: null, after: null } as const;
      return recorder.write(note, write, async (again) => {
        const { userId, created } = await makeUser(kisi, person, again);
        return {
          result: userId,
          // Found by a further try: it was made by the one before.
          done: created || again,
          after: { userId },
          answer: created ? `user ${userId} made, and mailed by Kisi` : `user ${userId} was there`,
        };
      });
    },
    async createKey(wish, triedUntil, note) {
      await gate.admit('grant', note);
      const { groupId, validUntil } = wish;
      const write = { what: 'grant', groupId, before: null, after: { validUntil } } as const;
      return recorder.write(note, write, (again) =>
        granting(wish, async () => {
          const { key, how, was } = await grantKey(kisi, wish);
          const tried = how === 'foreign' && triedUntil !== null && key.validUntil === triedUntil;
          const outcome = tried ? 'adopted' : how;
          return {
            result: { outcome, keyId: key.id, validUntil: key.validUntil, was },
            // Adopted at a further try: it was made by the one before.
            done: how === 'created' || how === 'extended' || (outcome === 'adopted' && again),
            after: { keyId: key.id, validUntil: key.validUntil },
            answer: `${outcome} key ${key.id}`,
            shows: ({ what }) => (what === 'revoke' ? how === 'created' : outcome === 'adopted'),
          };
        }),
      );
    },
    async moveKey(keyId, wish, was, note) {
      const { groupId, validUntil } = wish;
      await gate.admit(was === null || validUntil < was ? 'revoke' : 'grant', note);
      const write = {
        what: 'move',
        groupId,
        before: { keyId, validUntil: was },
        after: { validUntil },
      } as const;
      return recorder.write(note, write, () =>
        granting(wish, async () => {
          const { key, how, was: handUntil } = await moveKey(kisi, keyId, wish);
          return {
            result: { outcome: how, keyId: key.id, validUntil: key.validUntil, was: handUntil },
            done: true,
            after: { keyId: key.id, validUntil: key.validUntil },
            answer: `${how} key ${key.id}`,
            shows: () => false,
          };
        }),
      );
    },
    async giveBackKey(keyId, wish, was, note) {
      await gate.admit('revoke', note);
      const { groupId, validUntil } = wish;
      const before = { keyId, validUntil: was };
      await recorder.write(note, { what: 'giveBack', groupId, before, after: { validUntil } }, async () => {
        await giveBackKey(kisi, keyId, wish);
        return {
          result: undefined,
          done: true,
          after: { validUntil },
          answer: 'given back',
          shows: () => false,
        };
      });
    },
    async removeKey(key, note) {
      await gate.admit('revoke', note);
      const { keyId, groupId, validUntil } = key;
      await recorder.write(
        note,
        { what: 'revoke', groupId, before: { keyId, validUntil }, after: null },
        async (again) => {
          const answer = await removeKey(kisi, key);
          const wasThere = answer === 'deleted';
          return {
            result: undefined,
            // Gone at a further try: it was taken away by the one before.
            done: wasThere || again,
            after: null,
            answer: wasThere ? 'deleted' : 'already gone',
            shows: ({ what }) => (what === 'revoke') !== wasThere,
          };
        },
      );
    },
    async inspectKeys(userId) {
      await gate.admit('read', nowhere);
      const keys = await kisi.listKeysOf({ userId });
      if (keys.length === 0 && (await kisi.getUser(userId)) === null) return null;
      return keys
        .filter((key) => key.roleId === 'group_basic')
        .map(({ id, groupId, validUntil }) => ({ keyId: id, groupId, validUntil }));
    },
  });
}
