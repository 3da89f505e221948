import {
  defineSignal,
  defineUpdate,
  log,
  setDefaultSignalHandler,
  setHandler,
  type QueryDefinition,
} from '@temporalio/workflow';
import { refuse, takeOrRefuse } from './refuse.js';
import { Misshapen, type Shape } from './shapes.js';

/** How a message is heard. */
interface Hearing<T> {
  /** What Temporal's UI says of it. */
  description: string;
  shape: Shape<T>;
}

/**
 * Has a workflow act on a signal. One that is not what it should be, or cannot be done (`act` throws Misshapen), changes
 * nothing: any other error in a handler would keep the whole workflow from going on.
 */
export function onSignal<T>(
  { name }: { name: string },
  { description, shape, act }: Hearing<T> & { act: (content: T) => void },
): void {
  const tellOfIgnored = tellerOfIgnored();
  setHandler(
    defineSignal<[unknown]>(name),
    (argument) => {
      try {
        act(shape(argument, ''));
      } catch (error) {
        if (!(error instanceof Misshapen)) throw error;
        tellOfIgnored(name, error.message);
      }
    },
    { description },
  );
}

/** How an update is heard. `problemOf` says why it cannot be obeyed; null: it can. */
interface UpdateHearing<T, R> extends Hearing<T> {
  problemOf?: (order: T) => string | null;
  obey: (order: T) => R | Promise<R>;
}

/** Has a workflow obey an update. One that is not what it should be is refused, and is not even kept. */
export function onUpdate<T, R>(
  { name }: { name: string },
  { description, shape, problemOf = () => null, obey }: UpdateHearing<T, R>,
): void {
  const taken = (argument: unknown): T => takeOrRefuse(shape, argument);
  setHandler(defineUpdate<R, [unknown]>(name), (argument) => obey(taken(argument)), {
    description,
    validator: (argument: unknown) => {
      const problem = problemOf(taken(argument));
      if (problem !== null) refuse(problem);
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
