/** The pages on which people act: each shows what it will do, and does it when what was shown still holds. */
import { randomUUID } from 'node:crypto';
import { ServiceError } from '@temporalio/client';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { printable } from '../../access/text.js';
import { KisiError } from '../../kisi/errors.js';
import { NexudusError } from '../../nexudus/errors.js';
import { CommandError, failureOf } from '../../space/failure.js';
import { UnansweredError } from '../../space/order.js';
import { mayAs, type Desk } from '../desk.js';
import { answerPage } from '../frame.js';
import { ActPage, NotAllowed } from '../pages/act.js';
import {
  FieldError,
  memberPath,
  todayPath,
  type Act,
  type Asked,
  type Done,
  type Planned,
  type Typed,
} from './act.js';
import { createChoices } from './choices.js';
import { giverIn, idIn, sentenceOf, sentIn, typedIn } from './fields.js';
import { Members } from './members.js';
import type { FieldName } from './names.js';
import { GivenOrders, orderIdOf, shownOf } from './orders.js';
import { nameOfMember } from './reads.js';
import type { ShownForm } from './shown-form.js';
import { tellThere } from './told.js';
import { actWords } from './words.js';

/** A form as somebody asks for it or sends it. */
interface Sent {
  act: Act;
  /** 0: the whole space. */
  id: number;
  typed: Typed;
  /** An id that tells this form from every other that was shown. */
  form: string;
  /** The digest of what the person has read that the act will do; empty: the person has read nothing. */
  shown: string;
  /** The person only asks what the act will do. */
  onlyLooks: boolean;
}

/** What the page says of a form that it shows. */
interface Answer {
  status: number;
  /** Beside the fields. */
  problems?: Partial<Record<FieldName, string>>;
  /** Above the form. */
  alert?: string;
  planned?: Planned;
}

/** Shows the forms of all acts and takes them back. */
export class ActForms {
  private readonly orders = new GivenOrders();
  private readonly members: Members;
  private readonly choices: ReturnType<typeof createChoices>;

  constructor(private readonly desk: Desk) {
    this.members = new Members(desk);
    this.choices = createChoices(desk);
  }

  /** Answers a form with its fields as the address fills them, and what the act will do. */
  async show(act: Act, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const sent = sentOf(act, request.query, act.defaults);
    const refusal = this.refusal(act, sent, request, reply);
    if (refusal !== null || sent === null) return refusal ?? reply;
    const asked = await this.askedOf(sent, request);
    return this.draw(request, reply, sent, asked, await foretold(act, asked));
  }

  /** Does what a form orders, if its page had shown just that; else answers the form again, and says why nothing is done. */
  async press(act: Act, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const sent = sentOf(act, request.body, {});
    const refusal = this.refusal(act, sent, request, reply);
    if (refusal !== null || sent === null) return refusal ?? reply;
    const asked = await this.askedOf(sent, request, 0);
    const came = await this.carryOut(sent, asked).catch(failed);
    if ('path' in came) {
      tellThere(reply, came, this.desk.config.desk.url?.startsWith('https:') ?? false);
      return reply.redirect(came.path, 303);
    }
    return this.draw(request, reply, sent, asked, came);
  }

  private async carryOut(
    { act, id, typed, form, shown, onlyLooks }: Sent,
    asked: Asked,
  ): Promise<Done | Answer> {
    const updateId = orderIdOf(act, id, asked.viewer, form, typed);
    const known = this.orders.find(updateId);
    if (known !== null && !onlyLooks) return known;
    const planned = await act.plan(asked);
    if (onlyLooks) return { status: 200, alert: actWords.shown, planned };
    const giver = whoGives(asked, act);
    if (giver instanceof FieldError) return { ...failed(giver), planned };
    if (shown !== shownOf(act, id, typed, planned.facts))
      return { status: 409, alert: actWords.changed, planned };
    try {
      return await this.orders.give(updateId, () => planned.carryOut(giver, { updateId }));
    } catch (error) {
      // Where nobody knows what became of the order, the same button may be pressed again.
      return isUnanswered(error) ? { ...failed(error), planned } : failed(error);
    }
  }

  /** Refuses a person who may not do the act, and an address that cannot be one of this act; null: it refuses nothing. */
  private refusal(
    act: Act,
    sent: Sent | null,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply | Promise<FastifyReply> | null {
    if (!mayAs(request.viewer, act.least)) {
      const { title } = actWords.notAllowed;
      return answerPage(request, reply.code(403), title, <NotAllowed least={act.least} />);
    }
    if (sent !== null) return null;
    reply.callNotFound();
    return reply;
  }

  private async askedOf(
    { act, id, typed }: Sent,
    { viewer }: FastifyRequest,
    maxAgeMs?: number,
  ): Promise<Asked> {
    const { desk } = this;
    const [name, choices] = await Promise.all([
      act.about === 'member' ? nameOfMember(desk, id) : null,
      this.choices(maxAgeMs),
    ]);
    return { desk, viewer, id, name, typed, choices, members: this.members };
  }

  private draw(
    request: FastifyRequest,
    reply: FastifyReply,
    { act, id, typed, form }: Sent,
    { name, choices }: Asked,
    { status, problems = {}, ...answer }: Answer,
  ): Promise<FastifyReply> {
    const { alert = null, planned = null } = answer;
    const shown = planned === null ? '' : shownOf(act, id, typed, planned.facts);
    const parts: ShownForm = {
      ...{ act, id, form, typed, choices, problems, alert, planned, shown },
      csrf: request.csrf,
      back: act.about === 'member' ? memberPath(id) : todayPath,
    };
    const about = act.about === 'member' ? actWords.member(name, id) : String(id);
    const title = printable(actWords.titles[act.name](about));
    return answerPage(request, reply.code(status), title, <ActPage {...parts} />);
  }
}

/** The form that was sent, with `defaults` in empty fields; null: the form does not say what the act is about. */
function sentOf(act: Act, from: unknown, defaults: Partial<Typed>): Sent | null {
  const sent = sentIn(from);
  const id = act.about === null ? 0 : idIn(sent(act.about));
  if (id === null) return null;
  const form = sent('form');
  return {
    act,
    id,
    typed: typedIn(sent, defaults),
    // Anybody can send any id: it only ever tells this person's own forms apart.
    form: /^[\da-f-]{36}$/.test(form) ? form : randomUUID(),
    shown: sent('shown'),
    onlyLooks: sent('step') === 'look',
  };
}

function whoGives({ viewer, typed }: Asked, { needsWhy }: Act): ReturnType<typeof giverIn> | FieldError {
  try {
    return giverIn(viewer, typed.why, needsWhy);
  } catch (error) {
    if (error instanceof FieldError) return error;
    throw error;
  }
}

/** What an act will do, before anybody has typed anything that could be wrong. */
async function foretold(act: Act, asked: Asked): Promise<Answer> {
  try {
    return { status: 200, planned: await act.plan(asked) };
  } catch (error) {
    return error instanceof FieldError ? { status: 200 } : failed(error);
  }
}

/** The answer to a form that could not be obeyed. Throws an error that nobody foresaw. */
function failed(error: unknown): Answer {
  if (error instanceof FieldError)
    return { status: 422, problems: { [error.field]: error.message }, alert: actWords.wrong };
  const says = failureOf(error).lines.join(' ');
  if (isUnanswered(error)) return { status: 503, alert: actWords.unanswered(says) };
  const isForeseen = [CommandError, NexudusError, KisiError].some((kind) => error instanceof kind);
  if (!isForeseen) throw error;
  const isRefused = error instanceof CommandError && error.exitCode === 2;
  return { status: isRefused ? 409 : 503, alert: `${actWords.refused} ${sentenceOf(says)}` };
}

/** Whether an order was given and nobody knows what became of it. */
function isUnanswered(error: unknown): boolean {
  return error instanceof UnansweredError || error instanceof ServiceError;
}
