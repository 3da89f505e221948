/** What is said to the workflow `control`, as it is taken from outside (shapes.ts), and what of it is refused. */
import { iso, type Exception } from '../access/types.js';
import {
  exceptionWords,
  modes,
  mostCanaries,
  mostExceptions,
  stopLevels,
  type Canaries,
  type ExceptionWish,
  type Mode,
  type Orders,
} from '../messages/to-control.js';
import { refuse } from './refuse.js';
import {
  count,
  fields,
  giver,
  id,
  instant,
  listOf,
  Misshapen,
  oneOf,
  or,
  orNull,
  type Shape,
} from './shapes.js';

/** Ids of locations or members. */
export const canaries = listOf(id, mostCanaries);

/** Refuses a canary of nobody, and a few where everybody is meant. */
export function checkCanaries({ mode, locationIds, memberIds }: Canaries & { mode: Mode }): void {
  const some = locationIds.length + memberIds.length > 0;
  if (mode === 'canary' && !some) refuse('canary needs a location or a member');
  if (mode !== 'canary' && some) refuse(`${mode} is for all: name no location and no member`);
}

const reason: Shape<string> = (value, name) => {
  const text = value === undefined ? '' : giver.why(value);
  if (text.trim() === '') throw new Misshapen(`say why (${name})`);
  return text;
};

/** An exception that is ordered. */
export const wishShape = fields<ExceptionWish>({
  kind: oneOf(['allow', 'block']),
  memberId: id,
  groupId: orNull(id),
  until: instant,
  by: giver.by,
  account: giver.account,
  reason,
});

const contrary: Record<Exception['kind'], Exception['kind']> = { allow: 'block', block: 'allow' };

/** Refuses an exception that makes no sense, is one too many or contradicts one that holds. */
export function checkWish(wish: ExceptionWish, exceptions: readonly Exception[]): void {
  const { kind, memberId, groupId, until } = wish;
  if (groupId === null && kind === 'allow') refuse('name the group that is allowed');
  if (until <= Date.now()) refuse(`the end, ${iso(until)}, is past`);
  const lasting = exceptions.filter((one) => one.until > Date.now());
  if (lasting.length >= mostExceptions)
    refuse(`there are ${mostExceptions} exceptions already: withdraw some`);
  const other = lasting.find(
    (one) =>
      one.memberId === memberId &&
      one.kind === contrary[kind] &&
      (one.groupId === null || groupId === null || one.groupId === groupId),
  );
  if (other !== undefined) refuse(`it contradicts ${exceptionWords(other)}; withdraw that first`);
}

const order = { ...giver, since: instant };
/** What is started with, as where somebody types it. */
export const ordersShape = fields<Orders>({
  stop: orNull(fields({ ...order, level: oneOf(stopLevels) })),
  mode: fields({ ...order, name: oneOf(modes), locationIds: canaries, memberIds: canaries }),
  resumedAt: or(orNull(instant), null),
  exceptions: or(
    listOf(
      fields<Exception>({
        id,
        kind: oneOf(['allow', 'block']),
        memberId: id,
        groupId: orNull(id),
        from: instant,
        until: instant,
        by: giver.by,
        account: giver.account,
        reason,
      }),
      mostExceptions,
    ),
    [],
  ),
  nextExceptionId: or(id, 1),
  revision: or(count, 0),
});
