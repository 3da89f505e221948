/** What needs somebody about the APIs: whether they answer, take the credentials, and agree on the time. */
import {
  clockNames,
  clocksAgreeMs,
  clockWords,
  verdictOf,
  type Ahead,
  type ClockName,
} from '../access/clocks.js';
import type { Instant } from '../access/types.js';
import { durationWords } from '../lib/durations.js';
import { sentence, utc, type Alert, type AlertLimits } from './alert.js';
import type { ApiName, ApiState, CallProblem } from './api-watch.js';
import type { Facts } from './facts.js';

/** How long before its end a token is reported. */
export const tokenSoonMs = 24 * 3_600_000;
/** A token that still works this long after its end has another one. */
const tokenLateMs = 24 * 3_600_000;

/** As people call them. */
export const names = { nexudus: 'Nexudus', kisi: 'Kisi' } as const;
const credentials: Record<ApiName, string> = {
  nexudus: 'NEXUDUS_EMAIL and NEXUDUS_PASSWORD, or NEXUDUS_TOKEN',
  kisi: 'KISI_API_KEY',
};
export const apiNames: readonly ApiName[] = ['nexudus', 'kisi'];

/** What is wrong with an API as a whole, or with single calls. */
export function apiAlerts(api: ApiName, { apis }: Facts, now: Instant, limits: AlertLimits): Alert[] {
  const state = apis?.[api];
  if (state === undefined) return [];
  return [
    ...downAlert(api, state, now, limits),
    ...refusedAlert(api, state),
    ...state.problems.flatMap((problem) => callAlert(api, problem, limits)),
    ...(state.retiring === null
      ? []
      : [
          {
            cause: `retiring/${api}`,
            since: null,
            text: `${names[api]} says that something Latchkey uses will end: ${state.retiring}. A newer version of Latchkey may be needed by then.`,
          },
        ]),
  ];
}

function downAlert(api: ApiName, { down }: ApiState, now: Instant, { downMs }: AlertLimits): Alert[] {
  if (down === null || now - down.since < downMs) return [];
  const { since, why } = down;
  const meanwhile =
    api === 'kisi'
      ? 'Latchkey gives and takes away no keys'
      : 'Latchkey notices nothing new, and takes nothing away';
  const text = `${names[api]} has not answered since ${utc(since)}: ${sentence(why)} ${meanwhile} until it does; then Latchkey catches up by itself.`;
  return [{ cause: `down/${api}`, since, text }];
}

function refusedAlert(api: ApiName, { refused }: ApiState): Alert[] {
  if (refused === null) return [];
  const { since, why } = refused;
  const text = `${names[api]} has refused Latchkey's credentials since ${utc(since)}: ${sentence(why)} Correct ${credentials[api]}.`;
  return [{ cause: `refused/${api}`, since, text }];
}

/** A problem must be seen at both ends of this time: a single failure that nothing followed does not last. */
function callAlert(api: ApiName, problem: CallProblem, { callMs }: AlertLimits): Alert[] {
  const { call, kind, since, lastAt, why } = problem;
  if (lastAt - since < callMs) return [];
  const what = kind === 'refused' ? 'has refused' : 'has answered otherwise than documented to';
  const next =
    kind === 'refused' ? 'Check what the role may do.' : 'A newer version of Latchkey may be needed.';
  const text = `${names[api]} ${what} "${call}" since ${utc(since)}: ${sentence(why)} ${next}`;
  return [{ cause: `call/${api}/${call}`, since, text }];
}

/** One alert for all clocks: one clock that is wrong differs from all others. */
export function clockAlerts({ apis, temporalSkewMs }: Facts): Alert[] {
  if (apis === null) return [];
  const skews = { temporal: temporalSkewMs, nexudus: apis.nexudus.skewMs, kisi: apis.kisi.skewMs };
  const verdict = verdictOf({
    temporal: exactly(skews.temporal),
    nexudus: exactly(skews.nexudus),
    kisi: exactly(skews.kisi),
  });
  if (verdict.wrong.length === 0) return [];
  const differences = Object.entries(skews).flatMap(([name, ms]) => {
    if (ms === null || Math.abs(ms) <= clocksAgreeMs) return [];
    const which = ms > 0 ? 'ahead of' : 'behind';
    return [`${clockNames([name as ClockName])} is ${durationWords(Math.abs(ms))} ${which} this machine's`];
  });
  const text = `Clocks differ (${differences.join(', ')}). ${clockWords(verdict)}`;
  const cause = verdict.state === 'disputed' ? 'clocks/disputed' : `clocks/${verdict.wrong.join('-')}`;
  return [{ cause, since: null, text }];
}

const exactly = (ms: number | null): Ahead | null => (ms === null ? null : { least: ms, most: ms });

/** A token that is refused already has the alert of the refusal instead. */
export function tokenAlerts({ tokenEndsAt: endsAt, apis }: Facts, now: Instant): Alert[] {
  const isRefused = (apis?.nexudus.refused ?? null) !== null;
  if (endsAt === null || isRefused || now < endsAt - tokenSoonMs || now > endsAt + tokenLateMs) return [];
  return [{ cause: 'token/nexudus', since: null, text: tokenEndWords(endsAt) }];
}

/** What to do about a token that ends soon. */
export function tokenEndWords(endsAt: Instant): string {
  return `NEXUDUS_TOKEN ends at ${utc(endsAt)} or before, and Latchkey cannot read Nexudus from then on: put a new token in its place, which Latchkey uses within seconds, or set NEXUDUS_EMAIL and NEXUDUS_PASSWORD instead, so that Latchkey renews its token itself.`;
}
