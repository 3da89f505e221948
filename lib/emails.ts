/**
 * An e-mail as it is stored and compared: trimmed, and its Latin letters small. No other letters are folded: a Kelvin sign
 * would become a k, and one person's keys another's. Whether Nexudus or Kisi minds the case is not documented.
 */
export function normalEmail(email: string): string {
  return email.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether a search for one e-mail may find another, however loosely it compares: by case, width and accents. */
export function isLike(found: string, wanted: string): boolean {
  return looseForm(found).includes(looseForm(wanted));
}

/** A text without capitals, widths and accents: the same for all texts that such a search may take for the same. */
export function looseForm(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
