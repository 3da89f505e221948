import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { KisiError } from '../kisi/errors.js';
import { NexudusError } from '../nexudus/errors.js';
import { DatabaseError } from '../database/errors.js';
import { OutOfTimeError } from '../lib/within.js';
import type { FailureType } from '../messages/to-activities.js';

/**
 * The longest wait before an API is asked again, however long it asks to wait. Both publish limits for a second and for a
 * minute, so an API that asks for an hour or a day is mistaken, or a gateway in between is. A request a minute harms neither,
 * and no end of access waits longer than that for an answer.
 */
export const longestRetryMs = 60_000;
/** A longer wait is a failure of its own. Quick tries do not sit through it: the workflow first says what it waits for. */
const longestQuickWaitMs = 5_000;

/**
 * The one place where an error becomes retried or not. A throttle or an outage is retried, at the pace that the API
 * asked for, up to `longestRetryMs`; a refusal or a missing configuration is not: the member says that it is blocked, and
 * why.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof NexudusError) return passOn('Nexudus', error);
  if (error instanceof KisiError) return passOn('Kisi', error);
  if (error instanceof OutOfTimeError) {
    const { of, message } = error;
    return ApplicationFailure.create({ type: of, message, category: ApplicationFailureCategory.BENIGN });
  }
  if (error instanceof DatabaseError)
    return ApplicationFailure.create({ type: 'AuditLog', message: error.message });
  return error instanceof Error ? error : new Error(String(error));
}

/** A failure that no retry mends. */
export function finalFailure(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}

/** Why nothing can be done by the rules yet: these are read from both APIs at the start. Mended by itself. */
export function notKnownYet({ api, lines }: { api: 'Nexudus' | 'Kisi' | null; lines: string[] }): Error {
  return ApplicationFailure.create({
    type: (api ?? 'Configuration') satisfies FailureType,
    message: `The space could not be checked since the start, so the rules are not known yet: ${lines.join(' ')}`,
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** Whether an API refuses the login, or says that a right is missing, and not just a request that makes no sense. */
export function isRefusal(error: unknown): error is NexudusError | KisiError {
  if (error instanceof KisiError) return error.kind === 'refused';
  if (!(error instanceof NexudusError) || error.kind !== 'refused') return false;
  return error.status === 401 || error.status === 403 || error.path === '/token';
}

function passOn(of: FailureType, error: NexudusError | KisiError): ApplicationFailure {
  const { message, canRetryHelp } = error;
  // The workflow tells of a problem that passes by itself, and worker/login.ts of a refusal.
  const category = ApplicationFailureCategory.BENIGN;
  if (!canRetryHelp)
    return ApplicationFailure.create({
      ...{ type: of, message, nonRetryable: true },
      ...(isRefusal(error) ? { category } : {}),
    });
  const waitMs = waitOf(error);
  if (waitMs === null) return ApplicationFailure.create({ type: of, message, category });
  const bounded = (error.retryAfterMs ?? 0) > longestRetryMs ? boundedMessage(message) : message;
  const told = { message: bounded, category, nextRetryDelay: waitMs };
  if (waitMs <= longestQuickWaitMs) return ApplicationFailure.create({ ...told, type: of });
  const type: FailureType = 'LongWait';
  return ApplicationFailure.create({ ...told, type, details: [{ of }] });
}

/** The wait that an API asks for, bounded; null: none, or nothing to go by. Less than a second would be no pause at all. */
function waitOf({ retryAfterMs }: NexudusError | KisiError): number | null {
  if (retryAfterMs === null || Number.isNaN(retryAfterMs) || retryAfterMs < 1_000) return null;
  return Math.min(retryAfterMs, longestRetryMs);
}

function boundedMessage(message: string): string {
  return `${message.replace(/\.?$/, '.')} It is asked again within ${longestRetryMs / 1_000} s all the same.`;
}
