import type { Client } from '@temporalio/client';
import { createBaselineBook } from '../activities/baselines.js';
import { keyEmailDigests } from '../activities/email-digest.js';
import { readOrders } from '../activities/orders.js';
import { survey, type Survey, type SurveyDeps } from '../activities/survey.js';
import { runningMembers } from '../activities/wake.js';
import type { Config } from '../config/config.js';
import { holdingsOf } from './member-workflows.js';
import { secretIfAny } from './secret.js';
import { withProgress } from './progress.js';
import { withSession } from './session.js';

/**
 * Every coworker of the space, or these members, as Nexudus, Latchkey and Kisi know them now. Throws CommandError where
 * no worker answers, NexudusError, KisiError and DatabaseError.
 */
export async function surveySpace(
  config: Config,
  apis: Pick<SurveyDeps, 'nexudus' | 'kisi' | 'timeZones'>,
  only: readonly number[] | null,
): Promise<Survey> {
  const secret = await secretIfAny(config);
  const whom = only === null ? 'all members' : `${only.length} members`;
  return withSession(config, ({ client }) =>
    withProgress(`Reading Nexudus and Kisi for ${whom}`, () => surveyBy(client, secret, apis, only)),
  );
}

/** The same by a connection that is there; `secret`: that of the installation, null where there is no database yet. */
export function surveyBy(
  client: Client,
  secret: Buffer | null,
  apis: Pick<SurveyDeps, 'nexudus' | 'kisi' | 'timeZones'>,
  only: readonly number[] | null,
): Promise<Survey> {
  // Which Kisi user is whose, workflows know by digests of e-mails. Without a database none of them was made yet.
  if (secret !== null) keyEmailDigests(secret);
  const baselines = createBaselineBook(client, Date.now);
  const deps = {
    ...apis,
    baselines: () => baselines.read(),
    exceptions: async () => (await readOrders(client)).exceptions,
    running: () => runningMembers(client),
    holdingsOf: (ids: readonly number[]) => holdingsOf(client, ids),
    now: Date.now,
  };
  return survey(deps, only);
}
