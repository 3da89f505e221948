import type { Instant } from '../access/types.js';
import type { BusinessRecord, WebhookRecord } from '../nexudus/records.js';
import { hookedActions } from '../nexudus/webhooks.js';
import type { WebhookSeen } from '../push/seen.js';
import type { Finding } from './finding.js';
import type { Findings } from './trial.js';
import { bodyFinding, commonFinding, oneAlone } from './webhook-forms.js';
import type { WebhookKind } from './webhook-kinds.js';
import type { Led } from './webhook-leads.js';
import { delayFinding, differentIn, isEachTwice, onceAndAgain, timesEachCame } from './webhook-times.js';

/** What is known of the webhooks of Nexudus once the wait is over. */
export interface NexudusPushes {
  seen: readonly WebhookSeen[];
  now: Instant;
  /** As Nexudus has them; null: they could not be read. */
  hooks: readonly WebhookRecord[] | null;
  businesses: readonly BusinessRecord[];
  leads: { member: (one: WebhookSeen) => Led; record: (one: WebhookSeen) => Led };
  /** All kinds of webhooks, whether one came or not; `whyNone`: why none of a kind came. */
  kinds: readonly WebhookKind[];
  whyNone: (kind: WebhookKind) => string;
}

/** What the webhooks that came say of each assumption. Pure. */
export function nexudusWebhookFindings(pushes: NexudusPushes): Findings {
  const seen = pushes.seen.filter(({ source }) => source === 'nexudus');
  const signed = seen.filter(({ isSigned }) => isSigned);
  const none = 'No webhook came that the secret signs. Wait for one with `latchkey verify --push`.';
  const leads = pushes.kinds.map(
    (kind) => [`hookLeads.${kind.kind}`, leadsOf(kind, signed, pushes)] as const,
  );
  return {
    ...Object.fromEntries(leads),
    hookSecret: secretFinding({ ...pushes, seen }),
    hookSignatureFold: foldFinding(signed, none),
    hookSignatureLetters: commonFinding(signed, ({ signature }) => letters[signature] ?? null, none),
    hookBody: bodyFinding(signed, ['array', 'object', 'several'], none),
    hookDelay: delayOf(signed, pushes, none),
    hooksTwice: twiceFinding(signed, pushes, none),
    hooksCoverNetworks: networksFinding(signed, pushes, none),
    checkinHookRecord: checkinFinding(signed),
  };
}

const letters: Partial<Record<WebhookSeen['signature'], string>> = { upperHex: 'upper', lowerHex: 'lower' };

/** Nexudus notes when it called last, in whole seconds; a call takes some, and clocks differ a little. */
const sameCallMs = 15_000;

/**
 * Whether a call that was refused here was one of Nexudus' own, since strangers may call as well. Nexudus says when it called
 * last and what went wrong last; that counts where no call that was in order explains it.
 */
function isOfNexudus(
  { at, kind }: WebhookSeen,
  { seen, hooks }: Pick<NexudusPushes, 'seen' | 'hooks'>,
): boolean {
  return (hooks ?? []).some(({ url, lastCallAt, lastError }) => {
    if (lastCallAt === null || !url.endsWith(`/nexudus/${kind}`) || !/\b401\b/.test(lastError)) return false;
    const isThen = (when: Instant): boolean => Math.abs(lastCallAt - when) <= sameCallMs;
    return isThen(at) && !seen.some((one) => one.isSigned && one.kind === kind && isThen(one.at));
  });
}

/** Whether webhooks are signed as they should be. */
export function secretFinding({ seen, hooks }: Pick<NexudusPushes, 'seen' | 'hooks'>): Finding {
  const last = seen.findLast(({ isSigned }) => isSigned);
  const refused = seen.filter(({ isSigned, at }) => !isSigned && (last === undefined || at > last.at));
  const own = refused.filter((one) => isOfNexudus(one, { seen, hooks }));
  const evidence = [`${seen.length - refused.length} signed by the secret, ${refused.length} refused since`];
  if (own.length === 0) {
    if (last !== undefined) return { value: 'signed', evidence };
    const whose =
      'Calls came that the secret does not sign: from strangers, or from Nexudus with another secret. `latchkey hooks status` tells whether Nexudus was refused.';
    const none = 'No webhook came. Wait for one with `latchkey verify --push`.';
    return { untold: refused.length > 0 ? whose : none, evidence };
  }
  // One alone may have been spoilt on its way.
  if (last !== undefined && own.length < 2)
    return { untold: 'One of Nexudus was refused after the last that was signed. Cause another.', evidence };
  const forms = new Set(refused.map(({ signature }) => (signature === 'none' ? 'unsigned' : 'otherSecret')));
  const [value] = forms;
  const counted = [
    ...evidence,
    `${own.length} of these are calls of Nexudus, which says that it was refused`,
  ];
  if (value === undefined || forms.size > 1)
    return { untold: 'Some were signed by another secret, and some not at all.', evidence: counted };
  return { value, evidence: counted };
}

function foldFinding(signed: readonly WebhookSeen[], none: string): Finding {
  const over = { bytes: 'utf8', ascii: 'ascii', both: null } as const;
  const plain =
    'Each that came is in ASCII, where both are the same. One about somebody with an accent in the name tells it.';
  const untold = signed.length === 0 ? none : plain;
  return commonFinding(signed, (one) => (one.over === null ? null : over[one.over]), untold);
}

/** Not sure to tell when: a contract, which the clock alone may cause, and a record that is gone, which was changed before. */
function delayOf(signed: readonly WebhookSeen[], { leads }: NexudusPushes, none: string): Finding {
  // The record of a member whose access changes is not always changed with it.
  const dated = signed.filter(({ kind }) => kind !== 'access');
  const sure = dated.filter((one) => one.kind !== 'contract' && leads.record(one) === true);
  const untold =
    signed.length === 0
      ? none
      : 'None that came says when its record was changed. One about a check-in does.';
  return delayFinding(dated, sure, untold);
}

/**
 * Of these kinds one change is one call, where each action has one webhook. Several actions may tell of a contract or access.
 */
const plainKinds = ['coworker', 'team', 'checkin'] as const;
/** This many different ones that all came twice are no chance. */
const fewest = 3;

function twiceFinding(signed: readonly WebhookSeen[], pushes: NexudusPushes, none: string): Finding {
  const isPlain = ({ kind, recordId }: WebhookSeen): boolean =>
    recordId !== null && plainKinds.some((one) => one === kind);
  const times = timesEachCame(signed, pushes.now);
  const plain = new Set(signed.flatMap((one) => (isPlain(one) ? (one.sameAs ?? []) : [])));
  const counts = [...times].flatMap(([one, count]) => (plain.has(one) ? count : []));
  const once = counts.filter((count) => count === 1).length;
  const again = counts.length - once;
  const evidence = [
    `${counts.length} different ones about members, teams and check-ins, ${once} of them came once`,
  ];
  const value = isEachTwice({ once, again });
  const isChance = again < fewest || isToldBySeveral(pushes);
  if (value === false || (value === true && !isChance)) return { value, evidence };
  if (signed.length === 0) return { untold: none, evidence };
  if (times.size === 0) return { untold: 'It came a moment ago.', evidence };
  const untold =
    again >= fewest && isChance
      ? 'Each that came, came several times, which several webhooks for one action may do.'
      : `${onceAndAgain({ once, again })} An edit of a member and a check-in count.`;
  return { untold, evidence };
}

/** Whether one change may call an address of these kinds several times, though each webhook calls once. */
function isToldBySeveral({ hooks, businesses }: NexudusPushes): boolean {
  if (hooks === null) return true;
  const parents = new Map(businesses.map(({ id, parentId }) => [id, parentId]));
  const isWithin = (place: number | null, other: number | null): boolean => {
    for (let id = place, left = parents.size; id !== null && left >= 0; id = parents.get(id) ?? null, left--)
      if (id === other) return true;
    return false;
  };
  return plainKinds.some((kind) => {
    const here = hooks.filter(({ url, active }) => active !== false && url.endsWith(`/nexudus/${kind}`));
    return here.some(({ id, action, locationId }) => {
      if (action === null || locationId === null || !(action in hookedActions[kind])) return true;
      return here.some(
        (other) => other.id !== id && other.action === action && isWithin(locationId, other.locationId),
      );
    });
  });
}

/** Whether a webhook came about a location that has none of its own. */
function networksFinding(
  signed: readonly WebhookSeen[],
  { hooks, businesses }: NexudusPushes,
  none: string,
): Finding {
  const parents = new Map(businesses.map(({ id, parentId }) => [id, parentId]));
  const isBelow = signed.filter(({ kind, locationId }) => {
    if (kind === 'access' || locationId === null || hooks === null) return false;
    const places = hooks.flatMap((hook) =>
      hook.url.endsWith(`/nexudus/${kind}`) ? (hook.locationId ?? []) : [],
    );
    const above = parents.get(locationId) ?? null;
    return !places.includes(locationId) && above !== null && places.includes(above);
  });
  if (isBelow.length > 0)
    return { value: true, evidence: [`${isBelow.length} of locations without webhooks of their own`] };
  const hasNetwork = businesses.some(({ parentId }) => parentId !== null);
  const untold = hasNetwork
    ? 'None came of a location that only its network has webhooks for. Check a member in there.'
    : 'No location is in a network, so nothing stands on it.';
  return { untold: signed.length === 0 ? none : untold };
}

/** The actions that Latchkey asks for carry check-ins; only other actions may carry the member. */
function checkinFinding(signed: readonly WebhookSeen[]): Finding {
  const ofMember = signed.filter(isOfMember);
  if (ofMember.length > 0) return { value: 'coworker', evidence: [`${ofMember.length} carried the member`] };
  return {
    untold:
      'Only the actions CoworkerCheckin and CoworkerCheckout tell it. Latchkey has no webhooks for these, and needs none.',
  };
}

/** Whether it is of an action that is not ours, and carries the member instead of the check-in. */
function isOfMember({ kind, isMember, recordId }: WebhookSeen): boolean {
  return kind === 'checkin' && isMember && recordId !== null;
}

function leadsOf(kind: WebhookKind, signed: readonly WebhookSeen[], pushes: NexudusPushes): Finding {
  const came = signed.filter((one) => one.kind === kind.kind && !isOfMember(one));
  if (came.length === 0) return { untold: pushes.whyNone(kind) };
  const led = came.map((one) => pushes.leads.member(one));
  const there = led.filter((one) => one === true).length;
  const gone = led.filter((one) => one === false).length;
  const named = came.filter(({ memberId }) => memberId !== null).length;
  const evidence = [
    `${came.length} came, ${named} of them name a member, ${there + gone} were looked up, ${there} are there`,
  ];
  if (there > 0) return { value: 'member', evidence };
  // A team may have nobody in it any more, and what is told may be that a member was deleted.
  if (named === 0 && kind.kind === 'team' && came.every(({ body }) => body !== 'other'))
    return {
      untold: 'Those that came name nobody, as a team without members would. Add a member to a team.',
      evidence,
    };
  if (named === 0)
    return differentIn(came) > 1
      ? { value: 'nobody', evidence }
      : { untold: oneAlone('names nobody'), evidence };
  if (gone === 0) return { untold: 'Nexudus did not answer who it is. Run it again.', evidence };
  const deleted = new Set(signed.flatMap((one) => (one.kind === 'coworker' ? (one.memberId ?? []) : [])));
  const unexplained = came.filter(
    (one) => pushes.leads.member(one) === false && !deleted.has(one.memberId ?? 0),
  );
  if (differentIn(unexplained) > 1) return { value: 'nowhere', evidence };
  if (unexplained.length > 0) return { untold: oneAlone('names a member who is not there'), evidence };
  return {
    untold: 'Those that came are of members who may have been deleted since. Edit a member.',
    evidence,
  };
}
