import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isKisiError, malformed, type KisiCall, type KisiError } from '../kisi/errors.js';
import { createSend, parse, type KisiClientOptions, type KisiRequest, type Send } from '../kisi/http.js';
import { readAll } from '../kisi/lists.js';
import { idOf, idsOf, row, type Row } from './finding.js';
import type { KisiLook } from './kisi-look.js';
import { patiently, usualPauseMs } from './patience.js';
import type { Made, MadeKey, MadeUser, WriteJournal } from './write-journal.js';

/** What came of making something: it is there, or Kisi refused it. */
export type Outcome = { id: number; row: Row; made: Made; refusal: null } | { refusal: KisiError };

export interface MakerOptions {
  kisi: KisiClientOptions;
  look: KisiLook;
  journal: WriteJournal;
  /** How long a request without an answer may still take effect, and how long lists may lag behind. Default a minute. */
  settleMs?: number;
  pauseMs?: number;
  /** Once it is aborted nothing more is made. What is there can still be removed. */
  signal?: AbortSignal;
}

interface NewUser {
  email: string;
  /** `mark` must be in it. */
  name: (mark: string) => string;
  /** Left out: Kisi's own default. */
  sendEmails?: boolean;
}

interface NewKey {
  /** Left out: Kisi's own default. */
  notify?: boolean;
  validFrom?: number;
  validUntil: number;
}

const mostTries = 4;
/** With these errors Kisi surely made nothing. */
const noes = ['throttled', 'conflict', 'blocked', 'invalid', 'refused', 'notFound', 'tooLong'] as const;

const listed = z.looseObject({ id: z.int(), name: z.string().nullish(), notes: z.string().nullish() });

/** Makes users and keys in Kisi and removes them: only those that its journal names, which is written before each is made. */
export class Maker {
  readonly settleMs: number;
  private readonly send: Send;
  private readonly pauseMs: number;
  private users = 0;
  private readonly markOfRun = randomBytes(4).toString('hex');

  constructor(private readonly options: MakerOptions) {
    this.send = createSend({ ...options.kisi, throttleRetries: 3 });
    this.settleMs = options.settleMs ?? 60_000;
    this.pauseMs = options.pauseMs ?? usualPauseMs;
  }

  /** Throws KisiError where it is not known whether the user was made, WriteRefused, DatabaseError. */
  user({ email, name, sendEmails }: NewUser): Promise<Outcome> {
    const mark = `${this.markOfRun}${String(++this.users).padStart(2, '0')}`;
    const user = {
      email,
      ...{ name: name(mark), notes: `Made by latchkey verify ${mark}`, confirm: true, access_enabled: true },
      ...(sendEmails === undefined ? {} : { send_emails: sendEmails }),
    };
    const request = { method: 'POST', path: '/users', body: { user } } as const;
    return this.make({ kind: 'user', at: Date.now(), mark, id: null }, request, email);
  }

  /** A key to the group. Throws as `user`. */
  key(userId: number, { notify, validFrom, validUntil }: NewKey): Promise<Outcome> {
    const key = {
      ...{ applies_to_type: 'Group', applies_to_id: this.options.journal.groupId },
      ...{ assignee_type: 'User', assignee_id: userId, role_id: 'group_basic' },
      valid_until: new Date(validUntil).toISOString(),
      ...(validFrom === undefined ? {} : { valid_from: new Date(validFrom).toISOString() }),
      ...(notify === undefined ? {} : { notify }),
    };
    const request = { method: 'POST', path: '/role_assignments', body: { role_assignment: key } } as const;
    return this.make({ kind: 'key', at: Date.now(), userId, id: null }, request);
  }

  /**
   * Moves the end of a key that was made here. Answers the error by which Kisi refuses that; null: it is done. Throws
   * KisiError.
   */
  async moveEnd(id: number, validUntil: number, notify: boolean): Promise<KisiError | null> {
    this.options.signal?.throwIfAborted();
    const body = {
      role_assignment: { role_id: 'group_basic', valid_until: new Date(validUntil).toISOString(), notify },
    };
    const request = { method: 'PATCH', path: '/role_assignments/{id}', id, body } as const;
    try {
      await patiently(this.pauseMs, () => this.send(request, undefined));
      return null;
    } catch (error) {
      if (isKisiError(error, 'invalid', 'conflict', 'notFound', 'refused')) return error;
      throw error;
    }
  }

  /** Takes something away that was made here, and looks whether it is gone. Throws KisiError, DatabaseError. */
  async remove(made: Made): Promise<void> {
    const { id } = made;
    if (id !== null) await this.erase(made.kind === 'user' ? '/users/{id}' : '/role_assignments/{id}', id);
    await this.options.journal.remove(made);
  }

  /** The status with which Kisi answers the deletion of a key that is gone; null: as if it had been there. Throws KisiError. */
  async deleteAgain(id: number): Promise<number | null> {
    try {
      await patiently(this.pauseMs, () =>
        this.send({ method: 'DELETE', path: '/role_assignments/{id}', id }, undefined),
      );
      return null;
    } catch (error) {
      if (isKisiError(error, 'notFound', 'conflict', 'invalid') && error.status !== null) return error.status;
      throw error;
    }
  }

  /** Whether Kisi shows a user or a key by its id. Throws KisiError. */
  async isThere(path: '/users/{id}' | '/role_assignments/{id}', id: number): Promise<boolean> {
    try {
      await this.options.look.record(path, id);
      return true;
    } catch (error) {
      if (isKisiError(error, 'notFound')) return false;
      throw error;
    }
  }

  /** All rights that lists show of a user. Throws KisiError. */
  async rightsOf(userId: number): Promise<Row[]> {
    const query = { assignee_type: 'User', assignee_id: userId, limit: 250 };
    const { rows } = await this.options.look.page('/role_assignments', query);
    return rows.filter((one) => (one['assignee_id'] ?? one['user_id']) === userId);
  }

  /**
   * Something that may have been made though no answer came; null: it was not. Lists may show it late, so it is looked for until
   * it would have settled. Throws KisiError.
   */
  async lost(made: Made, email?: string): Promise<Row | null> {
    for (;;) {
      const isLastLook = Date.now() >= made.at + this.settleMs;
      const found =
        made.kind === 'key' ? await this.lostKey(made) : await this.lostUser(made, isLastLook, email);
      if (found !== null || isLastLook) return found;
      await sleep(Math.min(1_000, this.settleMs / 10));
    }
  }

  private async make(made: Made, request: KisiRequest, email?: string): Promise<Outcome> {
    const { journal, signal } = this.options;
    signal?.throwIfAborted();
    await journal.add(made);
    let isUnsure = false;
    for (let tries = 1; ; tries++) {
      try {
        const answer = parse(request, row, (await this.send(request, undefined)).body);
        const id = idOf(answer, 'id');
        if (id === null) throw malformed(request, 'the record that was made has no id');
        await journal.note(made, id);
        return { id, row: answer, made, refusal: null };
      } catch (error) {
        if (!isKisiError(error)) throw error;
        const isNo = error.isUnsent || isKisiError(error, ...noes);
        const isFinal = isNo && !error.isUnsent && error.kind !== 'throttled';
        if (isFinal && !isUnsure) {
          await journal.remove(made);
          return { refusal: error };
        }
        isUnsure ||= !isNo;
        const found = isUnsure ? await this.lost(made, email) : null;
        const id = found === null ? null : idOf(found, 'id');
        if (found !== null && id !== null) {
          await journal.note(made, id);
          return { id, row: found, made, refusal: null };
        }
        if (isFinal || tries === mostTries) throw error;
        await sleep(this.pauseMs * tries);
        signal?.throwIfAborted();
        await journal.note(made, null);
      }
    }
  }

  /** Looks for a user by the mark, in whatever way Kisi finds it; in the last look among all users. */
  private async lostUser({ mark }: MadeUser, isLastLook: boolean, email?: string): Promise<Row | null> {
    const { look } = this.options;
    const hasMark = ({ name, notes }: Row): boolean =>
      [name, notes].some((text) => typeof text === 'string' && text.includes(mark));
    const queries = [{ query: mark }, ...(email === undefined ? [] : [{ email }])];
    for (const query of queries) {
      const found = (await look.page('/users', { ...query, limit: 100 })).rows.find(hasMark);
      if (found !== undefined) return found;
    }
    if (!isLastLook) return null;
    const all = await patiently(this.pauseMs, () => readAll(this.send, 'users', listed, {}));
    return all.find(hasMark) ?? null;
  }

  /** The user was made here, so a key to the group that is not known must be the one. */
  private async lostKey({ userId }: MadeKey): Promise<Row | null> {
    const { made, groupId } = this.options.journal;
    const known = made.map(({ id }) => id);
    const rights = (await this.rightsOf(userId)).filter(
      (one) => (one['applies_to_id'] ?? one['group_id']) === groupId,
    );
    for (const id of idsOf(rights, 'id')) {
      if (!known.includes(id) && (await this.isThere('/role_assignments/{id}', id)))
        return rights.find((one) => one['id'] === id) ?? null;
    }
    return null;
  }

  private async erase(path: '/users/{id}' | '/role_assignments/{id}', id: number): Promise<void> {
    const call: KisiCall = { method: 'DELETE', path };
    await patiently(this.pauseMs, async () => {
      try {
        await this.send({ ...call, id }, undefined);
      } catch (error) {
        if (!isKisiError(error, 'notFound')) throw error;
      }
      if (await this.isThere(path, id)) throw malformed(call, 'it is still there after it was deleted');
    });
  }
}
