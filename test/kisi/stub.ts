/** A server that answers as a test says, and remembers what it was asked. */
import fastify from 'fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** One request as it came over the wire. */
export interface StubRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: FastifyRequest['headers'];
  body: unknown;
}

/** Answers one request. */
export type StubAnswer = (request: StubRequest, reply: FastifyReply) => unknown;

/** Starts a server on a free port that gives every request to `answer`. */
export async function startStub(answer: StubAnswer) {
  const app = fastify({ forceCloseConnections: true });
  const requests: StubRequest[] = [];
  app.all('/*', async (request, reply) => {
    const { pathname, searchParams } = new URL(request.url, 'http://stub');
    const { method, headers, body } = request;
    const seen = { method, path: pathname, query: Object.fromEntries(searchParams), headers, body };
    requests.push(seen);
    return answer(seen, reply);
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, requests, stop: () => app.close() };
}

/** A role assignment as Kisi shows it. */
export function assignmentRow(row: {
  id: number;
  userId: number;
  groupId: number;
  validUntil?: string | null;
}) {
  return {
    id: row.id,
    resource_type: 'RoleAssignment',
    role_id: 'group_basic',
    applies_to_type: 'Group',
    applies_to_id: row.groupId,
    assignee_type: 'User',
    assignee_id: row.userId,
    valid_from: null,
    valid_until: row.validUntil ?? null,
    created_at: '2026-01-02T03:04:05Z',
    created_by_type: 'User',
    created_by_id: 9,
  };
}
