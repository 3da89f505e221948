import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Instant, Rules } from '../access/types.js';
import { tighten } from '../trail/file.js';
import type { PlannedMember } from '../workflows/plan-messages.js';
import { CommandError } from './failure.js';
import type { Plan, Scope } from './planning.js';

const format = 'latchkey plan 2';

/** A plan as it is kept in a file: all that it takes to do just this, and to see that nothing has moved since. */
export interface PlanFile {
  format: typeof format;
  id: string;
  madeAt: Instant;
  /** Which space it is of (`spaceIdOf`). */
  space: string;
  scope: Scope;
  rules: Rules;
  /** IANA names by location id, over what Nexudus says. */
  timeZones: Record<number, string>;
  members: PlannedMember[];
  /** Of all the rest: shows a file that was edited or cut short. */
  digest: string;
}

/** A plan as a file keeps it: those for whom something changes. */
export function planFileOf(
  { at, people }: Plan,
  { scope, rules, timeZones, space }: Pick<PlanFile, 'scope' | 'rules' | 'timeZones' | 'space'>,
): PlanFile {
  const members = changesOf(people);
  const content = { format, madeAt: at, space, scope, rules, timeZones, members } as const;
  const id = digestOf(content).slice(0, 8);
  return { ...content, id, digest: digestOf({ ...content, id }) };
}

/** Those for whom something changes, with just that. */
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
    // One that was there keeps its mode.
    tighten(path, 0o600);
  } catch (error) {
    throw new CommandError(`the plan cannot be written to ${path}: ${codeOf(error)}`, 2);
  }
}

/** Reads a file that `writePlanFile` wrote. Throws CommandError where it is not, or not any more, as it was written. */
export function readPlanFile(path: string): PlanFile {
  const file = parse(path, contentOf(path));
  const { digest, ...content } = file;
  if (digest === digestOf(content)) return file;
  throw new CommandError(
    `${path} was edited or cut short since \`latchkey plan --out\` wrote it: plan again`,
    2,
  );
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${codeOf(error)}`, 2);
  }
}

/** Its digest says that it is as Latchkey wrote it, so no field is looked at before that. */
function parse(path: string, text: string): PlanFile {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'format' in value && value.format === format)
      return value as PlanFile;
  } catch {
    throw new CommandError(`${path} is not whole: plan again with \`latchkey plan --out\``, 2);
  }
  throw new CommandError(`${path} is no plan that this release of \`latchkey plan --out\` wrote`, 2);
}

function digestOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
