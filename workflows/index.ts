/** Workflow functions only: what a worker can run. */
export { revocationGuard } from './revocation-guard.js';
export { control } from './control.js';
export { batch } from './batch.js';
export { drift } from './drift.js';
export { dailyCheck, resendInvitation } from './invitations.js';
export { member } from './member.js';
export { plan } from './plan.js';
export { reconciliation, poll } from './poll.js';
export { leader } from './leader.js';
export { unknown as default } from './start.js';
