import type { Client } from '@temporalio/client';
import { createBaselineBook } from '../activities/baselines.js';
import { keyEmailDigests } from '../activities/email-digest.js';
import { readOrders } from '../activities/orders.js';
import { survey, type Survey, type SurveyDeps } from '../activities/survey.js';
import { runningMembers } from '../activities/wake.js';
import type { Instant } from '../access/types.js';
import type { Config } from '../config/config.js';
import { holdingsOf } from './member-workflows.js';
import { secretIfAny } from './secret.js';
import { withProgress } from './progress.js';
import { withSession } from './session.js';

/** What Latchkey itself knows of members: their workflows, what was ordered, and what was read last. */
export type Standing = Pick<SurveyDeps, 'baselines' | 'exceptions' | 'running' | 'holdingsOf'>;

/** Does a job with this knowledge. Throws CommandError where no worker answers, DatabaseError, and what the job throws. */
export type WithStanding = <T>(job: (standing: Standing) => Promise<T>) => Promise<T>;

/** What is known of members by the Temporal server and the database that the settings name. */
export function standingBy(config: Config): WithStanding {
  return async (job) => {
    const secret = await secretIfAny(config);
    return withSession(config, ({ client }) => job(standingOf(client, secret)));
  };
}

function standingOf(client: Client, secret: Buffer | null): Standing {
  // Workflows know which Kisi user is whose by digests of e-mails. Without a database no digest was made yet.
  if (secret !== null) keyEmailDigests(secret);
  const baselines = createBaselineBook(client, Date.now);
  return {
    baselines: () => baselines.read(),
    exceptions: async () => (await readOrders(client)).exceptions,
    running: () => runningMembers(client),
    holdingsOf: (ids) => holdingsOf(client, ids),
  };
}

/** For a survey of another time than now, or by other knowledge than that of the settings. */
export interface SurveyBy {
  now?: () => Instant;
  withStanding?: WithStanding;
}

/**
 * Every coworker of the space, or these members, as Nexudus, Latchkey and Kisi know them now. Throws CommandError where
 * no worker answers, NexudusError, KisiError and DatabaseError.
 */
export async function surveySpace(
  config: Config,
  apis: Pick<SurveyDeps, 'nexudus' | 'kisi' | 'timeZones'>,
  only: readonly number[] | null,
  { now = Date.now, withStanding = standingBy(config) }: SurveyBy = {},
): Promise<Survey> {
  const whom = only === null ? 'all members' : `${only.length} members`;
  return withStanding((standing) =>
    withProgress(`Reading Nexudus and Kisi for ${whom}`, () => survey({ ...apis, ...standing, now }, only)),
  );
}

/** The same by a connection that is there; `secret`: that of the installation, null where there is no database yet. */
export function surveyBy(
  client: Client,
  secret: Buffer | null,
  apis: Pick<SurveyDeps, 'nexudus' | 'kisi' | 'timeZones'>,
  only: readonly number[] | null,
): Promise<Survey> {
  return survey({ ...apis, ...standingOf(client, secret), now: Date.now }, only);
}
