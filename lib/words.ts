/** A number of things: '1 key', '2 keys'. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** The parts that are there, each on a line. */
export function joined(...parts: (string | null | readonly string[])[]): string {
  return parts
    .flat()
    .filter((part) => part !== null)
    .join('\n');
}
