/** Logins of the simulated Nexudus: tokens, refresh tokens, Basic and Bearer. */
import { randomBytes } from 'node:crypto';
import type { Answer } from './nexudus-writes.js';

const accessLifeS = 604_799;
const refreshLifeMs = 15 * 24 * 60 * 60 * 1000;

/** The login of the one user, and the tokens given out. */
export class NexudusAuth {
  readonly #access = new Map<string, number>();
  /** One live refresh token for each client id. */
  readonly #refresh = new Map<string, { token: string; expiresAtMs: number }>();

  constructor(
    private readonly login: { email: string; password: string },
    private readonly now: () => number,
  ) {}

  /** Answers `POST /token`. `form` is null when the body was not form-encoded. */
  grant(form: URLSearchParams | null, clientId: string | undefined): Answer {
    const client = clientId ?? this.login.email;
    switch (form?.get('grant_type')) {
      case 'password':
        if (form.get('username') === this.login.email && form.get('password') === this.login.password)
          return this.#tokens(client);
        return refused('invalid_grant', 'The user name or password is incorrect.');
      case 'refresh_token': {
        const live = this.#refresh.get(client);
        const fits = live?.token === form.get('refresh_token') && live.expiresAtMs > this.now();
        return fits ? this.#tokens(client) : refused('invalid_grant');
      }
      default:
        return refused('unsupported_grant_type');
    }
  }

  /** Whether an `Authorization` header names the user, by Basic or by a live access token. */
  accepts(header: string | undefined): boolean {
    const [scheme = '', value = ''] = (header ?? '').split(' ');
    if (scheme.toLowerCase() === 'bearer') return (this.#access.get(value) ?? 0) > this.now();
    if (scheme.toLowerCase() !== 'basic') return false;
    return Buffer.from(value, 'base64').toString('utf8') === `${this.login.email}:${this.login.password}`;
  }

  /** The user takes another password, which ends all tokens. */
  changePassword(password: string): void {
    this.login.password = password;
    this.revokeTokens();
  }

  /** Ends all access and refresh tokens at once. */
  revokeTokens(): void {
    this.#access.clear();
    this.#refresh.clear();
  }

  #tokens(client: string): Answer {
    const access = randomBytes(24).toString('base64url');
    const token = randomBytes(24).toString('base64url');
    this.#access.set(access, this.now() + accessLifeS * 1000);
    this.#refresh.set(client, { token, expiresAtMs: this.now() + refreshLifeMs });
    const body = {
      access_token: access,
      token_type: 'bearer',
      expires_in: accessLifeS,
      refresh_token: token,
    };
    return { status: 200, body };
  }
}

function refused(error: string, description?: string): Answer {
  return { status: 400, body: description ? { error, error_description: description } : { error } };
}
