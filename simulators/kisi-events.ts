/** Kisi's event webhooks: an integration is told of each change, made over the API or in Kisi's own web interface. */
import { setMaxListeners } from 'node:events';
import { createHmac, randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import * as http from './kisi-http.js';
import type { KisiChange, KisiOrganization } from './kisi-organization.js';
import type { Simulation } from './kisi-switches.js';
import type { Wait } from './server.js';

/** An event webhook. `signature_key` is never shown. */
interface Integration {
  id: number;
  name: string;
  url: string;
  enabled: boolean;
  /** Empty: every event. */
  enabled_events: string[];
  signature_key: string | null;
  disabled_due_to_error_at: string | null;
  errors: number;
  created_at: string;
}

const creatable = {
  name: http.isText,
  type: http.isText,
  url: http.isText,
  enabled: http.isBoolean,
  enabled_events: isTexts,
  signature_key: http.isTextOrNull,
};

/** After this many errors in a row the simulator gives up. Kisi's own number is not known. */
const mostErrors = 10;

/** What sends the events; it outlives the requests that cause them. */
export interface EventSender {
  /** Resolves when every event that is due was sent. */
  settled: () => Promise<void>;
  /** Gives up what is under way. */
  stop(): Promise<void>;
}

/** Adds `POST /integrations`, and tells each integration of what changes. */
export function addEventWebhooks(app: FastifyInstance, simulation: Simulation, wait: Wait): EventSender {
  const { org, switches } = simulation;
  const integrations: Integration[] = [];
  const sending = new Set<Promise<void>>();
  const stopped = new AbortController();
  // There are as many listeners as calls at once.
  setMaxListeners(0, stopped.signal);

  app.post('/integrations', (request) => {
    const sent = http.readFields(http.unwrap(request.body, 'integration'), creatable);
    const { name, type, url, enabled = true, enabled_events = [], signature_key = null } = sent;
    if (!name) throw http.invalid('name', "can't be blank");
    if (type !== 'event_webhook') throw http.invalid('type', 'is invalid');
    if (url === undefined || !URL.canParse(url)) throw http.invalid('url', 'is invalid');
    const id = 9001 + integrations.length;
    const about = { errors: 0, disabled_due_to_error_at: null, created_at: org.timestamp() };
    const made = { id, name, url, enabled, enabled_events, signature_key, ...about };
    integrations.push(made);
    return integrationBody(org, made);
  });

  org.onChange = (change) => {
    const event = eventBody(org, change);
    for (const to of integrations) {
      const wanted = to.enabled_events.length === 0 || to.enabled_events.includes(change.type);
      if (to.enabled && wanted && to.disabled_due_to_error_at === null) queue(to, JSON.stringify(event));
    }
  };

  function queue(to: Integration, body: string): void {
    for (let i = 0; i < (switches.eventsTwice ? 2 : 1); i++) {
      const one: Promise<void> = deliver(to, body).finally(() => sending.delete(one));
      sending.add(one);
    }
  }

  async function deliver(to: Integration, body: string): Promise<void> {
    // The request that caused the event is answered first.
    await new Promise((resolve) => setImmediate(resolve));
    const { eventDelayMs } = switches;
    if (eventDelayMs > 0) await wait(eventDelayMs, stopped.signal);
    const headers = { 'Content-Type': 'application/json', ...signatureOf(to, body) };
    const { signal } = stopped;
    const answer = await fetch(to.url, { method: 'POST', headers, body, signal }).catch(() => null);
    await answer?.arrayBuffer().catch(() => undefined);
    to.errors = answer?.ok === true ? 0 : to.errors + 1;
    if (to.errors >= mostErrors) to.disabled_due_to_error_at ??= org.timestamp();
  }

  function signatureOf({ signature_key }: Integration, body: string): Record<string, string> {
    if (signature_key === null) return {};
    const mac = createHmac('sha256', signature_key).update(body).digest(switches.eventSignatureEncoding);
    return { 'X-Signature': switches.eventSignaturePrefix ? `sha256=${mac}` : mac };
  }

  async function settled(): Promise<void> {
    await Promise.all(sending);
  }

  return {
    settled,
    async stop() {
      stopped.abort();
      await settled();
    },
  };
}

/** An event as it is sent. The actor is always the owner of the key, who may work in the web interface as well. */
function eventBody(org: KisiOrganization, { type, object }: KisiChange): object {
  return {
    uuid: randomUUID(),
    type,
    actor_type: 'User',
    actor_id: org.ownerId,
    actor_name: org.people.get(org.ownerId)?.name ?? '',
    object_type: object.type,
    object_id: object.id,
    object_name: object.name,
    organization_id: org.id,
    place_id: null,
    success: true,
    error_code: null,
    error_message: null,
    created_at: org.timestamp(),
  };
}

function integrationBody(org: KisiOrganization, integration: Integration): object {
  const { id, name, enabled, disabled_due_to_error_at, created_at } = integration;
  return {
    id,
    resource_type: 'Integration',
    name,
    type: 'event_webhook',
    enabled,
    disabled_due_to_error: disabled_due_to_error_at !== null,
    disabled_due_to_error_at,
    created_at,
    updated_at: created_at,
    organization_id: org.id,
    organization: { id: org.id, resource_type: 'Organization', name: org.name },
    place_id: null,
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
