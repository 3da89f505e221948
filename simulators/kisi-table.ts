/** Rows by id that also remember what they were, so that a list can lag behind the writes. */
export class Table<Row extends { id: number }> {
  readonly #rows = new Map<number, Row>();
  readonly #history = new Map<number, { at: number; row: Row | null }[]>();
  #lastChangeAt = -Infinity;
  #nextId: number;

  /** Ids count up from `firstId`; tables that start far apart make a mixed-up id show. `now`: epoch ms. */
  constructor(
    firstId: number,
    private readonly now: () => number,
  ) {
    this.#nextId = firstId;
  }

  /** An id that was never given before. */
  takeId(): number {
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  /** Adds or replaces a row. Rows are values: never change one that was put. */
  put(row: Row): Row {
    this.#rows.set(row.id, row);
    this.#remember(row.id, row);
    return row;
  }

  /** Removes a row. False: there was none. */
  remove(id: number): boolean {
    if (!this.#rows.delete(id)) return false;
    this.#remember(id, null);
    return true;
  }

  /** The row as it is now. */
  get(id: number): Row | undefined {
    return this.#rows.get(id);
  }

  /** All rows as they are now, in the order in which they were made. */
  all(): Row[] {
    return [...this.#rows.values()];
  }

  /** All rows as they were at an instant (epoch ms), in the order in which they were made. */
  asOf(instant: number): Row[] {
    if (this.#lastChangeAt <= instant) return this.all();
    return [...this.#history.values()].flatMap((versions) => {
      const version = versions.findLast(({ at }) => at <= instant);
      return version?.row ? [version.row] : [];
    });
  }

  #remember(id: number, row: Row | null): void {
    const at = this.now();
    this.#lastChangeAt = at;
    const versions = this.#history.get(id) ?? [];
    versions.push({ at, row });
    this.#history.set(id, versions);
  }
}
