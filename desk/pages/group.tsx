import type { JSX } from 'hono/jsx/jsx-runtime';
import type { KisiGroup } from '../../kisi/records.js';
import type { GroupFacts, Holder } from '../group-facts.js';
import { words } from '../words.js';
import { At, namingAt, Person, personWords, Told, Until, type Naming } from './told.js';

const said = words.space.group;

interface GroupParts {
  id: number;
  /** Null: Kisi does not have the group, or did not say. */
  group: KisiGroup | null;
  /** Null: nothing could be read. */
  facts: GroupFacts | null;
  problem: string | null;
  naming: Naming;
  /** The page of the list of those who hold a key, from 1 on. */
  page: number;
}

/** The most people on one page. */
const pageRows = 200;
const byName = new Intl.Collator('en');

/** Who holds a key to a group now, who lost one, and which doors are in it. */
export function Group({ id, group, facts, problem, naming: general, page }: GroupParts): JSX.Element {
  if (facts === null) return <p class="bad">{words.space.unread(words.space.group.now, problem ?? '')}</p>;
  const naming = namingAt(general, facts.locationId);
  return (
    <>
      <Holders facts={facts} naming={naming} page={page} />
      <Pages id={id} page={page} count={facts.holders.length} />
      <Lost facts={facts} naming={naming} />
      <Doors facts={facts} group={group} />
      <p>
        <a href={`/changes?group=${id}`}>{said.changes}</a>
      </p>
    </>
  );
}

interface Parts {
  facts: GroupFacts;
  naming: Naming;
}

function Holders({ facts: { holders, keys }, naming, page }: Parts & { page: number }): JSX.Element {
  const sorted = holders.toSorted((a, b) => byName.compare(nameOf(a, naming), nameOf(b, naming)));
  return (
    <section>
      <h2>{said.now}</h2>
      {keys.problem === null && keys.value !== null ? null : (
        <p class="attention">
          {said.onlyRecord(keys.problem ?? words.space.isReading)}
          {keys.value === null || keys.readAt === null ? null : (
            <>
              {' '}
              {words.space.asOf} <At at={keys.readAt} zone={naming.zone} />.
            </>
          )}
        </p>
      )}
      {holders.length === 0 ? (
        <p>{said.nobody}</p>
      ) : (
        <table>
          <caption>{said.count(holders.length)}</caption>
          <thead>
            <tr>
              {[said.person, said.until, said.endsInKisi, said.givenBy, said.since, words.space.why].map(
                (heading) => (
                  <th scope="col">{heading}</th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {sorted.slice((page - 1) * pageRows, page * pageRows).map((holder) => (
              <HolderRow holder={holder} naming={naming} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Where there are more people than one page has room for. */
function Pages({ id, page, count }: { id: number; page: number; count: number }): JSX.Element | null {
  const last = Math.ceil(count / pageRows);
  if (last <= 1) return null;
  return (
    <p class="pages">
      {page > 1 ? <a href={`/groups/${id}?page=${page - 1}`}>{said.earlier}</a> : null}{' '}
      {said.page(page, last)}{' '}
      {page < last ? <a href={`/groups/${id}?page=${page + 1}`}>{said.further}</a> : null}
    </p>
  );
}

function HolderRow({ holder, naming }: { holder: Holder; naming: Naming }): JSX.Element {
  const { memberId, until, givenBy, since, why, role } = holder;
  const { zone } = naming;
  return (
    <tr>
      <th scope="row">
        {memberId === null ? nameOf(holder, naming) : <Person id={memberId} people={naming.people} />}
      </th>
      <td data-label={said.until}>{until === null ? said.noEnd : <Until at={until} zone={zone} />}</td>
      <td data-label={said.endsInKisi}>
        <EndInKisi holder={holder} zone={zone} />
      </td>
      <td data-label={said.givenBy}>
        {givers[givenBy]}
        {role === null ? '' : ` (${role})`}
      </td>
      <td data-label={said.since}>{since === null ? '' : <At at={since} zone={zone} />}</td>
      <td data-label={words.space.why}>{why === null ? '' : <Told text={why} naming={naming} />}</td>
    </tr>
  );
}

const givers: Record<Holder['givenBy'], string> = {
  latchkey: said.latchkey,
  byHand: said.byHand,
  others: said.byOthers,
};

function EndInKisi({ holder, zone }: { holder: Holder; zone: string | null }): JSX.Element {
  const { endsInKisi } = holder;
  if (endsInKisi === 'missing') return <strong class="bad">{said.notInKisi}</strong>;
  if (endsInKisi === 'unreadable') return <>{said.unreadable}</>;
  return endsInKisi === null ? <>{said.never}</> : <At at={endsInKisi} zone={zone} />;
}

function nameOf({ memberId, userId }: Holder, { people }: Naming): string {
  return memberId === null ? words.space.kisiUser(userId) : personWords(memberId, people);
}

function Lost({ facts: { lost }, naming }: Parts): JSX.Element {
  return (
    <section>
      <h2>{said.lost}</h2>
      {lost.length === 0 ? (
        <p>{said.nobodyLost}</p>
      ) : (
        <ul>
          {lost.map(({ at, memberId, cause, by }) => (
            <li>
              <At at={at} zone={naming.zone} />:{' '}
              {memberId === null ? words.space.nobody : <Person id={memberId} people={naming.people} />} (
              {words.space.by} {by ?? ''}): <Told text={cause} naming={naming} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Doors({ facts: { doors }, group }: { facts: GroupFacts; group: KisiGroup | null }): JSX.Element {
  const named = doors.value ?? [];
  const count = group?.locksCount ?? null;
  return (
    <section>
      <h2>{said.doors}</h2>
      {named.length === 0 ? null : (
        <ul>
          {named.map(({ id, name }) => (
            <li>{name === '' ? words.space.door(id) : name}</li>
          ))}
        </ul>
      )}
      {doors.value === null ? <p>{said.doorsUnread(doors.problem ?? words.space.isReading)}</p> : null}
      {count === 0 ? (
        <p class="bad">{said.noDoors}</p>
      ) : count === null || count === named.length ? null : (
        <p>{said.doorCount(count)}</p>
      )}
      {group?.loginEnabled === false ? <p class="bad">{words.space.groups.no}</p> : null}
    </section>
  );
}
