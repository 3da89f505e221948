/** Acts about the whole space: stop something, let everything go on, set the mode. */
import { modes, stopLevels, type Canaries, type Mode } from '../../messages/to-control.js';
import { CommandError } from '../../space/failure.js';
import { orderWords, pauseSpace, resumeSpace, setSpaceMode } from '../../space/stops.js';
import { readZones, spaceZone } from '../../space/zones.js';
import type { Desk } from '../desk.js';
import { FieldError, todayPath, type Act, type Choices, type Typed } from './act.js';
import { idsIn, nameOf, oneOf } from './fields.js';
import { asked, ordersNow } from './reads.js';
import { actWords } from './words.js';

const words = actWords;

/** Stops something for everybody, until somebody lets it go on. */
export const pause: Act = {
  name: 'pause',
  least: 'operator',
  about: null,
  fields: ['level', 'why'],
  defaults: { level: 'revokes' },
  needsWhy: false,
  async plan({ desk, typed }) {
    const level = oneOf('level', typed, stopLevels);
    const [{ stop }, zone] = await Promise.all([ordersNow(desk), zoneHere(desk)]);
    return {
      says: [
        words.pause.does(level),
        words.pause.then,
        words.pause.ends,
        ...(stop === null ? [] : [words.pause.replaces(orderWords(stop, zone))]),
      ],
      facts: { stop },
      async carryOut(giver, order) {
        await pauseSpace(desk.client, { level, ...giver }, order);
        return { path: todayPath, told: 'paused' };
      },
    };
  },
};

/** Lets everything go on. */
export const resume: Act = {
  name: 'resume',
  least: 'operator',
  about: null,
  fields: ['why'],
  defaults: {},
  needsWhy: false,
  async plan({ desk }) {
    const [{ stop }, zone] = await Promise.all([ordersNow(desk), zoneHere(desk)]);
    if (stop === null) throw new CommandError(words.resume.nothing, 2);
    return {
      says: [words.resume.does(stop.level, orderWords(stop, zone)), words.resume.then],
      facts: { stop },
      async carryOut(giver, order) {
        await resumeSpace(desk.client, giver, order);
        return { path: todayPath, told: 'resumed' };
      },
    };
  },
};

/** Whose keys are written: nobody's, those of a few, everybody's. */
export const mode: Act = {
  name: 'mode',
  least: 'operator',
  about: null,
  fields: ['mode', 'locations', 'members', 'why'],
  defaults: {},
  needsWhy: false,
  async plan({ desk, typed, choices }) {
    const wanted = oneOf('mode', typed, modes);
    const few = canariesIn(typed, wanted);
    const [orders, zone] = await Promise.all([ordersNow(desk), zoneHere(desk)]);
    return {
      says: [
        words.mode.does(wanted, fewWords(few, choices, desk)),
        words.mode.now(orders.mode.name, orderWords(orders.mode, zone)),
        wanted === 'observe' ? words.mode.stays : words.mode.numbers,
      ],
      facts: { mode: orders.mode },
      async carryOut(giver, order) {
        await setSpaceMode(desk.client, { mode: wanted, ...few, ...giver }, order);
        return { path: todayPath, told: 'modeSet' };
      },
    };
  },
};

/** The locations and members of `canary`. Throws FieldError where `canary` has none, or where another mode has some. */
function canariesIn(typed: Typed, wanted: Mode): Canaries {
  const few = { locationIds: idsIn('locations', typed), memberIds: idsIn('members', typed) };
  const areSome = few.locationIds.length + few.memberIds.length > 0;
  if (wanted === 'canary' && !areSome) throw new FieldError('locations', words.problems.canary);
  if (wanted === 'canary' || !areSome) return few;
  const field = few.locationIds.length > 0 ? 'locations' : 'members';
  throw new FieldError(field, words.problems.notCanary);
}

function fewWords({ locationIds, memberIds }: Canaries, { locations }: Choices, { people }: Desk): string {
  return [
    ...locationIds.map((id) => words.mode.location(nameOf(id, locations), id)),
    ...memberIds.map((id) => words.member(people?.nameOf(id) ?? null, id)),
  ].join(', ');
}

/** The zone in which times of the whole space are told. */
async function zoneHere({ client }: Desk): Promise<string | null> {
  return spaceZone(await asked(() => readZones(client)));
}
