import type { JSX } from 'hono/jsx/jsx-runtime';
import { personWords as say } from '../person-words.js';
import type { Question } from '../questions.js';
import type { Advice } from '../why-not.js';

/** One of the three questions, with what to tell the member and what to do for each reason. */
export function QuestionSection({ question }: { question: Question }): JSX.Element {
  const { title, isWell, answer, reasons, checks } = question;
  const outcome = isWell === null ? 'unknown' : isWell ? 'can' : 'cannot';
  return (
    <section class={`question ${outcome}`}>
      <h2>{title}</h2>
      <p>{answer}</p>
      {reasons.length === 0 ? null : <Advices reasons={reasons} title={title} />}
      {checks.length === 0 ? null : (
        <>
          <p>{say.questions.checks}</p>
          <ol>
            {checks.map((check) => (
              <li>{check}</li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function Advices({ reasons, title }: { reasons: readonly Advice[]; title: string }): JSX.Element {
  const { reason, tell, todo } = say.questions.columns;
  return (
    <div class="table" role="region" aria-label={title} tabindex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{reason}</th>
            <th scope="col">{tell}</th>
            <th scope="col">{todo}</th>
          </tr>
        </thead>
        <tbody>
          {reasons.map((one) => (
            <tr>
              <th scope="row">{one.short}</th>
              <td data-label={tell}>{one.tell}</td>
              <td data-label={todo}>{one.todo}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
