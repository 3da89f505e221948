import type { Act, Choices, Planned, Typed } from './act.js';
import type { FieldName } from './names.js';

/** The page of an act, as it is shown at first or again. */
export interface ShownForm {
  act: Act;
  /** The id of what the act is about, such as a member or an exception; 0: the whole space. */
  id: number;
  csrf: string;
  /** An id that tells this form from every other: a form that is sent twice is one order. */
  form: string;
  /** Digest of what the page says that the act will do; empty: it says nothing. */
  shown: string;
  typed: Typed;
  choices: Choices;
  problems: Partial<Record<FieldName, string>>;
  /** What is said of the form as a whole; null: nothing. */
  alert: string | null;
  /** Null: what the act will do cannot be told. */
  planned: Planned | null;
  /** Where somebody who does nothing goes on. */
  back: string;
}
