import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { modes, stopLevels } from '../../messages/to-control.js';
import { printable } from '../../access/text.js';
import type { Named } from '../../worker/names.js';
import type { FieldName } from '../acts/names.js';
import type { ShownForm } from '../acts/shown-form.js';
import { actWords } from '../acts/words.js';

interface FieldParts extends ShownForm {
  name: FieldName;
  /** Typing goes on in this field: it is the first that is wrong. */
  isFocused: boolean;
}

/** One field of an act's form, with what it takes and what is wrong with it. */
export function ActField(parts: FieldParts): JSX.Element {
  const { name } = parts;
  if (name === 'level' || name === 'mode' || name === 'locations') return <Choosing {...parts} />;
  return (
    <p class="field">
      <label for={name}>
        {actWords.labels[name]}
        {name === 'why' && !parts.act.needsWhy ? ` ${actWords.optional}` : ''}
      </label>
      {name === 'group' ? <GroupBox {...parts} /> : <TextBox {...parts} />}
      <Notes {...parts} />
    </p>
  );
}

/** What a field takes, and what is wrong with what was typed: read out with the field. */
function Notes({ name, problems, choices }: FieldParts): JSX.Element {
  const hint = hintOf(name, choices);
  const problem = problems[name];
  return (
    <>
      {hint === null ? null : (
        <small id={`${name}-hint`} class="hint">
          {hint}
        </small>
      )}
      {problem === undefined ? null : (
        <strong id={`${name}-problem`} class="problem">
          {printable(problem)}
        </strong>
      )}
    </>
  );
}

function hintOf(name: FieldName, { groups, locations }: ShownForm['choices']): string | null {
  if (name === 'group' && typeof groups === 'string') return actWords.groupsUnknown(groups);
  if (name === 'locations' && typeof locations === 'string') return actWords.locationsUnknown(locations);
  return actWords.hints[name] ?? null;
}

/** What is read out with a field. */
function notedBy({ name, problems, choices }: FieldParts): Record<string, string> {
  const ids = [
    ...(problems[name] === undefined ? [] : [`${name}-problem`]),
    ...(hintOf(name, choices) === null ? [] : [`${name}-hint`]),
  ];
  return ids.length === 0 ? {} : { 'aria-describedby': ids.join(' ') };
}

/** The attributes of a box: what is read out with it, whether it is wrong, and whether typing goes on there. */
function described(parts: FieldParts): Record<string, string | boolean> {
  const { name, problems, isFocused } = parts;
  return {
    ...notedBy(parts),
    ...(problems[name] === undefined ? {} : { 'aria-invalid': 'true' }),
    ...(isFocused ? { autofocus: true } : {}),
  };
}

function TextBox(parts: FieldParts): JSX.Element {
  const { name, typed, act } = parts;
  const isRequired = name === 'why' && act.needsWhy;
  return (
    <input
      id={name}
      name={name}
      type={name === 'untilAt' ? 'datetime-local' : 'text'}
      value={typed[name]}
      autocomplete="off"
      {...(isRequired ? { required: true } : {})}
      {...described(parts)}
    />
  );
}

/** The groups by name. Where Kisi does not say which there are, a number can be typed. */
function GroupBox(parts: FieldParts): JSX.Element {
  const { name, typed, act, choices } = parts;
  if (typeof choices.groups === 'string') return <TextBox {...parts} />;
  const none = act.name === 'allow' ? actWords.chooseGroup : actWords.everyGroup;
  return (
    <select id={name} name={name} {...described(parts)}>
      <option value="" selected={typed.group === ''}>
        {none}
      </option>
      {choices.groups.map((group) => (
        <option value={String(group.id)} selected={typed.group === String(group.id)}>
          {named(group)}
        </option>
      ))}
    </select>
  );
}

/** A field that shows all its choices: one of them can be chosen or, of locations, several. */
function Choosing(parts: FieldParts): JSX.Element {
  const { name, typed } = parts;
  const chosen = typed[name].split(',');
  const type = name === 'locations' ? 'checkbox' : 'radio';
  return (
    <fieldset class="field" {...notedBy(parts)}>
      <legend>{actWords.labels[name]}</legend>
      {optionsOf(parts).map(([value, label], i) => (
        <Option
          {...{ type, name, value, label }}
          isFocused={parts.isFocused && i === 0}
          isChosen={chosen.includes(value)}
        />
      ))}
      <Notes {...parts} />
    </fieldset>
  );
}

interface OptionParts {
  type: string;
  name: string;
  value: string;
  label: Child;
  isChosen: boolean;
  isFocused: boolean;
}

function Option({ type, name, value, label, isChosen, isFocused }: OptionParts): JSX.Element {
  return (
    <label>
      <input
        type={type}
        name={name}
        value={value}
        checked={isChosen}
        {...(isFocused ? { autofocus: true } : {})}
      />{' '}
      {label}
    </label>
  );
}

function optionsOf({ name, choices }: FieldParts): [value: string, label: string][] {
  if (name === 'level') return stopLevels.map((level) => [level, actWords.levels[level]]);
  if (name === 'mode') return modes.map((mode) => [mode, actWords.modes[mode]]);
  if (typeof choices.locations === 'string') return [];
  return choices.locations.map((location) => [String(location.id), named(location)]);
}

const named = ({ id, name }: Named): string => `${printable(name)} (${id})`;
