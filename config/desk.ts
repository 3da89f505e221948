/** Where the desk is served, and how people sign in to it. */
import { isLoopback } from '../lib/loopback.js';
import type { DeskPeople } from './rules-file.js';
import { valueOf, type Env, type Values } from './variables.js';

/** Where the desk is served, and who may use it. */
export interface DeskConfig {
  /** An address of this machine. */
  host: string;
  /** 0: any free one; null: not said, so that a worker serves none. */
  port: number | null;
  /** At which address browsers reach it, without a slash at its end. Null: not said, so that nobody signs in. */
  url: string | null;
  /** The address of the proxy in front of it whose word is taken for where a browser is; null: there is none. */
  trustedProxy: string | null;
  /** How long a session lasts while nobody opens a page, and at most. */
  idleLimitMs: number;
  sessionLimitMs: number;
  /** Null: people sign in by links only. */
  openId: OpenIdConfig | null;
  people: DeskPeople;
}

/** The sign-in service (OpenID Connect). */
export interface OpenIdConfig {
  issuer: string;
  clientId: string;
  /** A secret. */
  clientSecret: string;
  /** The claim that holds a person's roles; null: none does. */
  roleClaim: string | null;
}

const openIdSettings = [
  'LATCHKEY_OIDC_ISSUER',
  'LATCHKEY_OIDC_CLIENT_ID',
  'LATCHKEY_OIDC_CLIENT_SECRET',
] as const;

/** What the variables say of the desk, and the people of `latchkey.yaml`. */
export function deskOf(values: Values, people: DeskPeople): DeskConfig {
  return {
    host: values.LATCHKEY_DESK_HOST,
    port: values.LATCHKEY_DESK_PORT ?? null,
    url: values.LATCHKEY_DESK_URL ?? null,
    trustedProxy: values.LATCHKEY_DESK_TRUSTED_PROXY ?? null,
    idleLimitMs: values.LATCHKEY_DESK_IDLE_LIMIT,
    sessionLimitMs: values.LATCHKEY_DESK_SESSION_LIMIT,
    openId: openIdOf(values),
    people,
  };
}

function openIdOf(values: Values): OpenIdConfig | null {
  const {
    LATCHKEY_OIDC_ISSUER: issuer,
    LATCHKEY_OIDC_CLIENT_ID: clientId,
    LATCHKEY_OIDC_CLIENT_SECRET: clientSecret,
    LATCHKEY_OIDC_ROLE_CLAIM: roleClaim = null,
  } = values;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return null;
  return { issuer, clientId, clientSecret, roleClaim };
}

/** What is wrong with the settings of the desk as a whole, one line each. */
export function deskProblems(env: Env): string[] {
  const hasUrl = valueOf(env, 'LATCHKEY_DESK_URL') !== undefined;
  const unset = openIdSettings.filter((name) => valueOf(env, name) === undefined);
  const hasSome = unset.length < openIdSettings.length;
  return [
    ...(hasUrl ? [] : hostProblems(valueOf(env, 'LATCHKEY_DESK_HOST') ?? '127.0.0.1')),
    ...(hasSome && unset.length > 0
      ? [`${unset.join(', ')} must be set, as the others of ${openIdSettings.join(', ')} are`]
      : []),
    ...(hasSome && !hasUrl
      ? [
          'LATCHKEY_DESK_URL must be set, as LATCHKEY_OIDC_ISSUER is: the sign-in service sends people back there',
        ]
      : []),
  ];
}

/** What is wrong with an address at which a desk is served that asks nobody to sign in. */
export function hostProblems(host: string): string[] {
  if (isLoopback(host)) return [];
  return [
    'LATCHKEY_DESK_HOST lets other machines reach the desk, and nobody would have to sign in: set LATCHKEY_DESK_URL, and everybody must, or set it to 127.0.0.1',
  ];
}
