/** `latchkey.yaml`: the mapping, the time zones and the policies, with the line of everything that is wrong. */
import { IANAZone } from 'luxon';
import { isMap, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import type { GuardLimits } from '../access/revocation-guard.js';
import { defaultDriftPolicy, repairableKinds, type DriftPolicy } from '../access/drift.js';
import type { LatencyObjective } from '../access/latency.js';
import { apiUsers, type ApiUser } from '../access/ownership.js';
import { defaultPolicies } from '../access/policies.js';
import type { Policies } from '../access/types.js';
import { waysToFindUsers, type WayToFindUsers } from '../kisi/directory.js';
import { durationHint, parseDuration } from '../lib/durations.js';

/** A mapping line as written: a number is an id, a text a name, still to be looked up. */
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
  /** How many may lose a key unforeseen within an hour. */
  guard: GuardLimits;
  findUsers: WayToFindUsers;
  apiUser: ApiUser;
  /** How soon keys are to be given and taken away. */
  latency: LatencyObjective;
}

const auditLogRetentionMs = parseDuration('400d');
const guard: GuardLimits = { people: 5, share: 0.1 };
const latency: LatencyObjective = { withinMs: parseDuration('60s'), share: 0.95 };
const shareHint = 'must be a share like 10%';
const undoWindowMs = parseDuration('24h');
const findUsers: WayToFindUsers = 'directory';
const apiUser: ApiUser = 'shared';

const idOrName = z.union([z.int().positive(), z.string().trim().min(1)], {
  error: 'must be an id (a whole number) or a name',
});
const one = (value: unknown): unknown => (value === undefined || Array.isArray(value) ? value : [value]);
const text = z.string({ error: 'must be a text' });
const duration = z.string({ error: durationHint }).transform((value, context) => {
  try {
    return parseDuration(value);
  } catch {
    context.addIssue({ code: 'custom', message: durationHint });
    return z.NEVER;
  }
});

/** What keys are moved by: nobody means more than a year, and no key should end in another century. */
const span = duration.refine((ms) => ms <= parseDuration('366d'), 'must be at most 366d');

const share = z
  .string({ error: shareHint })
  .regex(/^\d{1,2}(\.\d+)?%$|^100%$/, shareHint)
  .transform((text) => Number(text.slice(0, -1)) / 100);

const driftChoice = z.enum(['repair', 'report'], { error: 'must be repair or report' });
const driftChoices = Object.fromEntries(repairableKinds.map((kind) => [kind, driftChoice.optional()]));

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
  policies: z
    .strictObject({
      renewalGrace: span.optional(),
      doorGrace: span.optional(),
      doorHorizon: span.refine((ms) => ms > 0, 'must be above zero').optional(),
      usedPass: z.enum(['endOfDay', 'atOnce'], { error: 'must be endOfDay or atOnce' }).optional(),
      lastDay: z.enum(['inclusive', 'exclusive'], { error: 'must be inclusive or exclusive' }).optional(),
      inactiveContract: z.enum(['ignore', 'ends'], { error: 'must be ignore or ends' }).optional(),
      existingKeys: z.enum(['keep', 'adopt'], { error: 'must be keep or adopt' }).optional(),
      findUsers: z.enum(waysToFindUsers, { error: 'must be directory or search' }).optional(),
      apiUser: z.enum(apiUsers, { error: 'must be shared or latchkeyOnly' }).optional(),
      auditLogRetention: duration.refine((ms) => ms > 0, 'must be above zero').optional(),
      guardPeople: z.int('must be a whole number').min(0, 'must not be negative').optional(),
      guardShare: share.optional(),
      latencyObjective: duration.refine((ms) => ms > 0, 'must be above zero').optional(),
      latencyShare: share.optional(),
      undoWindow: duration
        .refine((ms) => ms > 0, 'must be above zero')
        .refine((ms) => ms <= parseDuration('90d'), 'must be at most 90d')
        .optional(),
      drift: z.strictObject(driftChoices).optional(),
    })
    .default({}),
});

/** A file that says nothing: no mapping, no zones, the default policies. */
export function emptyFile(path: string): FileConfig {
  return {
    path,
    present: false,
    mapping: [],
    zones: [],
    policies: { ...defaultPolicies },
    drift: defaultDriftPolicy,
    auditLogRetentionMs,
    undoWindowMs,
    guard,
    findUsers,
    apiUser,
    latency,
  };
}

/** What the file says, and one line for each problem ('latchkey.yaml:7: ...'), all at once. Throws nothing. */
export function readRulesFile(path: string, content: string): { file: FileConfig; problems: string[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(content, { lineCounter, prettyErrors: false });
  const broken = document.errors.map(
    (error) => `${path}:${lineCounter.linePos(error.pos[0]).line}: not YAML (${error.message})`,
  );
  if (broken.length > 0) return { file: emptyFile(path), problems: broken };

  const plain = plainValue(document);
  if (plain === undefined) {
    return {
      file: emptyFile(path),
      problems: [`${path}:1: an alias (*name) has no anchor; quote names that begin with *`],
    };
  }
  const parsed = schema.safeParse(plain);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => describe(issue, document, lineCounter, path));
    return { file: emptyFile(path), problems };
  }
  const { mapping, locations, policies } = parsed.data;
  return {
    problems: [],
    file: {
      path,
      present: true,
      mapping,
      zones: locations,
      policies: {
        renewalGraceMs: policies.renewalGrace ?? defaultPolicies.renewalGraceMs,
        doorGraceMs: policies.doorGrace ?? defaultPolicies.doorGraceMs,
        doorHorizonMs: policies.doorHorizon ?? defaultPolicies.doorHorizonMs,
        usedPass: policies.usedPass ?? defaultPolicies.usedPass,
        lastDay: policies.lastDay ?? defaultPolicies.lastDay,
        existingKeys: policies.existingKeys ?? defaultPolicies.existingKeys,
        inactiveContract: policies.inactiveContract ?? defaultPolicies.inactiveContract,
      },
      drift: { ...defaultDriftPolicy, ...policies.drift },
      auditLogRetentionMs: policies.auditLogRetention ?? auditLogRetentionMs,
      undoWindowMs: policies.undoWindow ?? undoWindowMs,
      guard: {
        people: policies.guardPeople ?? guard.people,
        share: policies.guardShare ?? guard.share,
      },
      findUsers: policies.findUsers ?? findUsers,
      apiUser: policies.apiUser ?? apiUser,
      latency: {
        withinMs: policies.latencyObjective ?? latency.withinMs,
        share: policies.latencyShare ?? latency.share,
      },
    },
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
  const joined = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
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
