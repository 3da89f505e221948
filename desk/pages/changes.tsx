import type { JSX } from 'hono/jsx/jsx-runtime';
import type { AuditRecord } from '../../database/audit-records.js';
import { queryOf, type FilterField, type ReadFilter } from '../changes-filter.js';
import { words } from '../words.js';
import { RecordTable } from './record.js';
import { groupWords, type Naming } from './told.js';

const said = words.space.changes;

interface ChangesParts {
  read: ReadFilter;
  naming: Naming;
  records: readonly AuditRecord[];
  isMore: boolean;
  isFirst: boolean;
  problem: string | null;
}

/** The audit log, newest first, with its filters. */
export function Changes({ read, naming, records, isMore, isFirst, problem }: ChangesParts): JSX.Element {
  const { typed } = read;
  return (
    <>
      <FilterForm read={read} naming={naming} />
      <p>
        <a href={`/changes.csv?${queryOf(typed)}`}>{said.csv}</a>
      </p>
      {problem === null ? null : <p class="bad">{words.space.unread(said.title, problem)}</p>}
      {records.length === 0 ? (
        problem === null && Object.keys(read.problems).length === 0 ? (
          <p>{said.none}</p>
        ) : null
      ) : (
        <RecordTable records={records} naming={naming} caption={words.space.newestFirst} />
      )}
      <p class="pages">
        {isFirst ? null : <a href={`/changes?${queryOf(typed)}`}>{said.newest}</a>}{' '}
        {isMore ? <a href={`/changes?${queryOf(typed, records.at(-1))}`}>{said.older}</a> : null}
      </p>
    </>
  );
}

function FilterForm({ read, naming }: { read: ReadFilter; naming: Naming }): JSX.Element {
  const { typed } = read;
  const groups = [...naming.groups].sort(([, one], [, other]) => one.localeCompare(other));
  // A group that is not in Kisi any more is in the log all the same.
  const other = Number(typed.group);
  if (read.problems.group === undefined && typed.group !== '' && !naming.groups.has(other))
    groups.push([other, groupWords(other, naming.groups)]);
  return (
    <form class="filter" method="get" action="/changes">
      <Field name="from" label={said.from} type="datetime-local" read={read} />
      <Field name="to" label={said.to} type="datetime-local" read={read} />
      <Field name="person" label={said.person} type="text" read={read} />
      <Choice
        name="group"
        label={said.group}
        any={said.anyGroup}
        options={groups.map(([id, name]) => [String(id), name])}
        read={read}
      />
      <Field name="by" label={said.who} type="text" read={read} />
      <Choice
        name="kind"
        label={said.kind}
        any={said.anyKind}
        options={Object.entries(said.kinds)}
        read={read}
      />
      <button type="submit">{said.show}</button>
    </form>
  );
}

interface FieldParts {
  name: FilterField;
  label: string;
  read: ReadFilter;
}

function Field({ name, label, read, type }: FieldParts & { type: string }): JSX.Element {
  return (
    <div class="field">
      <label for={`filter-${name}`}>{label}</label>
      <input
        id={`filter-${name}`}
        name={name}
        type={type}
        value={read.typed[name]}
        {...problemParts(name, read)}
      />
      <Problem name={name} read={read} />
    </div>
  );
}

function Choice({
  name,
  label,
  read,
  any,
  options,
}: FieldParts & { any: string; options: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <div class="field">
      <label for={`filter-${name}`}>{label}</label>
      <select id={`filter-${name}`} name={name} {...problemParts(name, read)}>
        <option value="">{any}</option>
        {options.map(([value, text]) => (
          <option value={value} selected={value === read.typed[name]}>
            {text}
          </option>
        ))}
      </select>
      <Problem name={name} read={read} />
    </div>
  );
}

function problemParts(name: FilterField, { problems }: ReadFilter): Record<string, string> {
  return problems[name] === undefined
    ? {}
    : { 'aria-invalid': 'true', 'aria-describedby': `filter-${name}-problem` };
}

function Problem({ name, read }: Omit<FieldParts, 'label'>): JSX.Element | null {
  const problem = read.problems[name];
  if (problem === undefined) return null;
  return (
    <span class="problem" id={`filter-${name}-problem`}>
      {problem}
    </span>
  );
}
