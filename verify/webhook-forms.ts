import type { JsonValue } from '../access/json.js';
import type { WebhookSeen } from '../push/seen.js';
import type { Finding } from './finding.js';

/** One answer where all webhooks that came say the same; each says a value, or nothing (null). */
export function commonFinding(
  seen: readonly WebhookSeen[],
  valueOf: (one: WebhookSeen) => JsonValue,
  untold: string,
): Finding {
  const values = seen.flatMap((one) => valueOf(one) ?? []);
  const [first] = values;
  if (first === undefined) return { untold };
  const different = [...new Set(values.map(String))];
  const evidence = [`${values.length} of ${seen.length} that came tell it`];
  if (different.length > 1) return { untold: `They differ: ${different.join(', ')}. Report it.`, evidence };
  return { value: first, evidence };
}

/** How the records come. `usual`: the forms that Latchkey reads as well. */
export function bodyFinding(
  seen: readonly WebhookSeen[],
  usual: readonly WebhookSeen['body'][],
  untold: string,
): Finding {
  const finding = commonFinding(seen, ({ body }) => body, untold);
  if ('untold' in finding) return finding;
  return { ...finding, copes: usual.some((one) => one === finding.value) };
}

/**
 * Said of a single webhook that is not as it should be: it may be spoilt, or late, and the next one shows whether all are so.
 */
export const oneAlone = (what: string): string => `Only one came, and it ${what}. Cause another.`;
