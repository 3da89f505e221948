/** Kisi's event webhook: tells of keys and users that were changed, by whomever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { headerOf, parsed, type Answer, type Headers } from './answers.js';
import { isSignedByKisi } from './signatures.js';

/** What happened to a key or a user. */
export interface KisiEvent {
  type: (typeof types)[number];
  /** Of the role assignment or the user; null: it does not say. */
  objectId: number | null;
}

export interface KisiDoorOptions {
  /** The key that signs the events. */
  key: string;
  /** Sees to what was told, all that came at about the same time. It must not reject. */
  judge: (events: readonly KisiEvent[]) => Promise<void>;
  /** How long what came together is gathered, and then left: a write of our own is noted as done only after it. */
  gatherMs?: number;
  waitMs?: number;
  /** Of how many events it is remembered that they came. */
  remembered?: number;
}

/** Where Kisi's events come in. */
export interface KisiDoor {
  take(body: Buffer, headers: Headers): Answer;
  /** Resolves when all that came is seen to. */
  drain(): Promise<void>;
}

/** A door for the events of one organization. */
export function createKisiDoor(options: KisiDoorOptions): KisiDoor {
  const { key, judge, gatherMs = 250, waitMs = 2_000, remembered = 10_000 } = options;
  const seen = new Set<string>();
  const judging = new Set<Promise<void>>();
  let gathering: KisiEvent[] | null = null;

  function isNew(uuid: string): boolean {
    if (seen.has(uuid)) return false;
    seen.add(uuid);
    const [oldest] = seen;
    if (seen.size > remembered && oldest !== undefined) seen.delete(oldest);
    return true;
  }

  function gather(event: KisiEvent): void {
    if (gathering !== null) {
      gathering.push(event);
      return;
    }
    const batch = [event];
    gathering = batch;
    const one = see(batch).finally(() => judging.delete(one));
    judging.add(one);
  }

  async function see(batch: readonly KisiEvent[]): Promise<void> {
    await sleep(gatherMs);
    gathering = null;
    await sleep(waitMs);
    await judge(batch);
  }

  return {
    take(body, headers) {
      const signature = headerOf(headers, 'x-signature');
      if (signature === null || !isSignedByKisi(body, signature, key)) return { outcome: 'forged' };
      const read = event.safeParse(parsed(body));
      if (!read.success) return { outcome: 'malformed' };
      const { uuid, type, object_id } = read.data;
      const known = types.find((one) => one === type);
      if (known === undefined) return { outcome: 'ignored' };
      if (!isNew(uuid)) return { outcome: 'repeated' };
      gather({ type: known, objectId: object_id });
      return { outcome: 'taken' };
    },
    async drain() {
      await Promise.all(judging);
    },
  };
}

const types = [
  'role_assignment.create',
  'role_assignment.update',
  'role_assignment.destroy',
  'user.create',
  'user.update',
  'user.destroy',
] as const;

const event = z.object({
  uuid: z.string().min(1).max(100),
  type: z.string(),
  object_id: z
    .int()
    .nullish()
    .transform((id) => id ?? null),
});
