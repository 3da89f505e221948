import { createKisiPacer } from '../../kisi/pace.js';
import { createPacer } from '../../nexudus/pace.js';
import { setStage, type Stage, type StageOptions } from '../../client/stage.js';
import { createLogger } from '../../worker/logging.js';
import type { Paces } from '../../worker/apis.js';
import type { Service } from '../../worker/service.js';
import type { TemporalAddress } from '../../worker/temporal.js';
import { memberWorkflowId, stateQuery, type MemberView } from '../../messages/to-member.js';
import { leave, newTemporal } from './dev-server.js';
import { metricsUrl } from './metrics.js';

/** A whole space: a real Temporal server, both simulators over HTTP, and as many workers as a test wants. */
export interface RunningSpace extends Stage {
  temporal: TemporalAddress;
  /** The first of its workers. */
  service: Service;
  view(memberId: number): Promise<MemberView | null>;
}

/** No waiting for turns: for tests that are not about the limits of the APIs. */
export const hurried = (): Paces => ({
  nexudus: createPacer({ minGapMs: 1, perMinute: Infinity, perHour: Infinity }),
  kisi: createKisiPacer({ most: 1000 }),
});

/**
 * Starts a space with the two cities in it. `prepare` fills Nexudus before the first worker starts. `limits`: both APIs
 * keep the published ones, and the worker its pace. `file`: what latchkey.yaml says. `monitorPace`: when alerts go out.
 */
export async function startSpace(
  prepare: (stage: Stage) => void = () => undefined,
  env: Record<string, string> = {},
  limits: 'published' | 'none' = 'none',
  file?: string,
  monitorPace: StageOptions['monitorPace'] = {},
): Promise<RunningSpace> {
  const temporal = await newTemporal();
  const stage = await setStage({
    temporal,
    log: createLogger({ level: process.env['TEST_LOG'] === undefined ? 'silent' : 'debug' }),
    env: { LATCHKEY_POLL_INTERVAL: '1s', ...env },
    sdkMetricsUrl: metricsUrl(),
    monitorPace,
    ...(file === undefined ? {} : { file }),
  });
  if (limits === 'none') {
    stage.nexudus.switches.rateLimits = null;
    stage.kisi.switches.rateLimit = null;
  }
  prepare(stage);
  const service = await stage.startWorker(limits === 'none' ? hurried() : {});
  return {
    ...stage,
    temporal,
    service,
    view: (memberId) =>
      service.client.workflow
        .getHandle(memberWorkflowId(memberId))
        .query(stateQuery)
        .catch(() => null),
    async stop() {
      await stage.stop();
      await leave(temporal.namespace);
    },
  };
}
