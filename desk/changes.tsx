import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { csvLines } from '../database/lines.js';
import type { AuditRecord } from '../database/audit-records.js';
import { failureOf } from '../space/failure.js';
import { cursorIn, readFilter, type ReadFilter } from './changes-filter.js';
import type { Desk } from './desk.js';
import { answerPage } from './frame.js';
import { zoneIn, zonesIn } from './health.js';
import type { KnownNames } from './known-names.js';
import { Changes } from './pages/changes.js';
import { words } from './words.js';

/** The most records on one page. */
const pageRows = 100;

/** What a page of changes shows. */
interface ChangesPage {
  records: AuditRecord[];
  /** There are older ones. */
  isMore: boolean;
  problem: string | null;
}

/** Adds the audit log as a page with filters, and as a file. */
export function addChanges(app: FastifyInstance, desk: Desk, names: KnownNames): void {
  app.get('/changes', async (request, reply) => {
    const read = await filterOf(desk, request);
    const after = cursorIn(request.query);
    const found = await pageOf(desk, read, after);
    const [health, groups] = await Promise.all([request.health, names.groups()]);
    const naming = { people: desk.people ?? null, groups, zone: zoneIn(health), zones: zonesIn(health) };
    const body = <Changes read={read} naming={naming} isFirst={after === undefined} {...found} />;
    return answerPage(request, reply, words.space.changes.title, body, 'space');
  });

  app.get('/changes.csv', async (request, reply) => {
    const { filter, problems } = await filterOf(desk, request);
    const problem = Object.values(problems).join(' ');
    if (problem !== '') return reply.code(400).type('text/plain; charset=utf-8').send(`${problem}\n`);
    // What cannot be read at all is told on a page: a file would only break off.
    await desk.auditLog.newestFirst({ ...filter, limit: 1 });
    const lines = Readable.from(csvLines(desk.auditLog.all(filter)));
    lines.on('error', (err) => {
      desk.log.warn({ err }, 'a download of the audit log ended half-way');
    });
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="latchkey-changes.csv"')
      .header('cache-control', 'no-store')
      .send(lines);
  });
}

async function filterOf({ people, now }: Desk, { query, health }: FastifyRequest): Promise<ReadFilter> {
  await people?.ready();
  const find = people === undefined ? undefined : people.find.bind(people);
  return readFilter(query, zoneIn(await health), now(), find);
}

/** Where a field means nothing, nothing is shown: what was not asked for would mislead. */
async function pageOf(
  { auditLog }: Desk,
  { filter, problems }: ReadFilter,
  after: Pick<AuditRecord, 'at' | 'key'> | undefined,
): Promise<ChangesPage> {
  const nothing = { records: [], isMore: false };
  if (Object.keys(problems).length > 0) return { ...nothing, problem: null };
  try {
    const records = await auditLog.newestFirst({ ...filter, after, limit: pageRows + 1 });
    return { records: records.slice(0, pageRows), isMore: records.length > pageRows, problem: null };
  } catch (error) {
    return { ...nothing, problem: failureOf(error).lines.join(' ') };
  }
}
