import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Instant } from '../access/types.js';
import { CommandError } from '../space/failure.js';
import { instantAt, parseAt } from '../space/typed-times.js';
import type { Directory } from './directory.js';
import { answerPage } from './frame.js';
import { toldOf } from './invitation-facts.js';
import { PersonPage, type AsOfTyped } from './pages/person.js';
import { personText } from './person-text.js';
import type { PersonReads } from './person-reads.js';
import { personView, type PersonView } from './person-view.js';
import { personZone, standingOf, valueOf } from './standing.js';
import { words } from './words.js';

const params = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});
const query = z
  .object({ at: z.string().max(40).catch(''), fresh: z.literal('1').optional().catch(undefined) })
  .catch({ at: '', fresh: undefined });

/** What is shown of a person. */
interface Shown {
  view: PersonView;
  asOf: AsOfTyped;
  isFresh: boolean;
}

/** Adds the page of one person, and the same as plain text. */
export function addPerson(app: FastifyInstance, reads: PersonReads, directory: Directory): void {
  /** A text: why there is nothing to show. `isHasty`: what Latchkey knows will do until the APIs have answered. */
  const show = async (request: FastifyRequest, isHasty: boolean): Promise<Shown | string> => {
    const id = params.safeParse(request.params);
    if (!id.success) return words.person.badId;
    const memberId = id.data.id;
    const { at, fresh } = query.parse(request.query);
    const isFresh = fresh === '1';
    const facts = await reads.read(memberId, { isFresh, isHasty: isHasty && !isFresh && at === '' });
    const zone = personZone(facts);
    const asOf = asOfTyped(at, zone);
    const listedName = directory.nameOf(memberId);
    const invitation = toldOf(facts.invitation, zone);
    const standing = standingOf(facts, { listedName, asOf: asOf.instant, invitation });
    const isUnknown =
      standing.records === 'gone' &&
      standing.watched?.row === null &&
      valueOf(facts.kept)?.length === 0 &&
      standing.groups.length === 0;
    if (isUnknown) return words.person.notFound(memberId);
    return { view: personView(facts, standing), asOf, isFresh };
  };

  app.get('/people/:id', async (request, reply) => {
    const shown = await show(request, true);
    if (typeof shown === 'string') return answerNotFound(request, reply, shown);
    const { view, asOf, isFresh } = shown;
    // What was read anew is kept for a moment: the page itself is always the plain address.
    if (isFresh) return reply.redirect(`/people/${view.memberId}`, 303);
    const page = <PersonPage view={view} asOf={asOf} viewer={request.viewer} />;
    const live = view.asOf === null ? `member-${view.keyOwnerId}` : undefined;
    return answerPage(request, reply, words.person.title(view.name), page, live);
  });

  app.get('/people/:id/text', async (request, reply) => {
    const shown = await show(request, false);
    const text = typeof shown === 'string' ? `${shown}\n` : personText(shown.view);
    return reply
      .code(typeof shown === 'string' ? 404 : 200)
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(text);
  });
}

function answerNotFound(request: FastifyRequest, reply: FastifyReply, why: string): Promise<FastifyReply> {
  const body = (
    <p>
      {why} <a href="/">{words.notFound.text}</a>
    </p>
  );
  return answerPage(request, reply.code(404), words.notFound.title, body);
}

/** The time that was typed, by the clock of the person's location. */
function asOfTyped(typed: string, zone: string | null): AsOfTyped {
  if (typed.trim() === '') return { typed, instant: null, problem: null };
  try {
    return { typed, instant: instantIn(typed.trim(), zone), problem: null };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const isTimed = /^20\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(typed.trim());
    const problem = zone === null && isTimed ? words.person.asOf.noZone : words.person.asOf.wrong;
    return { typed, instant: null, problem };
  }
}

function instantIn(typed: string, zone: string | null): Instant {
  return instantAt(parseAt(typed), zone);
}
