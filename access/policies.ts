import type { Policies } from './types.js';

const minutesMs = 60_000;
const daysMs = 24 * 60 * minutesMs;

/** What holds where `latchkey.yaml` says nothing. The README's table of policies is tested against these. */
export const defaultPolicies: Policies = {
  renewalGraceMs: 15 * minutesMs,
  doorGraceMs: 15 * minutesMs,
  doorHorizonMs: 7 * daysMs,
  usedPass: 'endOfDay',
  lastDay: 'inclusive',
  existingKeys: 'keep',
  inactiveContract: 'ignore',
};
