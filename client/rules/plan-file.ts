import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { digestOfRules } from '../../activities/membership.js';
import { canonical } from '../../access/canonical.js';
import type { Instant, Rules } from '../../access/types.js';
import { tighten } from '../../database/file.js';
import type { PlannedMember } from '../../messages/to-plan.js';
import { CommandError } from '../../space/failure.js';
import type { Plan, Scope } from '../../space/planning.js';

const format = 'latchkey plan 3';
/** A plan for ten thousand members has some 20 MB. */
const largestBytes = 256 * 1024 * 1024;

/** A plan as it is kept in a file: all that it takes to do just this, and to see that nothing has moved since. */
export interface PlanFile {
  format: typeof format;
  id: string;
  madeAt: Instant;
  /** The space that the plan is of (`spaceIdOf`). */
  space: string;
  scope: Scope;
  rules: Rules;
  /** `digestOfRules` of the rules. It is kept here, since it depends on the order of the fields, which a file may change. */
  rulesDigest: string;
  /** IANA names by location id, over what Nexudus says. */
  timeZones: Record<number, string>;
  members: PlannedMember[];
  /** The installation that wrote the plan (`nameOf` its secret). */
  installation: string;
  /** Signs all other fields, in whatever order, by the installation's secret: shows a file that somebody edited or made. */
  signature: string;
}

/** A plan as a file keeps it: the members whose keys change. */
export function planFileOf(
  { at, people }: Plan,
  ground: Pick<PlanFile, 'scope' | 'rules' | 'timeZones' | 'space'>,
  secret: Buffer,
): PlanFile {
  const { scope, rules, timeZones, space } = ground;
  const planned = { format, madeAt: at, space, scope, rules, timeZones, members: changesOf(people) } as const;
  const about = {
    id: digestOf(planned).slice(0, 8),
    rulesDigest: digestOfRules(rules),
    installation: nameOf(secret),
  };
  const content = { ...planned, ...about };
  return { ...content, signature: signatureOf(content, secret) };
}

/** The members whose keys change, with just these changes. */
export function changesOf(people: Plan['people']): PlannedMember[] {
  return people
    .filter(({ changes }) => changes.length > 0)
    .map(({ memberId, locationId, emailDigest, changes }) => ({
      memberId,
      locationId,
      emailDigest,
      changes,
    }));
}

/** Writes the file. Throws CommandError where that cannot be. */
export function writePlanFile(path: string, file: PlanFile): void {
  try {
    writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    // A file that was there keeps its mode.
    tighten(path, 0o600);
  } catch (error) {
    throw new CommandError(`the plan cannot be written to ${path}: ${codeOf(error)}`, 2);
  }
}

/**
 * Reads a file that `writePlanFile` wrote. Throws CommandError where it is not as it was written, or was signed by another
 * installation.
 */
export function readPlanFile(path: string, secret: Buffer): PlanFile {
  const file = parse(path, contentOf(path));
  const { signature, ...content } = file;
  if (typeof signature !== 'string' || signature === '')
    throw new CommandError(`${path} is not signed: plan again with \`latchkey plan --out\``, 2);
  if (content.installation !== nameOf(secret)) {
    throw new CommandError(
      `${path} was not signed by this installation: plan and apply with the same database (LATCHKEY_DATABASE_URL)`,
      2,
    );
  }
  if (isSame(signature, signatureOf(content, secret))) return file;
  throw new CommandError(
    `${path} was edited or cut short since \`latchkey plan --out\` wrote it: plan again`,
    2,
  );
}

/** Whether a file is a plan that names the member, of whatever installation, and edited or not. */
export function isPlanAbout(path: string, memberId: number): boolean {
  try {
    const { members, scope } = parse(path, contentOf(path));
    return scope.memberId === memberId || members.some((one) => one.memberId === memberId);
  } catch {
    return false;
  }
}

/** Tells one installation from another, and nothing of its secret. */
function nameOf(secret: Buffer): string {
  return createHmac('sha256', secret).update('latchkey installation').digest('hex').slice(0, 16);
}

function signatureOf(content: object, secret: Buffer): string {
  return createHmac('sha256', secret)
    .update(`${format}\n${canonical(content)}`)
    .digest('hex');
}

/** Compares in a time that tells nothing of where the two differ. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function contentOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > largestBytes) throw new CommandError(`${path} is too large to be a plan (${size} bytes)`, 2);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} cannot be read: ${codeOf(error)}`, 2);
  }
}

/** Looks at the format only: whether the rest is as Latchkey wrote it is for the signature to say. */
function parse(path: string, text: string): PlanFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError(`${path} is not whole: plan again with \`latchkey plan --out\``, 2);
  }
  const kind = typeof value === 'object' && value !== null && 'format' in value ? value.format : null;
  if (kind === format) return value as PlanFile;
  const isOther = typeof kind === 'string' && /^latchkey plan \d+$/.test(kind);
  throw new CommandError(
    isOther
      ? `${path} is a plan of another release of Latchkey: plan again with this one`
      : `${path} is no plan that \`latchkey plan --out\` wrote`,
    2,
  );
}

function digestOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
