import { InterceptingCall, status, type Interceptor } from '@grpc/grpc-js';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

/**
 * For a connection's `interceptors`: failed calls are repeated as by default, but one whose turn comes after the
 * connection was closed fails. By default its timer outlives the connection, and what a closed channel throws out of a
 * timer ends the process.
 */
export function repeatUntilClosed(): Interceptor[] {
  return [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), failWhereClosed];
}

const failWhereClosed: Interceptor = (options, nextCall) => {
  try {
    return new InterceptingCall(nextCall(options));
  } catch (error) {
    return new InterceptingCall(failedCall(error instanceof Error ? error.message : 'no call is possible'));
  }
};

/** A call that answers at once that it came to nothing. */
function failedCall(details: string): ConstructorParameters<typeof InterceptingCall>[0] {
  const nothing = (): void => undefined;
  return {
    start: (metadata, listener) => listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata }),
    sendMessageWithContext: nothing,
    sendMessage: nothing,
    startRead: nothing,
    halfClose: nothing,
    cancelWithStatus: nothing,
    getPeer: () => '',
    getAuthContext: () => null,
  };
}
