import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { ApiName } from './api-watch.js';

const channel = 'http.client.response.finish';
const longest = 100;

/**
 * Tells of answers of an API whose headers say that something will end: Deprecation (RFC 9745) and Sunset (RFC 8594). Node
 * itself tells of every answer to this process, so no client needs to. Answers how to stop.
 */
export function watchRetiring(
  hosts: Record<ApiName, string>,
  tell: (api: ApiName, words: string) => void,
): () => void {
  const onFinish = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const { deprecation, sunset } = response.headers;
    if (deprecation === undefined && sunset === undefined) return;
    const host = request.getHeader('host');
    for (const api of ['nexudus', 'kisi'] as const)
      if (hosts[api] === host) tell(api, wordsOf(request, deprecation, sunset));
  };
  subscribe(channel, onFinish);
  return () => void unsubscribe(channel, onFinish);
}

/** The path without ids and query: those may be of a person. */
function wordsOf({ method, path }: ClientRequest, deprecation: unknown, sunset: unknown): string {
  const template = (path.split('?')[0] ?? '').replace(/\d+/g, '{id}');
  const said = [
    ...(deprecation === undefined ? [] : [`Deprecation: ${plain(deprecation)}`]),
    ...(sunset === undefined ? [] : [`Sunset: ${plain(sunset)}`]),
  ];
  return `${method} ${template} (${said.join(', ')})`;
}

/** Headers come from outside. */
const plain = (value: unknown): string =>
  String(value)
    .replace(/[^\x20-\x7e]/g, ' ')
    .slice(0, longest);
