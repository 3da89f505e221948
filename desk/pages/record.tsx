/** Records of the audit log as rows of a table. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { AuditRecord } from '../../database/audit-records.js';
import { answerWords, isLeftToHand } from '../../space/timeline.js';
import { words } from '../words.js';
import { At, Group, namingAt, Person, Told, toldWords, type Naming } from './told.js';

const said = words.space.changes;

/** Records, one a row, in the order given. */
export function RecordTable({
  records,
  naming,
  caption,
}: {
  records: readonly AuditRecord[];
  naming: Naming;
  caption: string;
}): JSX.Element {
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          {[said.when, said.about, said.what, said.group, said.by, said.why].map((heading) => (
            <th scope="col">{heading}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {records.map((record) => (
          <RecordRow record={record} naming={naming} />
        ))}
      </tbody>
    </table>
  );
}

function RecordRow({ record, naming: general }: { record: AuditRecord; naming: Naming }): JSX.Element {
  const { at, memberId, locationId, groupId, cause, by, answer } = record;
  const naming = namingAt(general, locationId);
  return (
    <tr>
      <td>
        <At at={at} zone={naming.zone} />
      </td>
      <td>{memberId === null ? '' : <Person id={memberId} people={naming.people} />}</td>
      <td>{whatWords(record, naming)}</td>
      <td data-label={said.group}>{groupId === null ? '' : <Group id={groupId} groups={naming.groups} />}</td>
      <td data-label={said.by}>{by === null ? '' : toldWords(by, naming)}</td>
      <td data-label={said.why}>
        <Told text={cause} naming={naming} />
        {answer === null ? null : (
          <>
            {'; '}
            <span class="answer">
              {said.answered}: <Told text={answerWords(answer)} naming={naming} />
            </span>
          </>
        )}
      </td>
    </tr>
  );
}

/** What happened, by a record: words that follow the name of the person. */
export function whatWords(record: AuditRecord, naming: Naming): string {
  const { kind, what, state } = record;
  if (isLeftToHand(record)) return said.leftToHand;
  if (kind === 'decision') return said.decided(toldWords(what, naming));
  const told = kind === 'write' ? (said.writes[what] ?? what) : toldWords(what, naming);
  return `${told}${said.states[state]}`;
}
