/** What is known of how Kisi answers here. Null: it is not known, so Latchkey is ready for either. */
export interface KnownKisi {
  /** Whether the filter by e-mail finds an e-mail in whatever case it is written: then no search can find more. */
  filterFindsEveryCase: boolean | null;
  /** Whether a PATCH moves the end of a key: then it need not be read back, and else it need not be tried. */
  patchMovesEnd: boolean | null;
}

/** Where nothing was verified. */
export const unknownKisi: KnownKisi = { filterFindsEveryCase: null, patchMovesEnd: null };
