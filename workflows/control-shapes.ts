/** The shapes in which the workflow `control` takes orders from outside (shapes.ts), and which orders it refuses. */
import { iso, type Exception } from '../access/types.js';
import {
  exceptionWords,
  modes,
  mostCanaries,
  mostExceptions,
  stopLevels,
  type Canaries,
  type ExceptionWish,
  type Giver,
  type Mode,
  type Orders,
} from '../messages/to-control.js';
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
const canaries = listOf(id, mostCanaries);

/** A mode that is ordered. */
export const modeShape = fields<Canaries & Giver & { mode: Mode }>({
  mode: oneOf(modes),
  locationIds: canaries,
  memberIds: canaries,
  ...giver,
});

/** What is wrong with `canary` for nobody, or another mode for only a few; null: nothing. */
export function problemOfMode({ mode, locationIds, memberIds }: Canaries & { mode: Mode }): string | null {
  const areSome = locationIds.length + memberIds.length > 0;
  if (areSome === (mode === 'canary')) return null;
  return areSome
    ? `${mode} is for all: name no location and no member`
    : 'canary needs a location or a member';
}

const reason: Shape<string> = (value, name) => {
  const text = value === undefined ? '' : giver.why(value);
  if (text.trim() === '') throw new Misshapen(`say why (${name})`);
  return text;
};

const wished = {
  kind: oneOf(['allow', 'block']),
  memberId: id,
  groupId: orNull(id),
  until: instant,
  by: giver.by,
  account: giver.account,
  reason,
} satisfies Record<string, Shape<unknown>>;

/** An exception that is ordered. */
export const wishShape = fields<ExceptionWish>(wished);

/** What is wrong with an exception that makes no sense, is one too many or contradicts one that holds; null: nothing. */
export function problemOfWish(wish: ExceptionWish, exceptions: readonly Exception[]): string | null {
  const { kind, memberId, groupId, until } = wish;
  if (groupId === null && kind === 'allow') return 'name the group that is allowed';
  if (until <= Date.now()) return `the end, ${iso(until)}, is past`;
  const lasting = exceptions.filter((one) => one.until > Date.now());
  if (lasting.length >= mostExceptions)
    return `there are ${mostExceptions} exceptions already: withdraw some`;
  const other = lasting.find(
    (one) =>
      one.memberId === memberId &&
      one.kind !== kind &&
      (one.groupId === null || groupId === null || one.groupId === groupId),
  );
  return other === undefined ? null : `it contradicts ${exceptionWords(other)}; withdraw that first`;
}

const order = { ...giver, since: instant };
/** The orders that the workflow is started with, as somebody may type them. */
export const ordersShape = fields<Orders>({
  stop: orNull(fields({ ...order, level: oneOf(stopLevels) })),
  mode: fields({ ...order, name: oneOf(modes), locationIds: canaries, memberIds: canaries }),
  resumedAt: or(orNull(instant), null),
  exceptions: or(listOf(fields<Exception>({ ...wished, id, from: instant }), mostExceptions), []),
  nextExceptionId: or(id, 1),
  revision: or(count, 0),
});
