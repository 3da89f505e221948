import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

let bundled: ReturnType<typeof bundleWorkflowCode> | null = null;

/** The workflow code as the sandbox runs it, built once a process. */
export function workflowBundle(): ReturnType<typeof bundleWorkflowCode> {
  bundled ??= bundleWorkflowCode({
    logger: new DefaultLogger('WARN'),
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    workflowInterceptorModules: [fileURLToPath(new URL('../workflows/interceptors.ts', import.meta.url))],
  });
  return bundled;
}
