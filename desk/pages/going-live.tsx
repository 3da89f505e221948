import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Finding } from '../../activities/report.js';
import type { PlanLine } from '../../messages/to-plan.js';
import { nextOf, summaryLines, whatOf } from '../../space/report.js';
import type { CheckedSpace } from '../../worker/check.js';
import type { Viewer } from '../desk.js';
import type { Foretold, GoingLiveFacts } from '../going-live-facts.js';
import type { Shown } from '../last-known.js';
import { words } from '../words.js';
import { SpaceActLinks } from './act-links.js';
import { At, Group, Person, Told, type Naming } from './told.js';

const said = words.space.goingLive;
/** The most keys that are listed. */
const mostLines = 200;

interface GoingLiveParts {
  shown: Shown<GoingLiveFacts>;
  naming: Naming;
  viewer: Viewer;
}

/** The way from a first check to all keys, each step with its numbers. */
export function GoingLive({ shown, naming, viewer }: GoingLiveParts): JSX.Element {
  const { value, problem, isReading, readAt } = shown;
  return (
    <>
      {isReading ? (
        <p class="attention" role="status">
          {said.reading}
        </p>
      ) : null}
      {problem === null ? null : <p class="bad">{said.unread(problem)}</p>}
      {readAt === null ? null : (
        <p>
          {words.space.asOf} <At at={readAt} zone={naming.zone} />.{' '}
          {isReading ? null : <a href="/going-live?again=1">{said.again}</a>}
        </p>
      )}
      {value === null ? null : (
        <>
          <Check checked={value.checked} />
          <Report facts={value} naming={naming} />
          <ByFile facts={value} naming={naming} />
          <Canary facts={value} naming={naming} />
          <Live facts={value} naming={naming} />
          <SpaceActLinks viewer={viewer} />
        </>
      )}
    </>
  );
}

function Check({ checked }: { checked: CheckedSpace }): JSX.Element {
  const { groups, warnings, problems } = checked;
  return (
    <section>
      <h2>{said.check}</h2>
      <p>{said.checkText}</p>
      {problems.length === 0 ? null : (
        <>
          <h3>{said.problems}</h3>
          <List lines={problems} isBad />
        </>
      )}
      {warnings.length === 0 ? null : (
        <>
          <h3>{said.warnings}</h3>
          <List lines={warnings} />
        </>
      )}
      {problems.length + warnings.length === 0 ? <p class="good">{said.allWell}</p> : null}
      <table>
        <caption>{words.space.groups.caption}</caption>
        <thead>
          <tr>
            {[words.space.groups.name, words.space.groups.doors, said.opens].map((heading) => (
              <th scope="col">{heading}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map(({ id, name, locksCount, passTypes }) => (
            <tr>
              <th scope="row">
                <Group id={id} groups={new Map([[id, name]])} />
              </th>
              <td data-label={words.space.groups.doors}>{locksCount ?? words.space.groups.unknown}</td>
              <td data-label={said.opens}>
                {passTypes.length === 0 ? said.unmapped : passTypes.map((type) => type.name).join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function List({ lines, isBad = false }: { lines: readonly string[]; isBad?: boolean }): JSX.Element {
  return (
    <ul>
      {lines.map((line) => (
        <li {...(isBad ? { class: 'bad' } : {})}>{line}</li>
      ))}
    </ul>
  );
}

interface FactParts {
  facts: GoingLiveFacts;
  naming: Naming;
}

function Report({ facts: { report }, naming }: FactParts): JSX.Element {
  return (
    <section>
      <h2>{said.report}</h2>
      <p>{said.reportText}</p>
      <ul>
        {summaryLines(report).map((line) => (
          <li>{line}</li>
        ))}
      </ul>
      {report.differences.length === 0 ? <p class="good">{said.agree}</p> : null}
      {report.differences.map((difference) => (
        <details>
          <summary>{whatOf(difference)}</summary>
          <p>
            <Told text={nextOf(difference)} naming={naming} />
          </p>
          <ul>
            {difference.findings.slice(0, mostLines).map(({ memberId, userId, groupId, why }) => (
              <FindingLine {...{ memberId, userId, groupId, why, naming }} />
            ))}
          </ul>
          <First count={difference.findings.length} />
        </details>
      ))}
    </section>
  );
}

function FindingLine({
  memberId,
  userId,
  groupId,
  why,
  naming,
}: Pick<Finding, 'memberId' | 'userId' | 'groupId' | 'why'> & { naming: Naming }): JSX.Element {
  const who =
    memberId === null ? words.space.kisiUser(userId) : <Person id={memberId} people={naming.people} />;
  return (
    <li>
      {who}
      {groupId === null ? null : (
        <>
          {', '}
          <Group id={groupId} groups={naming.groups} />
        </>
      )}
      {why === null ? null : (
        <>
          {': '}
          <Told text={why} naming={naming} />
        </>
      )}
    </li>
  );
}

function ByFile({ facts: { byFile }, naming }: FactParts): JSX.Element | null {
  if (byFile === null) return null;
  return (
    <section>
      <h2>{said.mapping}</h2>
      <p>{said.mappingText(byFile.differences.join(', '))}</p>
      <Effect foretold={byFile} naming={naming} />
    </section>
  );
}

function Canary({ facts: { canary, orders }, naming }: FactParts): JSX.Element {
  return (
    <Step
      title={said.canary}
      text={said.canaryText}
      command={said.canaryDo}
      isNow={orders.mode.name === 'canary'}
      naming={naming}
    >
      {canary === null ? null : (
        <>
          <p>{said.canaryNow}</p>
          <Effect foretold={canary} naming={naming} />
        </>
      )}
    </Step>
  );
}

function Live({ facts: { live, orders }, naming }: FactParts): JSX.Element {
  return (
    <Step
      title={said.live}
      text={said.liveText}
      command={said.liveDo}
      isNow={orders.mode.name === 'live'}
      naming={naming}
    >
      <Effect foretold={live} naming={naming} />
    </Step>
  );
}

function Step(parts: {
  title: string;
  text: string;
  command: string;
  isNow: boolean;
  naming: Naming;
  children: Child;
}): JSX.Element {
  const { title, text, command, isNow, naming, children } = parts;
  return (
    <section>
      <h2>{title}</h2>
      <p>{text}</p>
      {isNow ? (
        <p>
          <strong>{said.isNow}</strong>
        </p>
      ) : (
        <p>
          <Told text={`\`${command}\``} naming={naming} />
        </p>
      )}
      {children}
    </section>
  );
}

/** What would be written, in numbers and, opened, key by key. */
function Effect({ foretold, naming }: { foretold: Foretold; naming: Naming }): JSX.Element {
  const { text, lines } = foretold;
  return (
    <>
      <p>
        <Told text={text} naming={naming} />
      </p>
      {lines.length === 0 ? (
        <p>{said.noChange}</p>
      ) : (
        <details>
          <summary>{`${said.gains}: ${lines.length}`}</summary>
          <ul>
            {lines.slice(0, mostLines).map((line) => (
              <Line line={line} naming={naming} />
            ))}
          </ul>
          <First count={lines.length} />
        </details>
      )}
    </>
  );
}

function Line({ line, naming }: { line: PlanLine; naming: Naming }): JSX.Element {
  const { memberId, does, groupId, why } = line;
  return (
    <li>
      <Person id={memberId} people={naming.people} /> {said.does[does]}{' '}
      <Group id={groupId} groups={naming.groups} />: <Told text={why} naming={naming} />
    </li>
  );
}

function First({ count }: { count: number }): JSX.Element | null {
  return count > mostLines ? <p>{said.first(mostLines)}</p> : null;
}
