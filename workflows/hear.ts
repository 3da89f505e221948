import {
  defineSignal,
  defineUpdate,
  log,
  setDefaultSignalHandler,
  setHandler,
  type QueryDefinition,
} from '@temporalio/workflow';
import { takeOrRefuse } from './refuse.js';
import { Misshapen, take, type Shape } from './shapes.js';

/** A message by its name: what comes with it is not known yet. */
interface Named {
  name: string;
}

/** How a signal is heard. `description`: what Temporal's UI says of it. */
export interface SignalHearing<T> {
  description: string;
  shape: Shape<T>;
}

/** How an update is heard. `check` throws by `refuse` where it cannot be obeyed. */
export interface UpdateHearing<T> extends SignalHearing<T> {
  check?: (order: T) => void;
}

/**
 * Has a workflow act on a signal. One that is not what it should be, or cannot be done (`act` throws Misshapen), changes
 * nothing: any other error in a handler would keep the whole workflow from going on.
 */
export function onSignal<T>(
  { name }: Named,
  { description, shape }: SignalHearing<T>,
  act: (content: T) => void,
): void {
  const tellOfIgnored = tellerOfIgnored();
  setHandler(
    defineSignal<[unknown]>(name),
    (argument) => {
      try {
        act(take(shape, argument));
      } catch (error) {
        if (!(error instanceof Misshapen)) throw error;
        tellOfIgnored(name, error.message);
      }
    },
    { description },
  );
}

/** Has a workflow obey an update. One that is not what it should be is refused, and is not even kept. */
export function onUpdate<T, R>(
  { name }: Named,
  { description, shape, check }: UpdateHearing<T>,
  obey: (order: T) => R | Promise<R>,
): void {
  const taken = (argument: unknown): T => takeOrRefuse(shape, argument);
  setHandler(defineUpdate<R, [unknown]>(name), (argument) => obey(taken(argument)), {
    description,
    validator: (argument: unknown) => {
      const order = taken(argument);
      check?.(order);
    },
  });
}

/** Has a workflow answer a query. */
export function onQuery<R>(query: QueryDefinition<R>, description: string, answer: () => R): void {
  setHandler(query, answer, { description });
}

/**
 * Drops signals that nobody hears, which would else be kept for as long as the workflow runs. To be called when all others
 * have their handlers: it takes whatever came before. Updates that nobody hears are refused by the SDK.
 */
export function dropOthers(): void {
  const tellOfIgnored = tellerOfIgnored();
  setDefaultSignalHandler((name) => {
    tellOfIgnored('unknown', `there is none of this name (${name.length} characters)`);
  });
}

/** One line for the first, the tenth, the hundredth: a flood must not fill the log. */
function tellerOfIgnored(): (name: string, why: string) => void {
  let times = 0;
  return (name, why) => {
    times += 1;
    if (/^10*$/.test(String(times))) log.warn(`a signal was ignored: ${name}`, { why, times });
  };
}
