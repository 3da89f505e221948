/** `latchkey.yaml`: the mapping, the time zones and the policies, with the line of everything that is wrong. */
import { IANAZone } from 'luxon';
import { isMap, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import type { GuardLimits } from '../access/revocation-guard.js';
import { defaultDriftPolicy, type DriftPolicy } from '../access/drift.js';
import type { LatencyObjective } from '../access/latency.js';
import type { ApiUser } from '../access/ownership.js';
import type { Policies } from '../access/types.js';
import type { InvitationPolicy } from '../messages/to-invitations.js';
import type { WayToFindUsers } from '../kisi/directory.js';
import { normalEmail } from '../lib/emails.js';
import { roles, type Role } from '../lib/roles.js';
import { decidingPolicies, policiesSchema } from './policies.js';

/** A thing as the file names it: a number is an id, a text a name, still to be looked up. */
export type IdOrName = number | string;

/** What `latchkey.yaml` says, with the default policies where it is silent. */
export interface FileConfig {
  path: string;
  /** False: there is no such file, and nobody asked for one. */
  present: boolean;
  mapping: { location: IdOrName | null; passType: IdOrName; groups: IdOrName[] }[];
  /** IANA time zones for locations whose Nexudus zone is missing or wrong. */
  zones: { location: IdOrName; timeZone: string }[];
  policies: Policies;
  /** What is done about a difference between the ledgers and Kisi. */
  drift: DriftPolicy;
  /** How long the audit log keeps a record. */
  auditLogRetentionMs: number;
  /** For how long a plan that was applied can be undone. */
  undoWindowMs: number;
  /** For how long at most the front desk may allow a member a group outside the rules. */
  deskAllowMs: number;
  /** How many people may lose a key unforeseen within an hour. */
  guard: GuardLimits;
  findUsers: WayToFindUsers;
  /** Whether and how Kisi is had to mail an invitation again. */
  invitations: InvitationPolicy;
  apiUser: ApiUser;
  /** How soon keys are to be given and taken away. */
  latency: LatencyObjective;
}

/** Who may do what at the desk, by the e-mail or the subject that the sign-in service knows a person by. */
export type DeskPeople = Readonly<Record<string, Role>>;

/** What the file says, and one line for each problem ('latchkey.yaml:7: ...'). */
export interface RulesFile {
  file: FileConfig;
  /** Kept apart: it is personal, and no rule. */
  people: DeskPeople;
  problems: string[];
}

const idOrName = z.union([z.int().positive(), z.string().trim().min(1)], {
  error: 'must be an id (a whole number) or a name',
});
const one = (value: unknown): unknown => (value === undefined || Array.isArray(value) ? value : [value]);
const text = z.string({ error: 'must be a text' });
const schema = z.strictObject({
  mapping: z
    .array(
      z.strictObject({
        location: idOrName.nullable().default(null),
        passType: idOrName,
        groups: z.preprocess(
          one,
          z
            .array(idOrName, { error: 'must be a group or a list of groups' })
            .min(1, 'must name at least one group'),
        ),
      }),
      { error: 'must be a list' },
    )
    .default([]),
  locations: z
    .array(
      z.strictObject({
        location: idOrName,
        timeZone: text.refine(
          (name) => IANAZone.isValidZone(name),
          'must be an IANA time zone like Europe/Berlin',
        ),
      }),
      { error: 'must be a list' },
    )
    .default([]),
  policies: policiesSchema.prefault({}),
  desk: z
    .strictObject({
      people: z
        .record(z.string(), z.enum(roles, { error: `must be one of ${roles.join(', ')}` }), {
          error: 'must name people, each with a role',
        })
        .default({}),
    })
    .prefault({}),
});

/** A file that says nothing: no mapping, no zones, the default policies. */
export function emptyFile(path: string): FileConfig {
  return { ...configOf(path, schema.parse({})), present: false };
}

/** What the file says, and all problems at once. Throws nothing. */
export function readRulesFile(path: string, content: string): RulesFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(content, { lineCounter, prettyErrors: false });
  const broken = document.errors.map(
    (error) => `${path}:${lineCounter.linePos(error.pos[0]).line}: not YAML (${error.message})`,
  );
  if (broken.length > 0) return unread(path, broken);

  const plain = plainValue(document);
  if (plain === undefined) {
    return unread(path, [`${path}:1: an alias (*name) has no anchor; quote names that begin with *`]);
  }
  const parsed = schema.safeParse(plain);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => describe(issue, document, lineCounter, path));
    return unread(path, problems);
  }
  return { problems: [], file: configOf(path, parsed.data), people: peopleOf(parsed.data.desk.people) };
}

function unread(path: string, problems: string[]): RulesFile {
  return { file: emptyFile(path), people: {}, problems };
}

/** E-mails as they are compared. */
function peopleOf(written: DeskPeople): DeskPeople {
  return Object.fromEntries(Object.entries(written).map(([who, role]) => [normalEmail(who), role]));
}

function configOf(path: string, { mapping, locations, policies }: z.output<typeof schema>): FileConfig {
  return {
    path,
    present: true,
    mapping,
    zones: locations,
    policies: decidingPolicies(policies),
    drift: { ...defaultDriftPolicy, ...policies.drift },
    auditLogRetentionMs: policies.auditLogRetention,
    undoWindowMs: policies.undoWindow,
    deskAllowMs: policies.deskAllow,
    guard: { people: policies.guardPeople, share: policies.guardShare },
    findUsers: policies.findUsers,
    invitations: { reminders: policies.inviteReminders, mails: policies.inviteMails },
    apiUser: policies.apiUser,
    latency: { withinMs: policies.latencyObjective, share: policies.latencyShare },
  };
}

/** The document as plain data, an empty one as {}; undefined when an alias leads nowhere (or is a bomb). */
function plainValue(document: Document): unknown {
  try {
    return document.toJS() ?? {};
  } catch {
    return undefined;
  }
}

function describe(issue: z.core.$ZodIssue, document: Document, lines: LineCounter, file: string): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return `${file}:${lineOf(path, document, lines)}: ${dotted(path)} is not a known key`;
    });
  }
  const message = isAbsent(issue, document) ? 'must be set' : issue.message;
  return [`${file}:${lineOf(issue.path, document, lines)}: ${dotted(issue.path)} ${message}`];
}

function isAbsent(issue: z.core.$ZodIssue, document: Document): boolean {
  // A position in a list may be ours: `groups: 12` is read as [12].
  return typeof issue.path.at(-1) === 'string' && !document.hasIn(issue.path);
}

function dotted(path: PropertyKey[]): string {
  // What comes next is somebody's e-mail. The line tells which.
  const isOfPeople = path[0] === 'desk' && path[1] === 'people';
  const shown = isOfPeople ? path.slice(0, 2) : path;
  const joined = shown.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return joined === '' ? 'the file' : joined.replace(/^\./, '');
}

/** The line of the key that `path` ends in, or of the nearest part of it that is there. */
function lineOf(path: PropertyKey[], document: Document, lines: LineCounter): number {
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(path.slice(0, length), document);
    if (offset !== null) return lines.linePos(offset).line;
  }
  return 1;
}

function offsetOf(path: PropertyKey[], document: Document): number | null {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => nodeValue(item.key) === last);
    return rangeStart(pair?.key);
  }
  return rangeStart(document.getIn(path, true));
}

function nodeValue(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'value' in node ? node.value : undefined;
}

function rangeStart(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return null;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : null;
}
