import type { Instant } from '../access/types.js';
import type { WebhookSeen } from '../push/seen.js';
import type { Finding } from './finding.js';
import type { Findings } from './trial.js';
import { bodyFinding, commonFinding, oneAlone } from './webhook-forms.js';
import type { WebhookKind } from './webhook-kinds.js';
import type { Led } from './webhook-leads.js';
import { delayFinding, differentIn, isEachTwice, onceAndAgain, timesEachCame } from './webhook-times.js';

/** What is known of the events of Kisi once the wait is over. */
export interface KisiPushes {
  seen: readonly WebhookSeen[];
  now: Instant;
  leads: { record: (one: WebhookSeen) => Led };
  kinds: readonly WebhookKind[];
  whyNone: (kind: WebhookKind) => string;
}

/** What the events that came say of each assumption. Pure. */
export function kisiEventFindings(pushes: KisiPushes): Findings {
  const seen = pushes.seen.filter(({ source }) => source === 'kisi');
  const signed = seen.filter(({ isSigned }) => isSigned);
  const none = 'No event came that the key signs. Wait for one with `latchkey verify --push`.';
  const leads = pushes.kinds.map(
    (kind) => [`eventLeads.${kind.kind}`, leadsOf(kind, signed, pushes)] as const,
  );
  return {
    ...Object.fromEntries(leads),
    eventKey: keyFinding(seen),
    eventSignaturePrefix: commonFinding(signed, ({ hasPrefix }) => hasPrefix, none),
    eventSignatureEncoding: commonFinding(
      signed,
      ({ signature }) => (signature === 'base64' ? 'base64' : 'hex'),
      none,
    ),
    eventBody: bodyFinding(signed, ['object', 'array', 'several'], none),
    eventDelay: delayFinding(signed, signed, none),
    eventsTwice: twiceFinding(signed, pushes.now, none),
  };
}

/** Kisi says nowhere that an event was refused, so nobody knows whose call that was. */
function keyFinding(seen: readonly WebhookSeen[]): Finding {
  const signed = seen.filter(({ isSigned }) => isSigned).length;
  const evidence = [`${signed} signed by the key, ${seen.length - signed} refused`];
  if (signed > 0) return { value: 'signed', evidence };
  const whose =
    'Calls came that the key does not sign: from strangers, or from Kisi with another key. Compare KISI_WEBHOOK_KEY with the signature key in Kisi.';
  const none = 'No event came. Wait for one with `latchkey verify --push`.';
  return { untold: seen.length > 0 ? whose : none, evidence };
}

/** Each event has an id of its own. */
function twiceFinding(signed: readonly WebhookSeen[], now: Instant, none: string): Finding {
  const counts = [...timesEachCame(signed, now).values()];
  const again = counts.filter((count) => count > 1).length;
  const once = counts.length - again;
  const evidence = [`${counts.length} events, ${again} of them came several times`];
  const value = isEachTwice({ once, again });
  if (value !== null) return { value, evidence };
  if (signed.length === 0) return { untold: none, evidence };
  if (counts.length === 0) return { untold: 'None that came a while ago has an id.', evidence };
  return { untold: onceAndAgain({ once, again }), evidence };
}

function leadsOf(kind: WebhookKind, signed: readonly WebhookSeen[], { leads, whyNone }: KisiPushes): Finding {
  const came = signed.filter((one) => one.kind === kind.kind);
  if (came.length === 0) return { untold: whyNone(kind) };
  const named = came.filter(({ recordId }) => recordId !== null).length;
  const led = came.map((one) => leads.record(one));
  const there = led.filter((one) => one === true).length;
  const evidence = [`${came.length} came, ${named} of them have an id, ${there} are there`];
  if (there > 0) return { value: 'record', evidence };
  if (named === 0)
    return differentIn(came) > 1
      ? { value: 'nothing', evidence }
      : { untold: oneAlone('has no id'), evidence };
  if (!led.includes(false))
    return {
      untold: 'Those that came tell of what was taken away, or Kisi did not answer. Cause one.',
      evidence,
    };
  // What was made and taken away again is gone with good reason.
  const removed = new Set(
    came.flatMap(({ action, recordId }) => (action === 'destroy' ? (recordId ?? []) : [])),
  );
  const unexplained = came.filter((one) => leads.record(one) === false && !removed.has(one.recordId ?? 0));
  if (differentIn(unexplained) > 1) return { value: 'nowhere', evidence };
  if (unexplained.length > 0) return { untold: oneAlone('has an id that is not there'), evidence };
  return { untold: 'What those that came tell of was taken away since. Cause one.', evidence };
}
