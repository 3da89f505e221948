import type { JSX } from 'hono/jsx/jsx-runtime';
import { durationWords } from '../../monitoring/alert.js';
import { mostListed, type TodayFacts } from '../today-facts.js';
import type { Trouble } from '../trouble.js';
import { words } from '../words.js';
import { Unread, type About } from './part.js';
import { whatWords } from './record.js';
import { At, Group, namingAt, Person, Told } from './told.js';

const said = words.space.today;

/** Whose keys came or went late since yesterday, or were refused by Kisi. */
export function Troubled({ facts, about }: { facts: TodayFacts; about: About }): JSX.Element {
  const { troubled } = facts;
  const all = troubled.value ?? [];
  return (
    <section>
      <h2>{said.troubled}</h2>
      <Unread what={said.troubled} part={troubled} zone={about.naming.zone} />
      {troubled.value === null ? null : <p>{all.length === 0 ? said.nobodyTroubled : said.troubledText}</p>}
      {all.length === 0 ? null : (
        <ul>
          {all.slice(0, mostListed).map((one) => (
            <TroubleLine trouble={one} about={about} />
          ))}
          {all.length > mostListed ? <li>{said.andMore(all.length - mostListed)}</li> : null}
        </ul>
      )}
    </section>
  );
}

function TroubleLine({ trouble, about }: { trouble: Trouble; about: About }): JSX.Element {
  const { record, waitedMs } = trouble;
  const { at, memberId, locationId, groupId, answer } = record;
  const naming = namingAt(about.naming, locationId);
  return (
    <li>
      <At at={at} zone={naming.zone} />
      {': '}
      {memberId === null ? null : <Person id={memberId} people={naming.people} />} {whatWords(record, naming)}
      {groupId === null ? null : (
        <>
          {', '}
          <Group id={groupId} groups={naming.groups} />
        </>
      )}
      {waitedMs === null ? null : `, ${said.waited(durationWords(waitedMs))}`}
      {answer === null || waitedMs !== null ? null : (
        <>
          {`; ${words.space.changes.answered}: `}
          <Told text={answer} naming={naming} />
        </>
      )}
    </li>
  );
}
