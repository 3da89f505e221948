import type { JSX } from 'hono/jsx/jsx-runtime';
import { durationWords } from '../../lib/durations.js';
import { mostListed, type TodayFacts } from '../today-facts.js';
import type { Problem } from '../problems.js';
import { words } from '../words.js';
import { Unread, type About } from './part.js';
import { whatWords } from './record.js';
import { At, Group, namingAt, Person, Told } from './told.js';

const said = words.space.today;

/** The people whose keys came or went late since yesterday, or were refused by Kisi. */
export function HadProblems({ facts, about }: { facts: TodayFacts; about: About }): JSX.Element {
  const { hadProblems } = facts;
  const all = hadProblems.value ?? [];
  return (
    <section>
      <h2>{said.hadProblems}</h2>
      <Unread what={said.hadProblems} part={hadProblems} zone={about.naming.zone} />
      {hadProblems.value === null ? null : (
        <p>{all.length === 0 ? said.nobodyHadProblems : said.hadProblemsText}</p>
      )}
      {all.length === 0 ? null : (
        <ul>
          {all.slice(0, mostListed).map((one) => (
            <ProblemLine problem={one} about={about} />
          ))}
          {all.length > mostListed ? <li>{said.andMore(all.length - mostListed)}</li> : null}
        </ul>
      )}
    </section>
  );
}

function ProblemLine({ problem, about }: { problem: Problem; about: About }): JSX.Element {
  const { record, waitedMs, times } = problem;
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
      {times === 1 ? null : `, ${said.times(times)}`}
      {answer === null || waitedMs !== null ? null : (
        <>
          {`; ${words.space.changes.answered}: `}
          <Told text={answer} naming={naming} />
        </>
      )}
    </li>
  );
}
