import type { JSX } from 'hono/jsx/jsx-runtime';
import { version } from '../../lib/version.js';
import { giverWords } from '../../messages/to-control.js';
import { ago, statusLines } from '../../space/status.js';
import type { Viewer } from '../desk.js';
import { zoneIn, type Health as KnownHealth, type ShownHealth } from '../health.js';
import { words } from '../words.js';
import { SpaceActLinks } from './act-links.js';
import { At, Told, type Naming } from './told.js';

const said = words.space.health;
/** Read once: it is a file. */
const release = version();
type Level = 'good' | 'attention' | 'bad';

/** How everything stands, in one line that opens to all of it, and what the viewer may do about it. */
export function HealthLine({ health, viewer }: { health: ShownHealth; viewer: Viewer }): JSX.Element {
  return (
    <aside aria-label={said.title}>
      <Health health={health} viewer={viewer} />
    </aside>
  );
}

function Health({ health, viewer }: { health: ShownHealth; viewer: Viewer }): JSX.Element {
  const level = levelOf(health);
  return (
    <details class={`health ${level}`} {...(level === 'bad' ? { 'data-level': 'bad' } : {})}>
      <summary>
        <strong class={`state ${level}`}>{headline(health)}</strong> {shortLine(health)}
      </summary>
      <h2>{said.title}</h2>
      {health.value === null ? null : (
        <Needed health={health.value} naming={namesNothing(zoneIn(health), viewer)} />
      )}
      <ul>
        {health.problem === null ? null : <li class="bad">{said.unread(health.problem)}</li>}
        <TemporalLine health={health} />
        {health.value === null ? null : <Lines health={health.value} shown={health} viewer={viewer} />}
        <VerifiedLines health={health} />
        <li>{said.version(release)}</li>
      </ul>
      <SpaceActLinks viewer={viewer} />
    </details>
  );
}

function levelOf({ value, problem }: ShownHealth): Level {
  if (problem !== null || value === null || value.standing.length > 0) return 'bad';
  const { orders } = value.facts;
  return orders?.mode.name === 'live' && orders.stop === null ? 'good' : 'attention';
}

function headline({ value, problem }: ShownHealth): string {
  if (problem !== null || value === null) return said.isUnknown;
  if (value.standing.length > 0) return said.needs(value.standing.length);
  return (value.facts.orders?.stop ?? null) === null ? said.isWell : said.isStopped;
}

/** The mode, and when both sides were looked at last. */
function shortLine(health: ShownHealth): string {
  const { value, now } = health;
  if (value === null) return health.problem === null ? said.neverRead : '';
  const { orders, poll, drift } = value.facts;
  const zone = zoneIn(health);
  const comparedAt = drift?.lastComparedAt ?? null;
  return [
    ...(orders === null ? [] : [said.modes[orders.mode.name]]),
    poll.lastGoodAt === null ? said.neverPolled : said.polled(ago(poll.lastGoodAt, now, zone)),
    comparedAt === null ? said.neverCompared : said.compared(ago(comparedAt, now, zone)),
  ].join(' ');
}

function Needed({ health, naming }: { health: KnownHealth; naming: Naming }): JSX.Element | null {
  if (health.standing.length === 0) return null;
  return (
    <>
      <h3>{said.what}</h3>
      <ul>
        {health.standing.map(({ text }) => (
          <li class="bad">
            <Told text={text} naming={naming} />
          </li>
        ))}
      </ul>
    </>
  );
}

function TemporalLine({ health }: { health: ShownHealth }): JSX.Element | null {
  const { temporal } = health;
  if (temporal === null) return null;
  const zone = zoneIn(health);
  if (temporal.answers)
    return (
      <li>
        {said.temporalAnswers} <At at={temporal.since} zone={zone} />.
      </li>
    );
  return (
    <li class="bad">
      {said.temporalSilent} <At at={temporal.since} zone={zone} />. {said.temporalDo}
    </li>
  );
}

function Lines(parts: { health: KnownHealth; shown: ShownHealth; viewer: Viewer }): JSX.Element {
  const { health, shown, viewer } = parts;
  const { facts, inForce } = health;
  const zone = zoneIn(shown);
  const naming = namesNothing(zone, viewer);
  return (
    <>
      <OrderLines health={health} zone={zone} />
      {statusLines(facts, inForce, shown.now, zone).map((line) => (
        <li>
          <Told text={line} naming={naming} />
        </li>
      ))}
      {shown.readAt === null ? null : (
        <li>
          {said.readAt} <At at={shown.readAt} zone={zone} />.
        </li>
      )}
    </>
  );
}

/** What was verified of both APIs, and what differs from what Latchkey takes to be so. */
function VerifiedLines({ health }: { health: ShownHealth }): JSX.Element | null {
  const { value, problem, readAt } = health.verified;
  const zone = zoneIn(health);
  const naming = namesNothing(zone, null);
  if (problem !== null) return <li class="bad">{said.verifiedUnread(problem)}</li>;
  if (readAt === null) return null;
  if (value === null || typeof value === 'string')
    return (
      <li class="attention">
        <Told text={value === null ? said.neverVerified : said.notUsed(value)} naming={naming} />
      </li>
    );
  const { at, release, holds, untold, differs } = value;
  return (
    <li>
      {said.verified} <At at={at} zone={zone} />, {said.verifiedBy(release, holds, differs.length, untold)}
      {differs.length === 0 ? null : (
        <ul>
          {differs.map(({ words: text, needsSomebody }) => (
            <li {...(needsSomebody ? { class: 'bad' } : {})}>
              <Told text={text} naming={naming} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** The mode and the pause, with who ordered each. */
function OrderLines({ health, zone }: { health: KnownHealth; zone: string | null }): JSX.Element {
  const { orders } = health.facts;
  const naming = namesNothing(zone, null);
  if (orders === null)
    return (
      <li>
        <Told text={said.noWorker} naming={naming} />
      </li>
    );
  const { mode, stop } = orders;
  return (
    <>
      <li>
        {said.modes[mode.name]} {said.ordered(giverWords(mode), mode.why)} (<At at={mode.since} zone={zone} />
        ).
      </li>
      {stop === null ? null : (
        <li class="attention">
          {said.stops[stop.level]} {said.ordered(giverWords(stop), stop.why)} (
          <At at={stop.since} zone={zone} />
          ).
        </li>
      )}
    </>
  );
}

/** The texts of this line name no groups and no people. */
function namesNothing(zone: string | null, viewer: Viewer | null): Naming {
  return { people: null, groups: new Map<number, string>(), zone, zones: {}, viewer };
}
