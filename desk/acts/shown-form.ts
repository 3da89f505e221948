import type { Act, Choices, Planned, Typed } from './act.js';
import type { FieldName } from './names.js';

/** The page of an act, as it is shown at first or again. */
export interface ShownForm {
  act: Act;
  /** The number of what it is about; 0: the whole space. */
  id: number;
  csrf: string;
  /** What tells this form from every other: sent twice it is one order. */
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
  /** Where somebody goes who does nothing. */
  back: string;
}
