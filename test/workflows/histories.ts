/** How a recorded history is kept as JSON: protobuf's own plain objects, so that a changed history shows in a diff. */
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
export type History = proto.temporal.api.history.v1.IHistory;

/** The fields that say where and by which process a history was made. They change nothing in a replay. */
const placeOf = new Set(['identity', 'stackTrace', 'workerVersion', 'binaryChecksum']);

export function historyToText(history: History): string {
  const plain = History.toObject(History.fromObject(history), {
    longs: String,
    enums: String,
    bytes: String,
  });
  const events = (plain['events'] as unknown[]).map((event) => JSON.stringify(withoutPlace(event)));
  return `{"events":[\n${events.join(',\n')}\n]}\n`;
}

/** Throws where the text is not JSON of an object. */
export function historyFromText(text: string): History {
  return History.fromObject(JSON.parse(text) as Record<string, unknown>);
}

function withoutPlace(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlace);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !placeOf.has(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutPlace(inner)]));
}
