import { keepAct } from '../../space/audit-log.js';
import { readConfig } from '../../space/settings.js';
import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { reconciliationScheduleId, pollScheduleId } from '../../messages/to-member.js';
import { CommandError } from '../../space/failure.js';
import { type Giver } from '../../space/order.js';
import { print } from '../terminal/output.js';
import { withSession } from '../../space/session.js';

export interface PollOptions extends Giver {
  /** Run the reconciliation instead of the poll. */
  full?: boolean;
}

/** `latchkey poll`: runs the Schedule that notices changes now, instead of at its next turn. */
export async function poll({ full = false, ...giver }: PollOptions): Promise<void> {
  const config = readConfig();
  const scheduleId = full ? reconciliationScheduleId : pollScheduleId;
  try {
    await withSession(config, async ({ client }) => {
      // A run beside another one would know nothing of the runs before.
      await client.schedule.getHandle(scheduleId).trigger(ScheduleOverlapPolicy.BUFFER_ONE);
      await keepAct(config, full ? 'reconciliation' : 'poll', giver);
    });
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new CommandError('there is no poll to run yet: `latchkey worker` sets it up when it starts');
  }
  print(full ? 'The reconciliation is asked for.' : 'The poll is asked for.');
}
