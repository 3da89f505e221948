import { malformed } from './errors.js';
import { orNull, read, type KisiRequest, type Query, type Send } from './http.js';
import { pages, readAll } from './lists.js';
import { normalEmail } from '../lib/emails.js';
import { likeEmail, userRecord, type KisiUser } from './records.js';

/** Kisi's users, for the client (client.ts says what each method does). */
export class Users {
  constructor(private readonly send: Send) {}

  async findByEmail(email: string, how: 'filter' | 'search', signal?: AbortSignal): Promise<KisiUser | null> {
    const wanted = normalEmail(email);
    if (wanted === '') return null;
    const query: Query = how === 'filter' ? { email: wanted } : { query: wanted };
    for await (const { rows } of pages(this.send, 'users', userRecord, query, signal)) {
      const user = rows.find((row) => row.email === wanted);
      if (user) return user;
    }
    return null;
  }

  async findLike(email: string, signal?: AbortSignal): Promise<number[]> {
    const wanted = normalEmail(email);
    if (wanted === '') return [];
    const users = await readAll(this.send, 'users', userRecord, { query: wanted }, signal);
    const isLike = (user: KisiUser): boolean =>
      user.email !== wanted && likeEmail(user.email) === likeEmail(wanted);
    return users.filter(isLike).map(({ id }) => id);
  }

  async get(id: number, signal?: AbortSignal): Promise<KisiUser | null> {
    const request: KisiRequest = { method: 'GET', path: '/users/{id}', id };
    const user = await orNull(read(this.send, request, userRecord, signal));
    if (user !== null) return user;
    const listed = await readAll(this.send, 'users', userRecord, { ids: id }, signal);
    // Where the filter is not heeded, the list is of all users, and tells just as well.
    if (listed.some((row) => row.id === id))
      throw malformed(request, 'a 404 for a user that the list of users shows', 404);
    return null;
  }

  async create({ email, name }: { email: string; name: string }, signal?: AbortSignal): Promise<KisiUser> {
    const user = {
      email: normalEmail(email),
      ...(name === '' ? {} : { name }),
      send_emails: true,
      confirm: true,
      access_enabled: true,
    };
    return read(this.send, { method: 'POST', path: '/users', body: { user } }, userRecord, signal);
  }
}
