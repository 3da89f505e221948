import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { metricsAt } from '../../monitoring/latency.js';
import { newMetricsAddress } from './metrics.js';
import { leaveTemporal, offerDevServer } from './dev-server.js';
import { stopTimeSkippingEnv } from './timeSkipping.js';

// Mocha leaves a rejection that nobody heard to other listeners, and forgets it where there are none.
process.on('unhandledRejection', (reason) => {
  throw reason instanceof Error ? reason : new Error(String(reason));
});

let endDevServer: () => Promise<void> = () => Promise.resolve();

/** Before all files: builds what production runs, since tests start it in processes of its own. */
export async function mochaGlobalSetup(): Promise<void> {
  const { build } = await import('../../build.js');
  await build();
  endDevServer = await offerDevServer();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await endDevServer();
}

/** Root hooks of each test file: quiet Temporal logs, metrics as a worker serves them, and every server stopped at its end. */
export const mochaHooks = {
  async beforeAll(): Promise<void> {
    // Workers in this process run workflows on its main thread: a thread for each takes half of what a space takes to start.
    process.env['TEMPORAL_DEBUG'] ??= '1';
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: {
        logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
        metrics: metricsAt(await newMetricsAddress()),
      },
    });
  },
  async afterAll(): Promise<void> {
    await stopTimeSkippingEnv();
    await leaveTemporal();
    // Else a run without any worker would wait for the runtime for ever.
    await Runtime.instance().shutdown();
  },
};
