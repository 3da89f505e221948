import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { JsonValue } from '../access/json.js';
import type { Instant } from '../access/types.js';
import { tried } from './errors.js';
import type { Tables } from './tables.js';

/** A webhook that came in, and when. */
export interface SeenRow {
  at: Instant;
  value: JsonValue;
}

/** The most webhooks that `since` answers, the newest ones. */
const mostRows = 5_000;
const unread = 'What is known of webhooks could not be read';
const unwritten = 'What is known of webhooks could not be written';

/** Which webhooks came in lately, whichever process took them. Every promise rejects with a DatabaseError. */
export class WebhooksSeen {
  constructor(private readonly db: Kysely<Tables>) {}

  /** Those that came in since then, the oldest first. */
  since(at: Instant): Promise<SeenRow[]> {
    return tried(unread, async () => {
      const rows = await this.db
        .selectFrom('webhook_seen')
        .select(['at', 'seen_json'])
        .where('at', '>=', at)
        .orderBy('at', 'desc')
        .limit(mostRows)
        .execute();
      return rows.reverse().map((row) => ({ at: row.at, value: JSON.parse(row.seen_json) as JsonValue }));
    });
  }

  add(rows: readonly SeenRow[]): Promise<void> {
    return tried(unwritten, async () => {
      const values = rows.map(({ at, value }) => ({
        id: randomUUID(),
        at,
        seen_json: JSON.stringify(value),
      }));
      await this.db.insertInto('webhook_seen').values(values).execute();
    });
  }

  /** Takes out what came in before then. */
  prune(before: Instant): Promise<void> {
    return tried(unwritten, async () => {
      await this.db.deleteFrom('webhook_seen').where('at', '<', before).execute();
    });
  }
}
