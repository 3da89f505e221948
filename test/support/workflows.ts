import { workflowBundle } from '../../worker/bundle.js';

/**
 * The workflows for a worker of a test. They run in the thread of the test: a thread of its own for each worker costs more than
 * what most tests do with it.
 */
export async function workflowsHere() {
  return { workflowBundle: await workflowBundle(), debugMode: true };
}
