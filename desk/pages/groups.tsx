import type { JSX } from 'hono/jsx/jsx-runtime';
import type { KisiGroup } from '../../kisi/records.js';
import type { Shown } from '../last-known.js';
import { words } from '../words.js';
import { Unread } from './part.js';
import { Group } from './told.js';

const said = words.space.groups;

interface GroupsParts {
  groups: Shown<KisiGroup[]>;
  holders: Shown<Map<number, number>>;
  zone: string | null;
}

/** All groups of Kisi, and those that are not there any more, with how many people hold a key from Latchkey. */
export function Groups({ groups, holders, zone }: GroupsParts): JSX.Element {
  const known = groups.value ?? [];
  const names = new Map(known.map(({ id, name }) => [id, name]));
  const counts = holders.value ?? new Map<number, number>();
  const gone = [...counts.keys()].filter((id) => !names.has(id));
  return (
    <>
      <Unread what={said.title} part={groups} zone={zone} />
      <Unread what={said.records} part={holders} zone={zone} />
      {groups.value !== null && known.length === 0 ? <p>{said.none}</p> : null}
      {known.length + gone.length === 0 ? null : (
        <table>
          <caption>{said.caption}</caption>
          <thead>
            <tr>
              {[said.name, said.holders, said.doors, said.app].map((heading) => (
                <th scope="col">{heading}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {known.map((group) => (
              <Row group={group} names={names} count={countOf(holders, group.id)} />
            ))}
            {gone.map((id) => (
              <tr>
                <th scope="row">
                  <Group id={id} groups={names} />
                </th>
                <td data-label={said.holders}>{countOf(holders, id)}</td>
                <td data-label={said.doors} colspan={2}>
                  {groups.value === null ? said.unknown : said.notInKisi}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Row({
  group,
  names,
  count,
}: {
  group: KisiGroup;
  names: ReadonlyMap<number, string>;
  count: string;
}): JSX.Element {
  const { id, locksCount, loginEnabled } = group;
  return (
    <tr>
      <th scope="row">
        <Group id={id} groups={names} />
      </th>
      <td data-label={said.holders}>{count}</td>
      <td data-label={said.doors}>{locksCount ?? said.unknown}</td>
      <td data-label={said.app}>
        {loginEnabled === null ? said.unknown : loginEnabled ? said.yes : said.no}
      </td>
    </tr>
  );
}

function countOf({ value }: Shown<Map<number, number>>, id: number): string {
  return value === null ? said.unknown : String(value.get(id) ?? 0);
}
