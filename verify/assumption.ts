import type { JsonValue } from '../access/json.js';

export type ApiName = 'Nexudus' | 'Kisi';

/** How sure the public sources are of something (the marks of the fact sheets). */
export type Sureness = 'documented' | 'documented long ago' | 'seen by others' | 'inferred' | 'not known';

/** What an answer may be: one of these, a number, a word, or a list that is empty where all is as assumed. */
export type Values = readonly JsonValue[] | 'a number' | 'a word' | 'a list';

/** One thing that Latchkey takes to be so at an API, without having seen it in this account. */
export interface Assumption {
  name: string;
  api: ApiName;
  /** The assumption, as a sentence. */
  says: string;
  /** The fact sheet and its section. */
  source: string;
  sureness: Sureness;
  /** What can tell: reads alone, writes (`verify --write`), or a push that comes in (`verify --push`). */
  tried: 'reading' | 'writing' | 'push';
  /** The switch of the API's simulator that it belongs to; null: none. */
  switch: string | null;
  values: Values;
  /** The answers with which it holds. */
  assumed: readonly JsonValue[];
  /** What another answer means for the product, and what to do; where it copes with just this one, nothing is to be done. */
  ifNot: string;
  /** Whether Latchkey works as well with other answers; false: somebody must do something, unless the answer says otherwise. */
  copes: boolean;
}
