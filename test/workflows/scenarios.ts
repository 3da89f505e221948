/** Short stories whose histories are recorded (record.ts) and replayed for ever (replay.test.ts). Fake people only. */
import { audits } from './scenarios/drift.js';
import { memberStories } from './scenarios/member.js';
import { exceptions, heldAtOnce, orders } from './scenarios/orders.js';
import { planned } from './scenarios/plan.js';
import { polls, speaking } from './scenarios/polls.js';
import type { Scenario } from './scenarios/story.js';

export const scenarios: readonly Scenario[] = [
  orders,
  heldAtOnce,
  exceptions,
  planned,
  audits,
  ...memberStories,
  polls,
  speaking,
];
