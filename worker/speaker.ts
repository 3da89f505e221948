import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import type { SpeakerActivities } from '../activities/contract.js';
import { heartbeating } from '../activities/remote.js';
import { oneForAll, speakerWorkflowId, speakerWorkflowType } from '../workflows/messages.js';

const beatMs = 1_000;
/** After so long the activity ends and begins anew, so that no attempt lasts for ever. */
const termMs = 24 * 3_600_000;

/** This process's part in speaking to the APIs (workflows/speaker.ts): at most one process of all has a term. */
export interface Speaker {
  activities: SpeakerActivities;
  /** Whether this process speaks now. */
  isSpeaking(): boolean;
  /** Ends the term at once, for another process to take over; resolves when what was under way is done. */
  stop(): Promise<void>;
}

/** `openWorkers` makes the workers that take the activities for both APIs, not yet running. */
export function createSpeaker(openWorkers: () => Promise<Worker[]>): Speaker {
  const stopAsked = new AbortController();
  const terms = new Set<Promise<unknown>>();

  /** Runs the workers until the term is over; throws where one of them fails or the term was given to another. */
  async function speak(): Promise<void> {
    const workers = await openWorkers();
    const drained = Promise.all(workers.map((worker) => worker.run()));
    terms.add(drained);
    const forget = (): void => void terms.delete(drained);
    drained.then(forget, forget);
    try {
      await Promise.race([drained, Context.current().cancelled, termOver(stopAsked.signal)]);
    } finally {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    }
  }

  return {
    activities: { speak: () => heartbeating(beatMs, speak) },
    isSpeaking: () => terms.size > 0,
    async stop() {
      stopAsked.abort();
      await Promise.allSettled(terms);
    },
  };
}

/** Resolves when the term has lasted its time, or the process is to stop. */
async function termOver(stopAsked: AbortSignal): Promise<void> {
  await sleep(termMs, undefined, { signal: stopAsked, ref: false }).catch(() => undefined);
}

/** Starts the workflow that gives the terms, where it does not run yet. */
export async function ensureSpeaker(client: Client, taskQueue: string): Promise<void> {
  await client.workflow.start(speakerWorkflowType, {
    workflowId: speakerWorkflowId,
    taskQueue,
    ...oneForAll,
    staticSummary: 'One worker process speaks to Nexudus and Kisi',
  });
}
