import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

let bundled: ReturnType<typeof bundleWorkflowCode> | null = null;

/** The workflow code as the sandbox runs it, built once a process. */
export function workflowBundle(): ReturnType<typeof bundleWorkflowCode> {
  bundled ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
  });
  return bundled;
}
