import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant } from '../access/types.js';
import type { KisiClientOptions } from '../kisi/http.js';
import { NexudusError } from '../nexudus/errors.js';
import type { NexudusClientOptions } from '../nexudus/options.js';
import type { BusinessRecord, WebhookRecord } from '../nexudus/records.js';
import { soundRows } from '../nexudus/rows.js';
import type { WebhookSeen } from '../push/seen.js';
import { kisiEventFindings } from './kisi-event-findings.js';
import { KisiLook } from './kisi-look.js';
import { NexudusLook } from './nexudus-look.js';
import { nexudusWebhookFindings, secretFinding } from './nexudus-webhook-findings.js';
import type { Findings } from './trial.js';
import { hasCome, webhookKinds, type WebhookKind } from './webhook-kinds.js';
import { WebhookLeads } from './webhook-leads.js';

export interface PushOptions {
  nexudus: NexudusClientOptions;
  kisi: KisiClientOptions;
  /** Which APIs have a secret here: webhooks of an API without one are not taken in. */
  takes: { nexudus: boolean; kisi: boolean };
  /** All that came in lately, the oldest first, whoever took it in. */
  seen: () => Promise<WebhookSeen[]>;
  /** How long to wait for kinds of webhooks that have not come. */
  forMs: number;
  /** Told at first, and whenever one has come, which kinds are still waited for. */
  onWaiting: (kinds: readonly WebhookKind[]) => void;
  /** Once it is aborted nothing more is waited for, and what came counts. */
  signal?: AbortSignal;
  now?: () => Instant;
  pauseMs?: number;
  /** How often it looks. */
  everyMs?: number;
  /** How long to wait at the end for a second copy of what came. */
  settleMs?: number;
}

const defaults = { everyMs: 500, settleMs: 6_000, now: Date.now };

/** Looks at the webhooks that come. Reads at both APIs what they name; writes nothing. */
export class PushWait {
  private readonly options: PushOptions & typeof defaults;
  private readonly nexudus: NexudusLook;
  private readonly leads: WebhookLeads;
  private hooks: readonly WebhookRecord[] | null = null;
  private businesses: readonly BusinessRecord[] = [];
  private seen: WebhookSeen[] = [];
  private refused = 0;
  private said: string | null = null;
  private isFollowing = false;
  private followed: Promise<void> = Promise.resolve();

  constructor(options: PushOptions) {
    this.options = { ...defaults, ...options };
    const { nexudus, kisi, pauseMs } = options;
    this.nexudus = new NexudusLook(nexudus, pauseMs);
    this.leads = new WebhookLeads(this.nexudus, new KisiLook(kisi, pauseMs));
  }

  /** Looks up from now on what comes, since it may be gone by the time of `hear`. */
  begin(): void {
    this.isFollowing = true;
    this.followed = this.follow();
    // `hear` throws the error.
    this.followed.catch(() => undefined);
  }

  /**
   * Waits until a webhook of each kind has come, and answers what all that came tell. What did not come is told as not known, with
   * what would tell it. Rejects only where `seen` does.
   */
  async hear(): Promise<Findings> {
    const { forMs, everyMs, settleMs } = this.options;
    this.isFollowing = false;
    await this.followed;
    await this.readHooks();
    const endMs = performance.now() + forMs;
    for (;;) {
      await this.look();
      const waited = this.waited();
      this.tell(waited);
      if (waited.length === 0 || performance.now() >= endMs || this.isStopped()) break;
      await this.pause(Math.min(everyMs, endMs - performance.now()));
    }
    if (this.seen.length > 0) await this.pause(settleMs);
    await this.look();
    await this.leads.askAgain(this.seen);
    return this.findings();
  }

  /** Ends what `begin` began. */
  async close(): Promise<void> {
    this.isFollowing = false;
    await this.followed.catch(() => undefined);
  }

  private async follow(): Promise<void> {
    while (this.isFollowing && !this.isStopped()) {
      await this.look();
      await this.pause(this.options.everyMs);
    }
  }

  private async look(): Promise<void> {
    this.seen = await this.options.seen();
    await this.leads.follow(this.seen);
    const refused = this.seen.filter(({ source, isSigned }) => source === 'nexudus' && !isSigned).length;
    // Nexudus notes on a webhook that a call of its own was refused.
    if (refused > this.refused) await this.readHooks();
    this.refused = refused;
  }

  /** Kinds that may come and have not; none of Nexudus where it is known that each is refused. */
  private waited(): WebhookKind[] {
    const { takes } = this.options;
    const secret = secretFinding(this.ofNexudus());
    const isRefused = 'value' in secret && secret.value !== 'signed';
    return webhookKinds.filter((one) => {
      if (hasCome(one, this.seen)) return false;
      if (one.api === 'Kisi') return takes.kisi;
      return takes.nexudus && !isRefused && this.hooksOf(one).some(({ active }) => active !== false);
    });
  }

  /** The webhooks of a kind. Where the list cannot be read, one of each kind may come. */
  private hooksOf({ kind }: WebhookKind): Pick<WebhookRecord, 'active'>[] {
    if (this.hooks === null) return [{ active: null }];
    return this.hooks.filter(({ url }) => url.endsWith(`/nexudus/${kind}`));
  }

  private ofNexudus(): { seen: WebhookSeen[]; hooks: readonly WebhookRecord[] | null } {
    return { seen: this.seen.filter(({ source }) => source === 'nexudus'), hooks: this.hooks };
  }

  private findings(): Findings {
    const { seen, hooks, businesses, leads } = this;
    const { takes, now } = this.options;
    const kindsOf = (api: WebhookKind['api']): WebhookKind[] => webhookKinds.filter((one) => one.api === api);
    const common = { seen, now: now(), leads, whyNone: (kind: WebhookKind) => this.whyNone(kind) };
    const nexudus = nexudusWebhookFindings({ ...common, hooks, businesses, kinds: kindsOf('Nexudus') });
    const kisi = kisiEventFindings({ ...common, kinds: kindsOf('Kisi') });
    return {
      ...(takes.nexudus ? nexudus : allUntold(nexudus, unset('NEXUDUS_WEBHOOK_SECRET'))),
      ...(takes.kisi ? kisi : allUntold(kisi, unset('KISI_WEBHOOK_KEY'))),
    };
  }

  private whyNone(kind: WebhookKind): string {
    const { api, about, cause } = kind;
    const hooks = this.hooksOf(kind);
    if (api === 'Nexudus' && hooks.length === 0)
      return `There is no webhook for it in Nexudus: \`latchkey hooks install\` makes it.`;
    if (api === 'Nexudus' && hooks.every(({ active }) => active === false))
      return 'Nexudus has switched it off: `latchkey hooks install` switches it on.';
    return `None about ${about} came. Run \`latchkey verify --push\`, and ${cause}.`;
  }

  private tell(waited: readonly WebhookKind[]): void {
    const names = waited.map(({ api, kind }) => `${api} ${kind}`).join();
    if (names === this.said || this.isStopped()) return;
    this.said = names;
    this.options.onWaiting(waited);
  }

  private async readHooks(): Promise<void> {
    if (!this.options.takes.nexudus) return;
    try {
      const query = { orderBy: 'Id', size: '1000', page: '1' };
      const [hooks, businesses] = await Promise.all([
        this.nexudus.page('webhooks', query),
        this.nexudus.page('businesses', query),
      ]);
      this.hooks = soundRows('webhooks', hooks.rows);
      this.businesses = soundRows('businesses', businesses.rows);
    } catch (error) {
      if (!(error instanceof NexudusError)) throw error;
    }
  }

  private isStopped(): boolean {
    return this.options.signal?.aborted === true;
  }

  private async pause(ms: number): Promise<void> {
    const { signal } = this.options;
    await sleep(Math.max(0, ms), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

const unset = (name: string): string =>
  `${name} is not set here, so that none is taken in. Set it as in the process that listens.`;

function allUntold(findings: Findings, untold: string): Findings {
  return Object.fromEntries(Object.keys(findings).map((name) => [name, { untold }]));
}
