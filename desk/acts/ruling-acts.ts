/** Acts about what waits for a person to rule: exceptions that hold, keys that are withheld, findings of the comparison. */
import { setTimeout as sleep } from 'node:timers/promises';
import { refusalOf, type DriftVerb } from '../../access/drift.js';
import type { Ruling, Unforeseen, Withheld } from '../../access/revocation-guard.js';
import type { FindingView } from '../../messages/to-drift.js';
import { knownZone } from '../../space/blocks.js';
import { lastFindings, ruleFinding } from '../../space/drift.js';
import { lastingAt, withdrawException } from '../../space/exceptions.js';
import { CommandError } from '../../space/failure.js';
import { withGroupNames } from '../../space/names.js';
import { timeWords, withLocalTimes } from '../../space/times.js';
import { listWithheld, ruleWithheld } from '../../space/withheld.js';
import { readZones, spaceZone, zoneOf, type Zones } from '../../space/zones.js';
import { counted } from '../../lib/words.js';
import type { Desk } from '../desk.js';
import { memberPath, todayPath, type Act, type Asked, type Choices, type Planned } from './act.js';
import { nameOf } from './fields.js';
import { asked, exceptionSaid, ordersNow } from './reads.js';
import { actWords } from './words.js';

const words = actWords;

/** The most keys that a page lists. */
const mostListed = 200;
/** A ruling may take a comparison, which in a large space takes a minute: nobody waits so long for a page. */
const ruledWithinMs = 20_000;

/** Ends an exception before its time. */
export const withdraw: Act = {
  name: 'withdraw',
  least: 'operator',
  about: 'id',
  fields: ['why'],
  defaults: {},
  needsWhy: false,
  async plan({ desk, id, choices }) {
    const orders = await ordersNow(desk);
    const exception = lastingAt(orders.exceptions, desk.now()).find((one) => one.id === id);
    if (exception === undefined) throw new CommandError(words.withdraw.gone(id), 2);
    const zone = await memberZone(desk, exception.memberId);
    return {
      says: [words.withdraw.ends(exceptionSaid(exception, choices, zone)), words.withdraw[exception.kind]],
      facts: exception,
      async carryOut(giver, order) {
        const ended = await withdrawException(desk.client, { exceptionId: id, ...giver }, order);
        return { path: memberPath(ended.memberId), told: 'withdrawn' };
      },
    };
  },
};

/** The time zone of a member's location; where that zone is not known or there is no member, the zone of the whole space. */
async function memberZone({ client }: Desk, memberId: number | null): Promise<string | null> {
  const own = memberId === null ? null : await asked(() => knownZone(client, memberId));
  return own ?? spaceZone(await asked(() => readZones(client)));
}

/** Takes withheld keys away. */
export const approve = withheldAct('approve');
/** Keeps withheld keys. */
export const reject = withheldAct('reject');

function withheldAct(does: Ruling['does']): Act {
  return {
    name: does,
    least: 'operator',
    about: 'id',
    fields: ['why'],
    defaults: {},
    needsWhy: false,
    async plan(of) {
      const { desk, id } = of;
      const all = await asked(() => listWithheld(desk.client));
      const withheld = all.find((one) => one.id === id);
      if (withheld === undefined) throw new CommandError(words.withheld.gone(id), 2);
      const zones = await asked(() => readZones(desk.client));
      return {
        ...withheldTold(of, does, withheld, zones),
        async carryOut(giver, order) {
          await ruleWithheld(desk.client, { id, does, ...giver }, order);
          return { path: todayPath, told: does === 'approve' ? 'approved' : 'rejected' };
        },
      };
    },
  };
}

function withheldTold(
  of: Asked,
  does: Ruling['does'],
  { losses, ruling }: Withheld,
  zones: Zones,
): Omit<Planned, 'carryOut'> {
  const people = new Set(losses.map(({ memberId }) => memberId)).size;
  const keys = `${counted(losses.length, 'key')} of ${counted(people, 'member')}`;
  const before =
    ruling === null
      ? []
      : [words.withheld.ruled(ruledBefore(words.withheld.verbs[ruling.does], ruling, spaceZone(zones)))];
  return {
    says: [words.withheld[does](keys), ...(does === 'approve' ? [words.withheld.later] : []), ...before],
    rows: [
      ...losses.slice(0, mostListed).map((loss) => lossRow(loss, of, zones)),
      ...(losses.length > mostListed ? [words.withheld.more(losses.length - mostListed)] : []),
    ],
    facts: losses.map(({ memberId, groupId }) => `${memberId}/${groupId}`).sort(),
  };
}

function lossRow({ memberId, groupId, locationId, why }: Unforeseen, of: Asked, zones: Zones): string {
  const { desk, choices } = of;
  const member = words.member(desk.people?.nameOf(memberId) ?? null, memberId);
  const group = words.group(nameOf(groupId, choices.groups), groupId);
  return words.withheld.row(member, group, withLocalTimes(why, zoneOf(zones, locationId)));
}

/** Has Kisi changed back to what Latchkey gave. */
export const repair = findingAct('repair');
/** Takes what is in Kisi as right. */
export const adopt = findingAct('adopt');
/** Leaves a finding as it is. */
export const ignore = findingAct('ignore');

const toldOfRuling = { repair: 'repaired', adopt: 'adopted', ignore: 'ignored' } as const;

function findingAct(verb: DriftVerb): Act {
  return {
    name: verb,
    least: 'operator',
    about: 'id',
    fields: ['why'],
    defaults: {},
    needsWhy: false,
    async plan({ desk, id, choices }) {
      const { findings } = await asked(() => lastFindings(desk.client));
      const finding = findings.find((one) => one.id === id);
      if (finding === undefined) throw new CommandError(words.finding.gone(id), 2);
      const refusal = refusalOf({ ...finding, keys: [] }, verb, desk.now());
      if (refusal !== null) throw new CommandError(refusal, 2);
      const zone = await memberZone(desk, finding.memberId);
      const member =
        finding.memberId === null
          ? null
          : words.member(desk.people?.nameOf(finding.memberId) ?? null, finding.memberId);
      return {
        says: findingSays(finding, verb, member, choices, zone),
        facts: { what: finding.what, ruling: finding.ruling },
        async carryOut(giver, order) {
          const ruled = ruleFinding(desk.client, { id, verb, ...giver }, order);
          const late = sleep(ruledWithinMs, null, { ref: false });
          const isOver = (await Promise.race([ruled, late])) !== null;
          return { path: todayPath, told: isOver ? toldOfRuling[verb] : 'ruledOn' };
        },
      };
    },
  };
}

function findingSays(
  { kind, what, groupId, groupName, ruling }: FindingView,
  verb: DriftVerb,
  member: string | null,
  { groups }: Choices,
  zone: string | null,
): string[] {
  const { finding } = words;
  const names = new Map(typeof groups === 'string' ? [] : groups.map(({ id, name }) => [id, name]));
  const group = groupId === null ? null : words.group(groupName ?? names.get(groupId) ?? null, groupId);
  const about = [member, group].filter((one) => one !== null).join(', ');
  return [
    finding.is(kind, withGroupNames(withLocalTimes(what, zone), names).replace(/\.$/, '')),
    ...(about === '' ? [] : [finding.about(about)]),
    verb === 'ignore' ? finding.ignore : (words.rulings[verb][kind] ?? ''),
    ...(ruling === null ? [] : [finding.ruled(ruledBefore(finding.verbs[ruling.verb], ruling, zone))]),
  ].filter((said) => said !== '');
}

/** Who ruled before, how and when: 'approved by Mia, Sun 29 Nov 16:11, Rome'. */
function ruledBefore(
  verb: string,
  { by, at }: { by: string; at: number | string },
  zone: string | null,
): string {
  return `${verb} by ${by}, ${timeWords(at, zone)}`;
}
