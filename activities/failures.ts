import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { UnknownTimeZone } from '../access/calendar.js';
import { KisiError } from '../kisi/errors.js';
import { NexudusError } from '../nexudus/errors.js';
import { TrailError } from '../trail/errors.js';
import type { FailureType } from './contract.js';

/**
 * The one place where an error becomes retried or not. A throttle or an outage is retried, at the pace that the API
 * asked for; a refusal or a missing configuration is not: the member says that it is blocked, and why.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof NexudusError) return passOn('Nexudus', error);
  if (error instanceof KisiError) return passOn('Kisi', error);
  if (error instanceof TrailError)
    return ApplicationFailure.create({ type: 'Trail', message: error.message });
  if (error instanceof UnknownTimeZone) {
    return ApplicationFailure.create({ type: 'Configuration', message: error.message, nonRetryable: true });
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** Why nothing can be done by the rules yet: these are read from both APIs at the start. Mended by itself. */
export function notKnownYet({ api, lines }: { api: 'Nexudus' | 'Kisi' | null; lines: string[] }): Error {
  return ApplicationFailure.create({
    type: (api ?? 'Configuration') satisfies FailureType,
    message: `The space could not be checked since the start, so the rules are not known yet: ${lines.join(' ')}`,
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** Whether an API refuses who asks, or says that a right is missing, and not just a request that makes no sense. */
export function isRefusal(error: unknown): error is NexudusError | KisiError {
  if (error instanceof KisiError) return error.kind === 'refused';
  if (!(error instanceof NexudusError) || error.kind !== 'refused') return false;
  return error.status === 401 || error.status === 403 || error.path === '/token';
}

function passOn(type: FailureType, error: NexudusError | KisiError): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: error.message,
    nonRetryable: !error.canRetryHelp,
    // What passes by itself the workflow tells, and a refusal its login (worker/login.ts).
    ...(error.canRetryHelp || isRefusal(error) ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(error.retryAfterMs === null ? {} : { nextRetryDelay: error.retryAfterMs }),
  });
}
