/** Who is signed in to Kisi, and with what: API keys and phones. */
import { randomUUID } from 'node:crypto';

/** A login, with Kisi's field names; instants are ISO 8601 texts in UTC. Its secret is shown once, when it is made. */
export interface KisiLogin {
  id: number;
  user_id: number;
  type: 'api' | 'device';
  name: string | null;
  primary: boolean;
  /** False: it lasts, even where nobody uses it for six months. */
  expire: boolean;
  created_at: string;
  updated_at: string;
  last_used_at: string | null;
  device_brand: string | null;
  device_model: string | null;
  os_name: string | null;
}

type Chosen = Partial<Pick<KisiLogin, 'name' | 'expire' | 'created_at' | 'last_used_at'>>;

/** All logins of an organization. */
export class KisiLoginBook {
  readonly #logins = new Map<string, KisiLogin>();
  #nextId = 800_001;

  /** `now`: epoch ms. */
  constructor(private readonly now: () => number) {}

  /** The logins of one person, the oldest first. */
  of(userId: number): KisiLogin[] {
    return [...this.#logins.values()].filter(({ user_id }) => user_id === userId);
  }

  /** Makes an API key, which does not expire unless `chosen` says so. */
  addApiKey(userId: number, secret: string = randomUUID(), chosen: Chosen = {}): KisiLogin {
    const about = { name: 'Latchkey', device_brand: null, device_model: null, os_name: null };
    return this.#add(secret, { user_id: userId, type: 'api', expire: false, ...about, ...chosen });
  }

  /** A person signs in to the app on a phone. Returns the secret of the login. */
  addDevice(userId: number): string {
    const secret = randomUUID();
    const phone = { device_brand: 'Apple', device_model: 'iPhone 15', os_name: 'iOS' };
    this.#add(secret, { user_id: userId, type: 'device', name: null, expire: true, ...phone });
    return secret;
  }

  /** The login with a secret, which is used now; undefined: there is none. */
  use(secret: string): KisiLogin | undefined {
    const login = this.#logins.get(secret);
    if (login !== undefined) login.last_used_at = this.#timestamp();
    return login;
  }

  removeAllOf(userId: number): void {
    for (const [secret, { user_id }] of this.#logins) if (user_id === userId) this.#logins.delete(secret);
  }

  #add(
    secret: string,
    login: Chosen & Omit<KisiLogin, 'id' | 'primary' | keyof Chosen | 'updated_at'>,
  ): KisiLogin {
    const at = this.#timestamp();
    const made = {
      ...{ id: this.#nextId++, primary: false, name: null, expire: true },
      ...{ created_at: at, updated_at: at, last_used_at: null },
      ...login,
    };
    this.#logins.set(secret, made);
    return made;
  }

  #timestamp(): string {
    return new Date(this.now()).toISOString();
  }
}
