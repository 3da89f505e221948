/** One press of a button is one order, however often it is sent. */
import { createHash } from 'node:crypto';
import type { Act, Done, Typed } from './act.js';
import type { Viewer } from '../desk.js';

/** More are not remembered: Temporal itself takes an order once for each id as well. */
const mostRemembered = 1_000;

/** The id of the order that a form gives: the same whenever the same person sends the same form with the same fields. */
export function orderIdOf(
  { name }: Act,
  id: number,
  { account }: Viewer,
  form: string,
  typed: Typed,
): string {
  return `desk-${digestOf([name, id, account, form, typed])}`;
}

/**
 * A digest of what a person must have read before the button does anything: all that the act goes by, except the reason. If the
 * digest is another when the button is pressed, something has changed since.
 */
export function shownOf({ name }: Act, id: number, typed: Typed, facts: unknown): string {
  return digestOf([name, id, { ...typed, why: null }, facts]);
}

function digestOf(what: unknown): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32);
}

/** Orders that are under way or done, by their ids. */
export class GivenOrders {
  private readonly known = new Map<string, Promise<Done>>();

  /** The outcome of the order with this id, which may still be to come; null: it was not given here, or it failed. */
  find(id: string): Promise<Done> | null {
    return this.known.get(id) ?? null;
  }

  /** Gives the order, unless it was given before. One that failed may be given again. */
  async give(id: string, carryOut: () => Promise<Done>): Promise<Done> {
    const known = this.find(id);
    if (known !== null) return known;
    const given = carryOut();
    this.known.set(id, given);
    this.dropOld();
    try {
      return await given;
    } catch (error) {
      this.known.delete(id);
      throw error;
    }
  }

  private dropOld(): void {
    for (const id of this.known.keys()) {
      if (this.known.size <= mostRemembered) return;
      this.known.delete(id);
    }
  }
}
