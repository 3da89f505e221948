import type { LedgerKey } from '../access/plan.js';
import { iso, type Instant, type NextChange } from '../access/types.js';
import { markdownText } from './markdown.js';
import type { AccessState, MemberView } from '../messages/to-member.js';

/** What a member's workflow waits for because something failed. */
export interface Waiting {
  /** Short name for the AccessProblem attribute. */
  problem: string;
  what: string;
  since: Instant;
  wakes: string;
}

/** What the workflow knows of itself beyond its durable state. */
export interface Outlook {
  state: AccessState;
  standing: string;
  next: NextChange | null;
  waiting: Waiting | null;
  /** Keys that are kept although a read speaks against them, and why. */
  kept: string[];
  lastCheckedAt: Instant | null;
  lastError: string | null;
  /** When blocks were last carried out or tried; null: none was ordered in this run. */
  blocks: { lookedAt: Instant; waitsFor: string | null } | null;
  /** The member's home location, as lists show it. */
  locationId: number | null;
}

/** The answer of the `state` query. */
export function viewOf(memberId: number, ledger: readonly LedgerKey[], outlook: Outlook): MemberView {
  const { waiting, next } = outlook;
  return {
    memberId,
    state: outlook.state,
    keys: ledger
      .filter((key) => key.keyId !== null)
      .map((key) => ({
        groupId: key.groupId,
        until: key.until === null ? null : iso(key.until),
        kisiEndsAt: key.validUntil === null ? null : iso(key.validUntil),
        because: key.because,
        givenByHand: key.byHand,
      })),
    nextChange: next === null ? null : { at: iso(next.at), what: next.what },
    waitingFor:
      waiting === null ? null : { what: waiting.what, since: iso(waiting.since), wakes: waiting.wakes },
    lastCheckedAt: outlook.lastCheckedAt === null ? null : iso(outlook.lastCheckedAt),
    lastError: outlook.lastError,
    standing: outlook.standing,
    blocks: outlook.blocks && { ...outlook.blocks, lookedAt: iso(outlook.blocks.lookedAt) },
  };
}

const headlines: Record<AccessState, string> = {
  new: 'Not looked at yet.',
  access: 'Has access.',
  noAccess: 'Has no access.',
  otherProfile: 'Another profile with the same e-mail owns the keys.',
  ended: 'Ended.',
};

/** The current details that the Temporal UI shows for a member, as Markdown. */
export function detailsOf(
  view: MemberView,
  kept: readonly string[],
  cancelAskedAt: Instant | null = null,
): string {
  const standing = view.state === 'access' ? '' : markdownText(view.standing);
  const lines = [`**${headlines[view.state]}** ${standing}`.trim(), ''];
  if (view.keys.length > 0) lines.push('Keys held:', '');
  for (const key of view.keys) {
    const end = key.until === null ? 'no end known' : `until ${key.until}`;
    const kisiEnd = key.kisiEndsAt === null ? 'never by itself' : key.kisiEndsAt;
    const hand = key.givenByHand ? ' Given by hand: it is never taken away.' : '';
    lines.push(
      `- group ${key.groupId}, ${end}, because of ${markdownText(key.because)}. The door closes by itself: ${kisiEnd}.${hand}`,
    );
  }
  for (const why of kept) lines.push('', `Kept for now: ${markdownText(why)}`);
  lines.push(
    '',
    view.nextChange === null
      ? 'Next change: none known.'
      : `Next change: ${view.nextChange.at}, ${markdownText(view.nextChange.what)}.`,
  );
  if (view.waitingFor !== null) {
    const { what, since, wakes } = view.waitingFor;
    lines.push('', `**Waiting** since ${since}: ${markdownText(what)} It goes on ${wakes}.`);
  }
  if (view.lastError !== null) lines.push('', `Last error: ${markdownText(view.lastError)}`);
  if (cancelAskedAt !== null) lines.push('', cancelWords(view.memberId, cancelAskedAt));
  lines.push('', view.lastCheckedAt === null ? 'Never checked.' : `Last checked: ${view.lastCheckedAt}.`);
  return lines.join('\n');
}

/** Somebody who asks to cancel does not mean that a member is left alone, so the workflow goes on and says so. */
function cancelWords(memberId: number, at: Instant): string {
  return (
    `Somebody asked at ${iso(at)} to cancel this workflow. It goes on looking after the member. ` +
    `\`latchkey block ${memberId}\` takes the keys away, \`latchkey pause\` stops all writes.`
  );
}
