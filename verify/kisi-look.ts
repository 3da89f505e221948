import { z } from 'zod';
import type { Instant } from '../access/types.js';
import { isKisiError } from '../kisi/errors.js';
import { createSend, parse, type KisiClientOptions, type Query, type Send } from '../kisi/http.js';
import { pageSizes, type ListName } from '../kisi/lists.js';
import { row, type Row } from './finding.js';
import { patiently, usualPauseMs } from './patience.js';
import { SaidDates, type TimesOf } from './said-dates.js';

/** A page of a list as it came. */
export interface KisiPage {
  rows: Row[];
  /** The header with the range, such as `0-9/200`; null: there is none. */
  range: string | null;
  /** How many there are in all; null: not said. */
  total: number | null;
}

/** The most pages that are read of each list: the questions are about a kind of record, and not about each one. */
const mostPages: Readonly<Record<ListName, number>> = { users: 1, groups: 4, role_assignments: 4 };
const orders: Readonly<Record<ListName, string>> = {
  users: 'name',
  groups: 'name',
  role_assignments: 'user.name',
};

/** Kisi as `verify` asks it: by GET only, each record as it comes, unparsed. */
export class KisiLook {
  readonly dates: SaidDates;
  requests = 0;
  throttles = 0;
  /** Those of the refusals that said how long to wait. */
  throttlesWithWait = 0;
  private readonly send: Send;
  private readonly samples = new Map<ListName, Promise<{ rows: Row[]; total: number | null }>>();

  /** Throws a TypeError when the base URL or the API key cannot be right. */
  constructor(
    options: KisiClientOptions,
    private readonly pauseMs = usualPauseMs,
    timesOf?: TimesOf,
    /** What time it is. */
    readonly now: () => Instant = Date.now,
  ) {
    this.dates = new SaidDates(timesOf);
    const send = createSend({
      ...options,
      noteDate: (date, startedMs) => {
        this.dates.note(date, startedMs);
      },
      onRequest: () => {
        this.requests++;
      },
    });
    this.send = async (request, signal) => {
      try {
        return await send(request, signal);
      } catch (error) {
        this.noteThrottle(error);
        throw error;
      }
    };
  }

  /** One record. Throws KisiError. */
  record(
    path: '/user' | '/users/{id}' | '/groups/{id}' | '/role_assignments/{id}',
    id?: number,
  ): Promise<Row> {
    return patiently(this.pauseMs, async () => {
      const call = { method: 'GET', path, ...(id === undefined ? {} : { id }) } as const;
      return parse(call, row, (await this.send(call, undefined)).body);
    });
  }

  /** A page of a list. Throws KisiError. */
  page(path: `/${ListName}` | '/logins', query: Query): Promise<KisiPage> {
    return patiently(this.pauseMs, async () => {
      const call = { method: 'GET', path } as const;
      const { body, collectionRange } = await this.send({ ...call, query }, undefined);
      const total = /\/(\d+)\s*$/.exec(collectionRange ?? '')?.[1];
      return {
        rows: parse(call, z.array(row), body),
        range: collectionRange,
        total: total === undefined ? null : Number(total),
      };
    });
  }

  /** The first pages of a list; asked for once. Throws KisiError. */
  sample(list: ListName): Promise<{ rows: Row[]; total: number | null }> {
    const known = this.samples.get(list) ?? this.readSample(list);
    this.samples.set(list, known);
    return known;
  }

  private async readSample(list: ListName): Promise<{ rows: Row[]; total: number | null }> {
    const rows: Row[] = [];
    let total: number | null = null;
    for (let page = 0; page < mostPages[list]; page++) {
      const limit = pageSizes[list];
      const answer = await this.page(`/${list}`, { limit, offset: rows.length, sort: orders[list] });
      rows.push(...answer.rows);
      ({ total } = answer);
      if (answer.rows.length < limit) break;
    }
    return { rows, total };
  }

  private noteThrottle(error: unknown): void {
    if (!isKisiError(error, 'throttled')) return;
    this.throttles++;
    if (error.retryAfterMs !== null) this.throttlesWithWait++;
  }
}
