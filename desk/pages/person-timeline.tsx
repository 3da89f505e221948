import type { JSX } from 'hono/jsx/jsx-runtime';
import type { PersonView } from '../person-view.js';
import { personWords as say } from '../person-words.js';

interface TimelineParts {
  timeline: NonNullable<PersonView['timeline']>;
  memberId: number;
}

/** What happened to one person, the newest first. */
export function Timeline({ timeline, memberId }: TimelineParts): JSX.Element {
  const { rows, isAll } = timeline;
  const { at, what, group, by, why } = say.timeline.columns;
  return (
    <section>
      <h2>{say.timeline.heading}</h2>
      {rows.length === 0 ? (
        <p>{say.timeline.none}</p>
      ) : (
        <div class="table" role="region" aria-label={say.timeline.heading} tabindex={0}>
          <table>
            <thead>
              <tr>
                {[at, what, group, by, why].map((heading) => (
                  <th scope="col">{heading}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr>
                  <td>
                    <time datetime={row.iso}>{row.at}</time>
                  </td>
                  <td>{row.what}</td>
                  <td data-label={group}>{row.group}</td>
                  <td data-label={by}>{row.by}</td>
                  <td data-label={why}>{row.why}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isAll ? null : <p class="note">{say.timeline.older(memberId)}</p>}
    </section>
  );
}
