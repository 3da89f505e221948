/** `verify --write` does not begin, or does not go on. The message says why, without anything personal, and what to do. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
}
