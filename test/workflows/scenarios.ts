/** Short stories whose histories are recorded (record.ts) and replayed for ever (replay.test.ts). Fake people only. */
import { comparisons } from './scenarios/drift.js';
import { memberStories } from './scenarios/member.js';
import { exceptions, withheldAtOnce, orders } from './scenarios/orders.js';
import { planned } from './scenarios/plan.js';
import { polls, leading } from './scenarios/polls.js';
import type { Scenario } from './scenarios/story.js';

export const scenarios: readonly Scenario[] = [
  orders,
  withheldAtOnce,
  exceptions,
  planned,
  comparisons,
  ...memberStories,
  polls,
  leading,
];
