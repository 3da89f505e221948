/** What an act is: one thing that a person may have done from a page of its own. All of them stand in table.ts. */
import type { Giver } from '../../messages/to-control.js';
import type { OrderId } from '../../space/order.js';
import type { Named } from '../../worker/names.js';
import type { Desk, Role, Viewer } from '../desk.js';
import type { Members } from './members.js';
import type { ActName, FieldName } from './names.js';
import type { Told } from './told.js';

/** What was typed or chosen, as it came; empty: nothing. Several choices are parted by commas. */
export type Typed = Readonly<Record<FieldName, string>>;

/** What there is to choose from; a text in place of a list: why that list cannot be told. */
export interface Choices {
  groups: readonly Named[] | string;
  locations: readonly Named[] | string;
}

/** An act as somebody asks for it. */
export interface Asked {
  desk: Desk;
  viewer: Viewer;
  /** The id of what the act is about, such as a member or an exception; 0: the whole space. */
  id: number;
  /** The member's name; null: it is about no member, or Nexudus does not say. */
  name: string | null;
  typed: Typed;
  choices: Choices;
  members: Pick<Members, 'read'>;
}

/** What an act will do, told before anybody presses the button. */
export interface Planned {
  /** One thought a sentence. */
  says: readonly string[];
  /** What it concerns, where that is a list. */
  rows?: readonly string[];
  /** What must still be so when the button is pressed: else nothing is done, and the page shows anew what the act will do. */
  facts: unknown;
  /** Does it. Throws what the same order at the terminal throws. */
  carryOut(giver: Giver, id: OrderId): Promise<Done>;
}

/** Where the person goes once the act is done, and what that page tells. */
export interface Done {
  path: string;
  told: Told;
}

export interface Act {
  /** As in its address: /acts/allow. */
  name: ActName;
  least: Role;
  /** The parameter of the address that says what the act is about; null: the act is about the whole space. */
  about: 'member' | 'id' | null;
  fields: readonly FieldName[];
  /** What stands in the fields at first. */
  defaults: Partial<Typed>;
  needsWhy: boolean;
  /**
   * Looks at how things stand, and changes nothing. Throws FieldError where a field does not do, CommandError where the act makes
   * no sense (any more), and what its reads throw.
   */
  plan(asked: Asked): Promise<Planned>;
}

/** What was typed into a field does not do. The message says what to type instead. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  constructor(
    readonly field: FieldName,
    message: string,
  ) {
    super(message);
  }
}

/** Where somebody goes on from an act about a member, done or not. */
export const memberPath = (memberId: number): string => `/people/${memberId}`;

/** Where somebody goes on from every other act. */
export const todayPath = '/today';
