import { NexudusError } from './errors.js';
import { envelope, pageSize } from './lists.js';
import type { CollectionName, Records } from './records.js';
import { filterIgnored, incomplete, parsed, soundRows } from './rows.js';
import { collections } from './schemas.js';
import type { Transport } from './transport.js';

/** How many records Nexudus gives by their ids in a request. */
export const batchSize = 100;

/** Records by many ids, for the client (client.ts says what it does). */
export class Batches {
  /** The reference writes the address with a slash at its end; servers differ on whether that matters. */
  private hasSlash = true;

  constructor(private readonly transport: Transport) {}

  async read<N extends CollectionName>(name: N, ids: readonly number[]): Promise<Map<number, Records[N]>> {
    const wanted = [...new Set(ids)];
    const found = new Map<number, Records[N]>();
    for (let start = 0; start < wanted.length; start += batchSize) {
      const chunk = wanted.slice(start, start + batchSize);
      for (const record of await this.readOne(name, chunk)) {
        if (!chunk.includes(record.id)) throw filterIgnored(collections[name].path, 'id');
        found.set(record.id, record);
      }
    }
    return found;
  }

  /** What Nexudus answers to up to `batchSize` ids, as it came. Throws NexudusError. */
  ask(name: CollectionName, ids: readonly number[]): Promise<unknown> {
    // The size is for the older form of the answer, an envelope, which would stop after 25 rows.
    return this.get(collections[name].path, { id: `[${ids.join(',')}]`, size: String(pageSize) });
  }

  private async readOne<N extends CollectionName>(name: N, ids: readonly number[]): Promise<Records[N][]> {
    const { path } = collections[name];
    const body = await this.ask(name, ids);
    if (Array.isArray(body)) return soundRows(name, body);
    const { Records: rows, TotalItems: total } = parsed(envelope, body, path);
    if (rows.length !== total) throw incomplete(path, rows.length, total);
    return soundRows(name, rows);
  }

  private async get(path: string, query: Record<string, string>): Promise<unknown> {
    if (!this.hasSlash) return this.transport.getBody(path, query);
    const ask = { path: `${path}/`, template: path, query };
    const answer = await this.transport.get(ask).catch(forgive404);
    if (answer !== null && answer.status !== 404) return answer.body;
    const body = await this.transport.getBody(path, query);
    this.hasSlash = false;
    return body;
  }
}

/** Null for any 404, whatever its text; throws any other error. */
function forgive404(error: unknown): null {
  if (error instanceof NexudusError && error.status === 404) return null;
  throw error;
}
