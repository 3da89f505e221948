/** What the daily look found of APIs that changed: alerts and metrics. */
import type { MetricMeter } from '@temporalio/common';
import type { Alert } from './alert.js';
import type { Facts } from './facts.js';

type Look = Facts['apiLook'];

/** An alert for each change, for a week. */
export function changeAlerts({ apiLook }: Pick<Facts, 'apiLook'>): Alert[] {
  return (apiLook?.changes ?? []).map(({ name, at, words }) => ({
    cause: `changed/${name}`,
    since: at,
    text: `${words} \`latchkey verify --show\` tells all answers.`,
  }));
}

/** A gauge of what changed in the last week. Made once for a process. */
export function createChangeGauge(meter: MetricMeter): (look: Look) => void {
  const changes = meter.createGauge(
    'latchkey_api_changes',
    'int',
    '',
    'How many answers of an API became others in the last week, by the daily look',
  );
  return (look) => {
    if (look === null) return;
    for (const api of ['Nexudus', 'Kisi'] as const)
      changes.set(look.changes.filter((one) => one.api === api).length, { api: api.toLowerCase() });
  };
}
