import { randomBytes } from 'node:crypto';
import type { Exception, Rules } from '../access/types.js';
import { normalEmail } from '../lib/emails.js';
import { version } from '../lib/version.js';
import { TapeError } from './file.js';
import { format, type Header, type Tape, type Taped } from './format.js';
import type { Exchange } from './recorder.js';
import { Replacements, type Known } from './replacements.js';
import { scrubStanding, type TapedStanding } from './standing.js';
import { answerOf, isEmailQuery, parsedJson, scrubHeaders, scrubPath, scrubQuery, sentOf } from './scrub.js';

/** All that was listened in on, as it was. */
export interface Recording {
  header: Omit<Header, 'format' | 'release' | 'machine'>;
  /** Null: Latchkey itself was not asked. */
  standing: TapedStanding | null;
  /** How an e-mail is digested in the space, and how on a tape. */
  digests: { was: (email: string) => string; is: (email: string) => string };
  exchanges: readonly Exchange[];
  leftOut: number;
}

/** A tape of a recording, without secrets and personal data. `key`: for the tests; else drawn, and forgotten. */
export function tapeOf(recording: Recording, key: Buffer = randomBytes(32)): Tape {
  const { header, standing, exchanges, leftOut } = recording;
  const { known, emails } = peopleIn(exchanges, header.exceptions ?? []);
  const to = new Replacements(key, known);
  const { ground, zoned, exceptions } = header;
  return {
    header: {
      ...{ format, release: version(), machine: machine(header.now) },
      ...header,
      ground: ground && { ...ground, rules: scrubRules(ground.rules, to) },
      zoned: zoned && zoned.map((one) => (typeof one === 'string' ? to.thing(one) : one)),
      exceptions: exceptions?.map((one) => scrubException(one, to)) ?? null,
    },
    standing: standing && scrubStanding(standing, to, digesting(recording.digests, emails, to)),
    exchanges: exchanges.map((exchange) => tapedOf(exchange, emails, to)),
    end: { exchanges: exchanges.length, leftOut },
  };
}

/**
 * Looks over what is about to be written, in case something slipped through. Throws TapeError where one of these secrets, or an
 * e-mail that is no replacement, stands in it.
 */
export function refuseLeaks(lines: string, secrets: readonly string[]): void {
  const plain = lines.toLowerCase();
  const isSecret = secrets.some((secret) => secret.length >= 6 && plain.includes(secret.toLowerCase()));
  const isEmail = /@(?!(?:tape|latchkey)\.invali)[\w\u0301-]+\.[a-z]/i.test(plain);
  if (!isSecret && !isEmail) return;
  throw new TapeError(
    `the tape was not written, since ${isSecret ? 'a secret' : 'an e-mail'} would have been in it: this is a defect of Latchkey, please report it`,
  );
}

function tapedOf(exchange: Exchange, emails: ReadonlySet<string>, to: Replacements): Taped {
  const { api, by, at, durationMs, status, failure } = exchange;
  return {
    ...{ api, by, at, durationMs, method: methodOf(exchange.method), status, failure },
    path: scrubPath(exchange.path, to),
    query: scrubQuery(exchange.query, to, (email) =>
      api === 'kisi' && by === 'verify' ? changedEmail(email, emails, to) : to.email(email),
    ),
    sent: sentOf(exchange, to),
    headers: scrubHeaders(exchange.headers),
    answer: answerOf(exchange, to),
  };
}

const changes: readonly ((email: string) => string)[] = [
  (email) => email,
  (email) => email.slice(1),
  (email) => email.slice(0, -1),
  (email) => email.toUpperCase(),
];

/**
 * What stands for an e-mail that `latchkey verify` made of a known one: the replacement of that one, changed in the same way.
 */
function changedEmail(asked: string, emails: ReadonlySet<string>, to: Replacements): string {
  for (const change of changes)
    for (const email of emails) if (change(email) === asked) return change(to.email(email));
  return to.email(asked);
}

function methodOf(method: string): Taped['method'] {
  return (['POST', 'PUT', 'PATCH', 'DELETE'] as const).find((one) => one === method) ?? 'GET';
}

/** Ids and choices stay. Only the words that say why something is not there hold names from the file. */
function scrubRules(rules: Rules, to: Replacements): Rules {
  if (rules.unresolved === undefined) return rules;
  return {
    ...rules,
    unresolved: rules.unresolved.map((one) => ({ ...one, why: to.withoutPeople(one.why) })),
  };
}

function scrubException(exception: Exception, to: Replacements): Exception {
  const { id, kind, memberId, groupId, from, until, by, reason } = exception;
  return { id, kind, memberId, groupId, from, until, by: to.name(by), reason: to.text(reason) };
}

function machine(now: number): Header['machine'] {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return { zone: timeZone, minutesAheadOfUtc: -new Date(now).getTimezoneOffset() || 0 };
}

/** The digest that takes the place of an e-mail’s digest. Where the e-mail is not known, a digest that is nobody’s. */
function digesting(
  { was, is }: Recording['digests'],
  emails: ReadonlySet<string>,
  to: Replacements,
): (digest: string) => string {
  const known = new Map([...emails].map((email) => [was(email), is(to.email(email))]));
  return (digest) => known.get(digest) ?? is(to.text(digest));
}

/** Everybody who is named anywhere in a recording, also in fields that are not on the tape. */
interface People {
  known: Known;
  /** Each as it is compared. */
  emails: ReadonlySet<string>;
}

function peopleIn(exchanges: readonly Exchange[], exceptions: readonly Exception[]): People {
  const people = new Set(exceptions.map(({ by }) => by));
  const companies = new Set<string>();
  const askedEmails = new Set<string>();
  const emails = new Set<string>();
  for (const { api, path, query, body, sent } of exchanges) {
    for (const [name, value] of query) if (isEmailQuery(name)) askedEmails.add(value);
    const isPeople = api === 'kisi' && /^\/users?(\/|$)/.test(path);
    for (const text of [body, sent])
      collect(parsedJson(text), isPeople, { names: people, companies, emails });
    if (path.startsWith('/spaces/teams'))
      collect(parsedJson(body), true, { names: companies, companies, emails });
  }
  return { known: { people, companies, askedEmails }, emails };
}

/** `isPeople`: the records are of people, so that a field `name` is the name of a person. */
function collect(
  value: unknown,
  isPeople: boolean,
  into: { names: Set<string>; companies: Set<string>; emails: Set<string> },
): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [field, one] of Object.entries(value)) {
    const isList = Array.isArray(value) || field === 'Records';
    if (typeof one !== 'string') collect(one, field === 'user' || (isPeople && isList), into);
    else if (/^email$/i.test(field)) into.emails.add(normalEmail(one));
    else if (field === 'CompanyName') into.companies.add(one);
    else if (/FullName$/.test(field) || (isPeople && /^name$/i.test(field))) into.names.add(one);
  }
}
