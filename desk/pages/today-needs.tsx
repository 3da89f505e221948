/** What needs somebody, each with what to do. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Withheld } from '../../access/revocation-guard.js';
import type { Exception, Instant } from '../../access/types.js';
import type { Invitation } from '../../activities/invitations.js';
import { giverWords } from '../../messages/to-control.js';
import type { FindingView } from '../../messages/to-drift.js';
import type { Alert } from '../../monitoring/alert.js';
import type { Disagreement } from '../../space/disagreements.js';
import type { ListedMember } from '../../space/member-lists.js';
import { ago } from '../../space/status.js';
import type { ShownHealth } from '../health.js';
import { dayMs, mostListed, type TodayFacts } from '../today-facts.js';
import { words } from '../words.js';
import { ExceptionActLinks, FindingActLinks, MemberActLinks, WithheldActLinks } from './act-links.js';
import { LateInvitation } from './invitations.js';
import { Unread, type About } from './part.js';
import { At, Group, namingAt, Person, Told, Until } from './told.js';

const said = words.space.today;
/** An exception that ends within this time is pointed out. */
const soonMs = 7 * dayMs;
/** An invitation that is not accepted needs somebody this long after it was sent: a first reminder would be due then as well. */
const lateMs = 2 * dayMs;

interface NeedsParts {
  facts: TodayFacts;
  health: ShownHealth | null;
  about: About;
}

/** All that needs somebody; where nothing does, when that was looked at. */
export function Needs(parts: NeedsParts): JSX.Element {
  const { facts, about } = parts;
  const { zone } = about.naming;
  const found = foundIn(parts);
  const isEmpty = Object.values(found).every((list) => list.length === 0);
  return (
    <section>
      <h2>{said.needs}</h2>
      <Unread what={said.withheld} part={facts.withheld} zone={zone} />
      <Unread what={said.findingsUnread} part={facts.drift} zone={zone} />
      <Unread what={said.waitingUnread} part={facts.waiting} zone={zone} />
      <Unread what={said.disagreementsUnread} part={facts.disagreements} zone={zone} />
      <Unread what={said.invitationsUnread} part={facts.invitations} zone={zone} />
      {isEmpty ? <Well {...parts} /> : <Found found={found} facts={facts} about={about} />}
      <Stopped {...parts} />
      <p>
        <a href="/invitations">{said.allInvitations}</a>
      </p>
    </section>
  );
}

/** A type, so that its lists can be counted all alike. */
type FoundNeeds = {
  alerts: Alert[];
  withheld: Withheld[];
  blocks: ListedMember[];
  waiting: ListedMember[];
  findings: FindingView[];
  disagreements: Disagreement[];
  invitations: Invitation[];
  exceptions: Exception[];
};

function foundIn({ facts, health, about }: NeedsParts): FoundNeeds {
  const withheld = facts.withheld.value ?? [];
  const waiting = facts.waiting.value?.members ?? [];
  const findings = (facts.drift.value?.findings ?? []).filter(
    ({ ruling }) => ruling === null || ruling.verb === 'repair',
  );
  const blocks = waiting.filter(({ problem }) => problem === 'Block');
  const told = new Set([
    ...withheld.map(({ id }) => `withheld/${id}`),
    ...findings.map(({ id }) => `contested/${id}`),
    ...(blocks.length > 0 ? ['block'] : []),
    ...waiting.map(({ problem }) => `blocked/${problem ?? ''}`),
  ]);
  const exceptions = health?.value?.facts.orders?.exceptions ?? [];
  return {
    alerts: (health?.value?.standing ?? []).filter(({ cause }) => !told.has(cause)),
    ...{ withheld, blocks, findings },
    waiting: waiting.filter(({ problem }) => problem !== 'Block'),
    disagreements: facts.disagreements.value ?? [],
    invitations: lateInvitations(facts, about.now),
    exceptions: exceptions
      .filter(({ until }) => until > about.now && until - about.now < soonMs)
      .sort((a, b) => a.until - b.until),
  };
}

function lateInvitations({ invitations }: TodayFacts, now: Instant): Invitation[] {
  return (invitations.value?.open ?? []).filter(
    ({ state, invitedAt }) => state === 'notAccepted' && invitedAt !== null && now - invitedAt >= lateMs,
  );
}

/** All is well, as far as it is known. */
function Well({ facts, health, about }: NeedsParts): JSX.Element {
  const isKnown = health !== null && health.problem === null && health.value !== null;
  const parts = [facts.withheld, facts.drift, facts.waiting, facts.disagreements, facts.invitations];
  const isAllRead = isKnown && parts.every(({ problem, value }) => problem === null && value !== null);
  const { zone } = about.naming;
  const { poll, drift } = health?.value?.facts ?? {};
  const comparedAt = drift?.lastComparedAt ?? null;
  const polledAt = poll?.lastGoodAt ?? null;
  return (
    <p class={isAllRead ? 'good' : 'attention'}>
      <strong>{isAllRead ? said.isWell : said.isUnsure}</strong> {said.lookedAt}{' '}
      <At at={health?.readAt ?? about.now} zone={zone} />.{' '}
      {polledAt === null
        ? words.space.health.neverPolled
        : words.space.health.polled(ago(polledAt, about.now, zone))}{' '}
      {comparedAt === null
        ? words.space.health.neverCompared
        : words.space.health.compared(ago(comparedAt, about.now, zone))}
    </p>
  );
}

function Stopped({ health }: NeedsParts): JSX.Element | null {
  const { orders, blocked } = health?.value?.facts ?? {};
  const count = blocked?.['Stopped'] ?? 0;
  // Withheld keys count as stopped too, though no order stops them.
  const isOrdered = orders?.mode.name !== 'live' || orders.stop !== null;
  return count === 0 || !isOrdered ? null : <p class="attention">{said.stopped(count)}</p>;
}

interface FoundParts {
  found: FoundNeeds;
  facts: TodayFacts;
  about: About;
}

function Found({ found, facts, about }: FoundParts): JSX.Element {
  const waitingCount = (facts.waiting.value?.count ?? 0) - found.blocks.length;
  return (
    <>
      <Some
        title={said.alerts}
        count={found.alerts.length}
        lines={found.alerts.map(({ text }) => (
          <li class="bad">
            <Told text={text} naming={about.naming} />
          </li>
        ))}
      />
      {found.withheld.map((one) => (
        <WithheldKeys withheld={one} about={about} />
      ))}
      <Some
        title={said.blocks}
        text={said.blocksText}
        count={found.blocks.length}
        lines={found.blocks.map((one) => (
          <Waiting member={one} about={about} />
        ))}
      />
      <Some
        title={said.findings}
        text={said.findingsDo}
        count={found.findings.length}
        lines={found.findings.slice(0, mostListed).map((one) => (
          <Finding finding={one} about={aboutMember(about, facts, one.memberId)} />
        ))}
      />
      <Some
        title={said.waiting}
        count={waitingCount}
        lines={found.waiting.map((one) => (
          <Waiting member={one} about={about} />
        ))}
      />
      <Some
        title={said.disagreements}
        text={said.disagreementsDo}
        count={found.disagreements.length}
        lines={found.disagreements.slice(0, mostListed).map((one) => (
          <Disagree one={one} about={about} />
        ))}
      />
      <InvitedAndEnding found={found} facts={facts} about={about} />
    </>
  );
}

/** What somebody should look at in these days: invitations that nobody accepts, exceptions that end. */
function InvitedAndEnding({ found, facts, about }: FoundParts): JSX.Element {
  return (
    <>
      <Some
        title={said.invitations}
        text={said.invitationsDo}
        count={found.invitations.length}
        lines={found.invitations.slice(0, mostListed).map((one) => (
          <LateInvitation invitation={one} about={about} />
        ))}
      />
      <Some
        title={said.exceptions}
        count={found.exceptions.length}
        lines={found.exceptions.map((one) => (
          <Ending exception={one} about={aboutMember(about, facts, one.memberId)} />
        ))}
      />
    </>
  );
}

/** The same, with the times of the member's location, where that is known. */
function aboutMember(about: About, { places }: TodayFacts, memberId: number | null): About {
  const locationId = memberId === null ? undefined : places.value?.get(memberId);
  return { ...about, naming: namingAt(about.naming, locationId ?? null) };
}

/** A list under its heading, with how many there are besides; nothing where there are none. */
function Some(parts: {
  title: string;
  text?: string;
  count: number;
  lines: JSX.Element[];
}): JSX.Element | null {
  const { title, text, count, lines } = parts;
  if (lines.length === 0) return null;
  const more = count - lines.length;
  return (
    <>
      <h3>{`${title}: ${count}`}</h3>
      {text === undefined ? null : <p>{text}</p>}
      <ul>
        {lines}
        {more > 0 ? <li>{said.andMore(more)}</li> : null}
      </ul>
    </>
  );
}

function WithheldKeys({ withheld, about }: { withheld: Withheld; about: About }): JSX.Element {
  const { id, since, losses } = withheld;
  const { viewer } = about;
  const locations = new Set(losses.map(({ locationId }) => locationId));
  const [location = null] = locations;
  const naming = locations.size === 1 ? namingAt(about.naming, location) : about.naming;
  const more = losses.length - mostListed;
  return (
    <>
      <h3>{`${said.withheld}: ${losses.length}`}</h3>
      <p>
        {said.withheldText(losses.length)} {said.withheldSince} <At at={since} zone={naming.zone} />.{' '}
        {said.withheldDo}
      </p>
      <WithheldActLinks viewer={viewer} id={id} />
      <ul>
        {losses.slice(0, mostListed).map(({ memberId, groupId, why }) => (
          <li>
            <Person id={memberId} people={naming.people} />, <Group id={groupId} groups={naming.groups} />:{' '}
            <Told text={why} naming={naming} />
          </li>
        ))}
        {more > 0 ? <li>{said.andMore(more)}</li> : null}
      </ul>
    </>
  );
}

function Waiting({ member, about }: { member: ListedMember; about: About }): JSX.Element {
  const { memberId, problem } = member;
  return (
    <li>
      <Person id={memberId} people={about.naming.people} />
      {problem === 'Block' || problem === null ? null : ` ${said.waitingFor(problem)}`}{' '}
      <MemberActLinks viewer={about.viewer} memberId={memberId} />
    </li>
  );
}

function Finding({ finding, about }: { finding: FindingView; about: About }): JSX.Element {
  const { id, memberId, groupId, groupName, what, since, doing, contested } = finding;
  const { naming, viewer } = about;
  const groups = groupId === null || groupName === null ? naming.groups : new Map([[groupId, groupName]]);
  return (
    <li>
      {memberId === null ? null : (
        <>
          <Person id={memberId} people={naming.people} />
          {', '}
        </>
      )}
      {groupId === null ? null : (
        <>
          <Group id={groupId} groups={groups} />
          {': '}
        </>
      )}
      <Told text={what} naming={naming} /> ({words.space.since}{' '}
      <At at={Date.parse(since)} zone={naming.zone} />
      ).{' '}
      {contested ? (
        <strong class="bad">{said.contested}</strong>
      ) : (
        <>
          {said.doing} <Told text={doing} naming={naming} />.
        </>
      )}{' '}
      <FindingActLinks viewer={viewer} id={id} />
    </li>
  );
}

function Disagree({ one, about }: { one: Disagreement; about: About }): JSX.Element {
  const { memberId, onlyNexudus, onlyLatchkey, since } = one;
  const { naming } = about;
  const side = (what: string, ids: readonly number[]): JSX.Element[] =>
    ids.map((id) => (
      <>
        ; {what} <Group id={id} groups={naming.groups} />
      </>
    ));
  return (
    <li>
      <Person id={memberId} people={naming.people} /> {words.space.since} <At at={since} zone={naming.zone} />
      {side(said.onlyNexudus, onlyNexudus)}
      {side(said.onlyLatchkey, onlyLatchkey)}
    </li>
  );
}

function Ending({ exception, about }: { exception: Exception; about: About }): JSX.Element {
  const { id, memberId, kind, groupId, until, reason } = exception;
  const { naming, viewer } = about;
  return (
    <li>
      <Person id={memberId} people={naming.people} /> {kind === 'allow' ? said.allowed : said.blocked}{' '}
      {groupId === null ? said.everyGroup : <Group id={groupId} groups={naming.groups} />} {said.until}{' '}
      <Until at={until} zone={naming.zone} />, {words.space.by} {giverWords(exception)}: {reason}{' '}
      <ExceptionActLinks viewer={viewer} id={id} />
    </li>
  );
}
