/** Signing in by OpenID Connect, at Google, Microsoft, Keycloak and others. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as openId from 'openid-client';
import type { OpenIdConfig } from '../../config/desk.js';
import type { Claims } from './claims.js';
import { secretFor } from './tokens.js';

/** How long one answer of the service may take. */
const answerWithinSeconds = 4;
/** The pause before each try to ask the service: after the last try it counts as down. */
const pausesMs = [0, 300, 1_000];
/**
 * How far the clock of the service may differ. Its answers come from it directly, so an old one is no copy that somebody kept.
 */
const clockToleranceSeconds = 10 * 60;

/** Why nobody could be signed in. Its message is for the log: it holds nothing that the service said of a person. */
export class OpenIdError extends Error {
  override readonly name = 'OpenIdError';
  constructor(
    /** `down`: the service does not answer; `refused`: the person, or the service, said no; `broken`: the answer is no good. */
    readonly kind: 'down' | 'refused' | 'broken',
    message: string,
  ) {
    super(message);
  }
}

/**
 * The sign-in service. Its description of itself and its keys are read anew for each sign-in, so that changed keys are never
 * missed. What ties an answer to the browser that asked is worked out from a secret in a cookie of that browser, and kept
 * nowhere.
 */
export class OpenIdService {
  /** `redirectUri`: where it sends people back to. */
  constructor(
    private readonly config: OpenIdConfig,
    private readonly redirectUri: string,
  ) {}

  /** The service as people know it. */
  get host(): string {
    return new URL(this.config.issuer).host;
  }

  /** Where the browser with this secret signs in. Throws OpenIdError. */
  async start(visit: string): Promise<URL> {
    const known = await this.discover(openId.None());
    return openId.buildAuthorizationUrl(known, {
      redirect_uri: this.redirectUri,
      scope: 'openid email profile',
      state: secretFor('state', visit),
      nonce: secretFor('nonce', visit),
      code_challenge: await openId.calculatePKCECodeChallenge(secretFor('verifier', visit)),
      code_challenge_method: 'S256',
    });
  }

  /** The claims about the person who came back from the service, by the query of the address. Throws OpenIdError. */
  async finish(visit: string, query: string): Promise<Claims> {
    const { clientSecret } = this.config;
    try {
      return await this.finishAs(openId.ClientSecretBasic(clientSecret), visit, query);
    } catch (error) {
      if (!(error instanceof openId.ResponseBodyError) || error.error !== 'invalid_client')
        throw openIdError(error);
    }
    // Some services want the secret in the body. The code is good still: it is looked at after the secret.
    try {
      return await this.finishAs(openId.ClientSecretPost(clientSecret), visit, query);
    } catch (error) {
      throw openIdError(error);
    }
  }

  private async finishAs(auth: openId.ClientAuth, visit: string, query: string): Promise<Claims> {
    const known = await this.discover(auth);
    const answer = await openId.authorizationCodeGrant(known, new URL(`${this.redirectUri}?${query}`), {
      pkceCodeVerifier: secretFor('verifier', visit),
      expectedState: secretFor('state', visit),
      expectedNonce: secretFor('nonce', visit),
      idTokenExpected: true,
    });
    const said = answer.claims();
    if (said === undefined) throw new OpenIdError('broken', 'the sign-in service sent no ID token');
    const hasMore = known.serverMetadata().userinfo_endpoint !== undefined;
    const more = hasMore ? await openId.fetchUserInfo(known, answer.access_token, said.sub) : {};
    return { ...more, ...said };
  }

  private async discover(auth: openId.ClientAuth): Promise<openId.Configuration> {
    const { issuer, clientId } = this.config;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- The configuration has http only to this machine, or by LATCHKEY_ALLOW_HTTP.
    const ofHttp = issuer.startsWith('http:') ? [openId.allowInsecureRequests] : [];
    for (const [tries, pauseMs] of pausesMs.entries()) {
      await sleep(pauseMs);
      try {
        return await openId.discovery(
          new URL(issuer),
          clientId,
          { [openId.clockTolerance]: clockToleranceSeconds },
          auth,
          { timeout: answerWithinSeconds, execute: [openId.enableNonRepudiationChecks, ...ofHttp] },
        );
      } catch (error) {
        if (tries === pausesMs.length - 1) throw openIdError(error);
      }
    }
    throw new OpenIdError('down', 'the sign-in service was not asked');
  }
}

/** Any error of a sign-in, without what the service wrote: that may hold who the person is. */
function openIdError(error: unknown): OpenIdError {
  if (error instanceof OpenIdError) return error;
  if (error instanceof openId.AuthorizationResponseError)
    return new OpenIdError('refused', `the sign-in service refused it: ${word(error.error)}`);
  if (error instanceof openId.ResponseBodyError) {
    const isItsFault = error.status >= 500;
    return new OpenIdError(
      isItsFault ? 'down' : 'broken',
      `the sign-in service answered ${word(error.error)}`,
    );
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof TypeError || downCodes.has(code))
    return new OpenIdError('down', `the sign-in service cannot be reached ${word(code)}`.trim());
  return new OpenIdError('broken', `the answer of the sign-in service is no good: ${word(code)}`);
}

/** The codes of openid-client where no answer came, or where something before the service answered. */
const downCodes = new Set(['OAUTH_TIMEOUT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON']);

/** An error's own word, such as `access_denied`, and nothing that anybody may have written instead. */
function word(text: string): string {
  return /^[\w.-]{1,60}$/.test(text) ? text : '';
}
