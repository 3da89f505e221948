import type { JSX } from 'hono/jsx/jsx-runtime';
import type { ListedMember } from '../../space/member-lists.js';
import type { ShownHealth } from '../health.js';
import { dayMs, mostListed, type TodayFacts } from '../today-facts.js';
import { words } from '../words.js';
import { Unread, type About } from './part.js';
import { RecordTable } from './record.js';
import { At, Group, namingAt, Person, Until, type Naming } from './told.js';
import { Needs } from './today-needs.js';
import { HadProblems } from './today-problems.js';

const said = words.space.today;

interface TodayParts {
  facts: TodayFacts;
  health: ShownHealth | null;
  about: About;
}

/** What needs somebody, what changed since yesterday, and what will change until tomorrow. */
export function Today({ facts, health, about }: TodayParts): JSX.Element {
  return (
    <>
      <Needs facts={facts} health={health} about={about} />
      <HadProblems facts={facts} about={about} />
      <Changed facts={facts} about={about} />
      <Next facts={facts} about={about} />
    </>
  );
}

function Changed({ facts: { changed }, about }: Omit<TodayParts, 'health'>): JSX.Element {
  const { naming, now } = about;
  const records = changed.value ?? [];
  return (
    <section>
      <h2>{said.changed}</h2>
      <p>
        {said.changedSince} <At at={now - dayMs} zone={naming.zone} />.
      </p>
      <Unread what={said.changed} part={changed} zone={naming.zone} />
      {records.length > 0 ? (
        <RecordTable records={records} naming={naming} caption={words.space.newestFirst} />
      ) : changed.value === null ? null : (
        <p>{said.nothingChanged}</p>
      )}
      <p>
        <a href="/changes">{said.allChanges}</a>
      </p>
    </section>
  );
}

function Next({ facts: { next }, about }: Omit<TodayParts, 'health'>): JSX.Element {
  const { members, count } = next.value ?? { members: [], count: 0 };
  return (
    <section>
      <h2>{said.next}</h2>
      <Unread what={said.next} part={next} zone={about.naming.zone} />
      {members.length === 0 ? null : (
        <>
          <p>{said.nextText}</p>
          <ul>
            {members.slice(0, mostListed).map((one) => (
              <NextLine member={one} about={about} />
            ))}
          </ul>
        </>
      )}
      {count > members.length ? <p>{said.moreNext(count - members.length)}</p> : null}
      {next.value !== null && count === 0 ? <p>{said.nothingNext}</p> : null}
    </section>
  );
}

function NextLine({ member, about }: { member: ListedMember; about: About }): JSX.Element | null {
  const { memberId, nextChangeAt, locationId, groupIds } = member;
  const naming = namingAt(about.naming, locationId);
  if (nextChangeAt === null) return null;
  return (
    <li>
      <Until at={nextChangeAt} zone={naming.zone} />
      {': '}
      <Person id={memberId} people={naming.people} />
      {groupIds.length === 0 ? ` (${said.holdsNone})` : <Holds groupIds={groupIds} naming={naming} />}
    </li>
  );
}

function Holds({ groupIds, naming }: { groupIds: readonly number[]; naming: Naming }): JSX.Element {
  return (
    <>
      {' '}
      ({said.holds}{' '}
      {groupIds.map((id, index) => (
        <>
          {index === 0 ? '' : ', '}
          <Group id={id} groups={naming.groups} />
        </>
      ))}
      )
    </>
  );
}
