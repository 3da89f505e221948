import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
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
  return error instanceof Error ? error : new Error(String(error));
}

interface ApiError {
  message: string;
  canRetryHelp: boolean;
  retryAfterMs: number | null;
}

function passOn(type: FailureType, error: ApiError): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: error.message,
    nonRetryable: !error.canRetryHelp,
    ...(error.canRetryHelp ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(error.retryAfterMs === null ? {} : { nextRetryDelay: error.retryAfterMs }),
  });
}
