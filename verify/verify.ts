import type { Instant } from '../access/types.js';
import { KisiError } from '../kisi/errors.js';
import type { KisiClientOptions } from '../kisi/http.js';
import { version } from '../lib/version.js';
import { NexudusError } from '../nexudus/errors.js';
import type { NexudusClientOptions } from '../nexudus/options.js';
import type { ApiName, Assumption } from './assumption.js';
import { assumptions, type AssumptionName } from './assumptions.js';
import type { Finding } from './finding.js';
import { KisiLook } from './kisi-look.js';
import { whoAsks } from './nexudus-account.js';
import { NexudusLook } from './nexudus-look.js';
import { kisiProbes, nexudusProbes, type Probe } from './probes.js';
import type { TimesOf } from './said-dates.js';
import {
  answerOf,
  noteOfWays,
  profileVersion,
  untriedAnswer,
  type Account,
  type Answer,
  type Profile,
} from './profile.js';

export interface VerifyOptions {
  nexudus: NexudusClientOptions;
  kisi: KisiClientOptions;
  /** Locations whose time zone is configured, by id or name. */
  zoned: readonly (number | string)[];
  /** The pause before a request that failed is sent again. */
  pauseMs?: number;
  /** Told after each assumption that was tried: how many were, of how many. */
  onStep?: (done: number, total: number) => void;
  /** What time it is. Default: as this machine's clock says. */
  now?: () => Instant;
  /** When requests to an API were asked and answered. Default: likewise. */
  timesOf?: (api: ApiName) => TimesOf;
}

/** What one API did not answer as it should. */
export interface Failure {
  api: ApiName;
  /** For an operator; nothing personal. */
  message: string;
  /** Nothing could be asked: `login` where the credentials are wrong, `down` else. Null: something could. */
  isAll: 'login' | 'down' | null;
}

export interface Verified {
  profile: Profile;
  failures: Failure[];
  requests: Record<ApiName, number>;
}

type Answers = Partial<Record<AssumptionName, Answer>>;

/**
 * Tries every assumption that reading can tell, at both APIs side by side. By GET only, and Nexudus' login: nothing is written.
 * What one API does not answer is told as a failure, and what could be tried was tried. Throws a TypeError where the base URL or
 * the API key cannot be right.
 */
export function verifyByReading(options: VerifyOptions): Promise<Verified> {
  const { nexudus, kisi, pauseMs, timesOf, now } = options;
  const kisiLook = new KisiLook(kisi, pauseMs, timesOf?.('Kisi'), now);
  return verifyBoth(new NexudusLook(nexudus, pauseMs, timesOf?.('Nexudus')), kisiLook, options);
}

async function verifyBoth(nexudus: NexudusLook, kisi: KisiLook, options: VerifyOptions): Promise<Verified> {
  const asked = { nexudus: nexudusProbes(options.zoned), kisi: kisiProbes() };
  const run = new Run(asked.nexudus.length + asked.kisi.length, options.onStep);
  const account: Account = { nexudusLocationId: null, kisiOrganizationId: null, kisiUserId: null };
  await Promise.all([
    run.api('Nexudus', nexudus, asked.nexudus, async () => {
      account.nexudusLocationId = (await whoAsks(nexudus)).locationId;
    }),
    run.api('Kisi', kisi, asked.kisi, async () => {
      const { id, organization_id: organizationId } = await kisi.record('/user');
      account.kisiUserId = typeof id === 'number' ? id : null;
      account.kisiOrganizationId = typeof organizationId === 'number' ? organizationId : null;
    }),
  ]);
  const untried = assumptions.filter(({ tried }) => tried !== 'reading');
  for (const assumption of untried) run.answers[assumption.name] = untriedAnswer(assumption);
  const profile = {
    version: profileVersion,
    latchkey: version(),
    at: (options.now ?? Date.now)(),
    account,
    reached: noteOfWays(options),
    answers: run.answers,
  } as const;
  return { profile, failures: run.failures, requests: { Nexudus: nexudus.requests, Kisi: kisi.requests } };
}

const byName = new Map<string, Assumption>(assumptions.map((one) => [one.name, one]));

/** What has been tried so far. */
class Run {
  readonly answers: Answers = {};
  readonly failures: Failure[] = [];
  private done = 0;

  constructor(
    private readonly total: number,
    private readonly onStep: (done: number, total: number) => void = () => undefined,
  ) {}

  /** Tries all of one API; where it does not even say who asks, nothing else is asked of it. */
  async api<Look>(
    api: ApiName,
    look: Look,
    probes: readonly [AssumptionName, Probe<Look>][],
    logIn: () => Promise<void>,
  ): Promise<void> {
    const whyNot = await logIn().then(
      () => null,
      (error: unknown) => this.fail(api, error, true),
    );
    for (const [name, probe] of probes) {
      this.answers[name] = whyNot === null ? await this.try(api, name, () => probe(look)) : untold(whyNot);
      this.done++;
      this.onStep(this.done, this.total);
    }
  }

  /** A surprising answer is asked for twice, since a single one may be a slip of the network or a change meanwhile. */
  private async try(api: ApiName, name: AssumptionName, probe: () => Promise<Finding>): Promise<Answer> {
    const assumption = byName.get(name);
    if (assumption === undefined) throw new Error(`There is no assumption ${name}.`);
    try {
      const first = answerOf(assumption, await probe());
      if (first.result !== 'differs') return first;
      const second = answerOf(assumption, await probe());
      const agree =
        second.result === 'differs' && JSON.stringify(second.value) === JSON.stringify(first.value);
      return agree ? second : untold('Two tries answered differently. Run it again.', first.evidence);
    } catch (error) {
      return untold(this.fail(api, error, false));
    }
  }

  /** Notes why an API did not answer, and answers the words. Throws what is no error of an API. */
  private fail(api: ApiName, error: unknown, isAll: boolean): string {
    if (!(error instanceof NexudusError) && !(error instanceof KisiError)) throw error;
    const { message } = error;
    const all = error.kind === 'refused' ? 'login' : 'down';
    if (this.failures.every((known) => known.message !== message))
      this.failures.push({ api, message, isAll: isAll ? all : null });
    return message;
  }
}

const untold = (why: string, evidence: readonly string[] = []): Answer => ({
  result: 'untold',
  why,
  evidence: [...evidence],
});
