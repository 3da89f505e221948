import type { JSX } from 'hono/jsx/jsx-runtime';
import { printable } from '../../access/text.js';
import type { ShownForm } from '../acts/shown-form.js';
import { actWords } from '../acts/words.js';
import type { Role } from '../desk.js';
import { ActField } from './act-fields.js';

/** The form of an act: its fields, what it will do, and the button. */
export function ActPage(page: ShownForm): JSX.Element {
  const { act, id, alert, problems, back } = page;
  const hasLook = act.fields.some((field) => field !== 'why');
  const firstWrong = act.fields.find((field) => problems[field] !== undefined);
  return (
    <form class="act" method="post" action={`/acts/${act.name}`} novalidate>
      {alert === null ? null : (
        <p class="alert" role="alert">
          {printable(alert)}
        </p>
      )}
      <input type="hidden" name="_csrf" value={page.csrf} />
      <input type="hidden" name="form" value={page.form} />
      <input type="hidden" name="shown" value={page.shown} />
      {act.about === null ? null : <input type="hidden" name={act.about} value={String(id)} />}
      {act.fields.map((name) => (
        <ActField {...page} name={name} isFocused={name === firstWrong} />
      ))}
      <WillDo {...page} />
      <p class="buttons">
        <button type="submit" name="step" value="do">
          {actWords.buttons[act.name]}
        </button>
        {hasLook ? (
          <button type="submit" name="step" value="look" class="secondary">
            {actWords.look}
          </button>
        ) : null}
        <a href={back}>{actWords.cancel}</a>
      </p>
    </form>
  );
}

function WillDo({ planned, alert, problems }: ShownForm): JSX.Element | null {
  // Why it can do nothing stands above the form.
  if (planned === null && alert !== null && Object.keys(problems).length === 0) return null;
  return (
    <section class="will-do" aria-labelledby="will-do">
      <h2 id="will-do">{actWords.willDo}</h2>
      {planned === null ? <p>{actWords.notYet}</p> : null}
      {planned?.says.map((said) => (
        <p>{printable(said)}</p>
      ))}
      {planned?.rows === undefined ? null : (
        <ul>
          {planned.rows.map((row) => (
            <li>{printable(row)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What a person reads who may not do the act. */
export function NotAllowed({ least }: { least: Role }): JSX.Element {
  return <p>{actWords.notAllowed.text(least)}</p>;
}
