/** Workflow functions only: what a worker can run. */
export { breaker } from './breaker.js';
export { control } from './control.js';
export { crowd } from './crowd.js';
export { drift } from './drift.js';
export { member } from './member.js';
export { plan } from './plan.js';
export { fullPass, poll } from './poll.js';
export { speaker } from './speaker.js';
export { unknown as default } from './start.js';
