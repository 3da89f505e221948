import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';

/** The wire numbers of temporal.api.enums.v1.IndexedValueType. */
const wireTypes = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const;
export type AttributeType = keyof typeof wireTypes;

/**
 * Adds the search attributes that the namespace lacks, and waits until the server lists them all. Repeating it changes
 * nothing. Needed for the development server too: its `--search-attribute` is ignored, without a word, on a database
 * that exists already (CLI 1.9.1). Throws when one is there with another type, and after `deadline` (ms since the epoch).
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  wanted: Record<string, AttributeType>,
  deadline: number,
): Promise<void> {
  let missing = await missingOf(connection, namespace, wanted);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, wireTypes[type]])),
  });
  for (;;) {
    missing = await missingOf(connection, namespace, wanted);
    if (missing.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(`the server does not list ${missing.map(([name]) => name).join(', ')} yet`);
    }
    await sleep(100);
  }
}

async function missingOf(
  connection: Connection,
  namespace: string,
  wanted: Record<string, AttributeType>,
): Promise<[string, AttributeType][]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.entries(wanted).filter(([name, type]) => {
    // Theirs is an enum, ours are plain numbers.
    const found: number | undefined = customAttributes[name];
    if (found === undefined) return true;
    if (found !== wireTypes[type]) {
      throw new Error(`search attribute ${name} exists in namespace ${namespace}, but not as ${type}`);
    }
    return false;
  });
}
