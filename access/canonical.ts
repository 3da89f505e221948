/** JSON of plain data with the fields of each object in one order: equal data gives equal text. Pure. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (isObject(inner) ? inOrder(inner) : inner));
}

function inOrder(value: object): object {
  // A null prototype: a field may have any name.
  const sorted = Object.create(null) as Record<string, unknown>;
  for (const [key, inner] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) sorted[key] = inner;
  return sorted;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
