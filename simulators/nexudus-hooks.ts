/**
 * Webhooks of the simulated Nexudus: which webhooks a change causes, and how they are sent. Bookings, invoices and whatever
 * else says nothing about access are left out, and so is what happens by the clock alone.
 */
import { setMaxListeners } from 'node:events';
import { createHmac } from 'node:crypto';
import type { Contract, RecordOf, Row } from './nexudus-records.js';
import { stamp, type Change, type NexudusStore } from './nexudus-store.js';
import type { NexudusSwitches } from './nexudus-switches.js';
import { createView, runs } from './nexudus-views.js';
import type { Wait } from './server.js';

/** Numbers of WebHook.Action (enum eWebhookAction) that are sent. */
export const hookActions = {
  coworkerUpdate: 2,
  coworkerCreate: 3,
  contractActivate: 10,
  contractCancel: 11,
  contractRenew: 12,
  contractUpgradeDowngrade: 13,
  contractActivateFirst: 14,
  coworkerCheckout: 35,
  coworkerCheckin: 36,
  checkinCreated: 47,
  checkinUpdated: 48,
  checkinDeleted: 49,
  coworkerDelete: 50,
  teamCreated: 57,
  teamUpdated: 58,
  teamDeleted: 59,
  contractUpdate: 60,
  accessControlUpdate: 61,
  contractCreate: 62,
  contractDelete: 77,
} as const;

/** A hook is switched off after this many failures in a row. */
const mostFailures = 10;
/** How long an answer may take. Not published. */
const timeoutMs = 10_000;

/** Something to tell: its action, its location, and the record in full. */
interface HookEvent {
  action: number;
  businessId: number | null;
  record: Row;
}

/** Sends hooks from now on. */
export interface HookSender {
  /** Resolves when nothing is under way any more. */
  settled: () => Promise<void>;
  /** Cuts what is under way; nothing is sent any more. */
  stop(): Promise<void>;
}

/** Has every change of the account told to the hooks that are for it, each hook's calls one after the other. */
export function sendHooks(store: NexudusStore, wait: Wait): HookSender {
  const stopping = new AbortController();
  // There are as many listeners as calls at once.
  setMaxListeners(0, stopping.signal);
  const lastCalls = new Map<number, Promise<void>>();
  const failuresInARow = new Map<number, number>();

  store.onChange = (change) => {
    const { collection, before, after } = change;
    if (collection === 'webhooks') {
      if (after?.Active && !before?.Active) failuresInARow.delete(after.Id);
      return;
    }
    const hooks = store.list('webhooks').filter((hook) => hook.Active);
    if (hooks.length === 0) return;
    for (const event of eventsOf(store, change)) {
      const body = JSON.stringify(store.switches.hookBody === 'array' ? [event.record] : event.record);
      for (const hook of hooks.filter((one) => isFor(store, one, event))) {
        queue(hook.Id, body);
        if (store.switches.hooksTwice) queue(hook.Id, body);
      }
    }
  };

  function queue(hookId: number, body: string): void {
    const last = lastCalls.get(hookId) ?? Promise.resolve();
    const { hookDelayMs } = store.switches;
    const due = hookDelayMs === 0 ? null : wait(hookDelayMs, stopping.signal);
    lastCalls.set(
      hookId,
      Promise.all([last, due]).then(() => deliver(hookId, body)),
    );
  }

  async function deliver(hookId: number, body: string): Promise<void> {
    const hook = store.get('webhooks', hookId);
    if (!hook?.Active || stopping.signal.aborted) return;
    note(hookId, await post(store, hook.URL, body, stopping.signal));
  }

  function note(hookId: number, error: string | null): void {
    const hook = store.get('webhooks', hookId);
    if (!hook || stopping.signal.aborted) return;
    const LastTrigger = stamp(store.now());
    const failures = error === null ? 0 : (failuresInARow.get(hookId) ?? 0) + 1;
    failuresInARow.set(hookId, failures);
    if (error === null) store.update('webhooks', hookId, { LastTrigger });
    else
      store.update('webhooks', hookId, {
        LastTrigger,
        LastError: error,
        ErrorCount: hook.ErrorCount + 1,
        Active: failures < mostFailures,
      });
  }

  async function settled(): Promise<void> {
    await Promise.all(lastCalls.values());
  }

  return {
    settled,
    async stop() {
      stopping.abort();
      await settled();
    },
  };
}

/** One call. Answers what went wrong; null: nothing. */
async function post(
  { switches }: NexudusStore,
  url: string,
  body: string,
  stopping: AbortSignal,
): Promise<string | null> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' };
  if (switches.hookSecret !== null)
    headers['X-Nexudus-Hook-Signature'] = signatureOf(body, switches.hookSecret, switches);
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]);
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await answer.body?.cancel();
    return answer.ok ? null : `HTTP ${answer.status}`;
  } catch {
    return 'No answer';
  }
}

function signatureOf(
  body: string,
  secret: string,
  { hookSignatureFold: fold, hookSignatureLetters: letters }: NexudusSwitches,
): string {
  const [message, key] = fold === 'ascii' ? [ascii(body), ascii(secret)] : [body, secret];
  const hex = createHmac('sha256', key).update(message, 'utf8').digest('hex');
  return letters === 'upper' ? hex.toUpperCase() : hex;
}

/** What ASCII lacks becomes a question mark. */
function ascii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, '?');
}

function isFor(store: NexudusStore, hook: RecordOf<'webhooks'>, { action, businessId }: HookEvent): boolean {
  if (hook.Action !== action || businessId === null) return false;
  const covered = store.switches.hooksCoverNetworks ? placesAbove(store, businessId) : [businessId];
  return covered.includes(hook.BusinessId);
}

/** A location and the networks above it. */
function placesAbove(store: NexudusStore, businessId: number): number[] {
  const places: number[] = [];
  for (let id: number | null = businessId; id !== null && !places.includes(id);) {
    places.push(id);
    id = store.get('businesses', id)?.RootLocationId ?? null;
  }
  return places;
}

function eventsOf(store: NexudusStore, change: Change): HookEvent[] {
  switch (change.collection) {
    case 'coworkers':
      return coworkerEvents(store, change);
    case 'coworkercontracts':
      return contractEvents(store, change);
    case 'coworkertimepasses': {
      const pass = change.after ?? change.before;
      return pass ? accessEvents(store, [pass.CoworkerId], pass.BusinessId) : [];
    }
    case 'teams':
      return teamEvents(store, change);
    case 'checkins':
      return checkinEvents(store, change);
    default:
      return [];
  }
}

type ChangeOf<C extends Change['collection']> = Extract<Change, { collection: C }>;

function coworkerEvents(store: NexudusStore, { before, after }: ChangeOf<'coworkers'>): HookEvent[] {
  const coworker = after ?? before;
  if (!coworker) return [];
  const events = told(store, 'coworkers', coworker, coworker.InvoicingBusinessId);
  if (!after) return events([hookActions.coworkerDelete]);
  if (!before) return events([hookActions.coworkerCreate, hookActions.accessControlUpdate]);
  const opens = ['Active', 'AccessCardId', 'AccessPincode', 'KeyFobNumber'] as const;
  const access = opens.some((field) => before[field] !== after[field]);
  return events([hookActions.coworkerUpdate, ...(access ? [hookActions.accessControlUpdate] : [])]);
}

function contractEvents(store: NexudusStore, { before, after }: ChangeOf<'coworkercontracts'>): HookEvent[] {
  const contract = after ?? before;
  if (!contract) return [];
  const events = told(store, 'coworkercontracts', contract, contract.IssuedById);
  if (!after) return events([hookActions.contractDelete]);
  const actions: number[] = [before ? hookActions.contractUpdate : hookActions.contractCreate];
  if (!(before && runs(before, store.now())) && runs(after, store.now())) {
    actions.push(hookActions.contractActivate);
    if (isFirst(store, after)) actions.push(hookActions.contractActivateFirst);
  }
  // Whether the order or the end of a contract counts as its cancellation is not known: here each does.
  const ordered = after.CancellationDate !== null && after.CancellationDate !== before?.CancellationDate;
  if (ordered || (after.Cancelled && !before?.Cancelled)) actions.push(hookActions.contractCancel);
  if (before && (after.RenewalDate ?? '') > (before.RenewalDate ?? ''))
    actions.push(hookActions.contractRenew);
  if (before && (before.TariffId !== after.TariffId || before.NextTariffId !== after.NextTariffId))
    actions.push(hookActions.contractUpgradeDowngrade);
  return [...events(actions), ...accessEvents(store, [contract.CoworkerId], contract.IssuedById)];
}

function isFirst(store: NexudusStore, { Id, CoworkerId }: Contract): boolean {
  return store.where('coworkercontracts', 'CoworkerId', CoworkerId).every((other) => other.Id === Id);
}

function teamEvents(store: NexudusStore, { before, after }: ChangeOf<'teams'>): HookEvent[] {
  const team = after ?? before;
  if (!team) return [];
  const [was, is] = [before?.TeamMembers ?? [], after?.TeamMembers ?? []];
  const moved = [...was.filter((id) => !is.includes(id)), ...is.filter((id) => !was.includes(id))];
  const written = before ? hookActions.teamUpdated : hookActions.teamCreated;
  const events = told(store, 'teams', team, team.BusinessId);
  return [
    ...events([after ? written : hookActions.teamDeleted]),
    ...accessEvents(store, moved, team.BusinessId),
  ];
}

function checkinEvents(store: NexudusStore, { before, after }: ChangeOf<'checkins'>): HookEvent[] {
  const checkin = after ?? before;
  if (!checkin) return [];
  const { CoworkerId, BusinessId } = checkin;
  const events = told(store, 'checkins', checkin, BusinessId);
  if (!after) return events([hookActions.checkinDeleted]);
  const written = events([before ? hookActions.checkinUpdated : hookActions.checkinCreated]);
  const [comes, goes] = [!before && after.ToTime === null, before?.ToTime === null && after.ToTime !== null];
  if (!comes && !goes) return written;
  const action = comes ? hookActions.coworkerCheckin : hookActions.coworkerCheckout;
  const coworker = CoworkerId === null ? undefined : store.get('coworkers', CoworkerId);
  const ofCoworker = store.switches.checkinHookRecord === 'coworker' && coworker !== undefined;
  const passage = ofCoworker ? told(store, 'coworkers', coworker, BusinessId)([action]) : events([action]);
  const access = CoworkerId === null ? [] : accessEvents(store, [CoworkerId], BusinessId);
  return [...written, ...passage, ...access];
}

/** AccessControlUpdate, which carries the coworker. Its location is that of the record which changed: not published. */
function accessEvents(store: NexudusStore, coworkerIds: readonly number[], businessId: number): HookEvent[] {
  return coworkerIds.flatMap((id) => {
    const coworker = store.get('coworkers', id);
    if (!coworker) return [];
    return told(store, 'coworkers', coworker, businessId)([hookActions.accessControlUpdate]);
  });
}

/** Events of one record. */
function told(
  store: NexudusStore,
  collection: Change['collection'],
  record: Row,
  businessId: number | null,
): (actions: readonly number[]) => HookEvent[] {
  const full = createView(store).full(collection, record);
  return (actions) => actions.map((action) => ({ action, businessId, record: full }));
}
