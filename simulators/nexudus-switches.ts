/** What is not known about Nexudus, or differs between its own pages. Each can be switched while it runs. */
export interface NexudusSwitches {
  /** Status of a throttled request; the reference says 409, and that this is on purpose. */
  throttleStatus: 409 | 429;
  /** Meaning of `dir`: 1 and -1, 0 and 1, or the words Ascending and Descending. All three are published. */
  dirSemantics: 'signed' | 'zeroBased' | 'words';
  /** Whether a change of a contract, a pass or a team moves the UpdatedOn of its coworkers. Not known. */
  coworkerUpdatedOnFollows: boolean;
  /** Status without a valid login. 401 is documented for the other API only. */
  authFailureStatus: 401 | 403;
  /** Whether a `size` above `mostRows` is cut to that, or allowed. */
  sizeCap: 'clamp' | 'allow';
  /** Where records without a value stand in an order. Not known. */
  unsetSorts: 'first' | 'last';
  /** Rows on a page at most; the reference says 1000. */
  mostRows: number;
  /** `Date` of each answer: 'clock' for the simulator's, else just this text; null: none. What gateways do to it is not known. */
  dateHeader: string | null;
  /** Requests per login, by the simulator's clock; null: no limit. A write counts like a read. */
  rateLimits: RateLimits | null;
  /** Whether SimpleTimeZone.Name is a Windows or an IANA id. Not known. */
  simpleTimeZoneNames: 'windows' | 'iana';
  /** Whether `...Local` values carry a Z although they are wall-clock times. Not known. */
  localDatesWithZ: boolean;
  /** Whether a team's list row carries CoworkerIds. Seen by a third party only. */
  teamCoworkerIds: boolean;
  /** Whether `?id=[1,2]` answers with the list envelope (2020) or a bare array (now). */
  batchEnveloped: boolean;
  /** Whether ExpireDate of a plan's pass is the local midnight that begins its last day, or that ends it. */
  planPassExpires: 'lastDay' | 'periodEnd';
  /** The secret that signs webhooks; null: none is set, and they go unsigned. */
  hookSecret: string | null;
  /** What the signature is over: secret and body as ASCII, as in the published recipe, or as they are. */
  hookSignatureFold: 'utf8' | 'ascii';
  /** In which letters the signature is written. */
  hookSignatureLetters: 'upper' | 'lower';
  /** Whether the record comes in an array, or by itself. */
  hookBody: 'array' | 'object';
  /** Whether each webhook is sent twice. Not known. */
  hooksTwice: boolean;
  /** How long after the change a webhook is sent, in milliseconds. Not known. */
  hookDelayMs: number;
  /** Whether a webhook on a network tells of its locations too. Seen by a third party only. */
  hooksCoverNetworks: boolean;
  /** What CoworkerCheckin and CoworkerCheckout carry. Not known. */
  checkinHookRecord: 'checkin' | 'coworker';
}

/** The published limits. */
export interface RateLimits {
  /** Least time between two requests, in milliseconds. */
  perGapMs: number;
  perMinute: number;
  perHour: number;
}

/** The switches as they stand unless said otherwise: what the newest official text says. */
export const defaultSwitches: NexudusSwitches = {
  throttleStatus: 409,
  dirSemantics: 'signed',
  coworkerUpdatedOnFollows: false,
  authFailureStatus: 401,
  sizeCap: 'clamp',
  unsetSorts: 'first',
  mostRows: 1000,
  dateHeader: 'clock',
  rateLimits: { perGapMs: 100, perMinute: 120, perHour: 5000 },
  simpleTimeZoneNames: 'windows',
  localDatesWithZ: false,
  teamCoworkerIds: true,
  batchEnveloped: false,
  planPassExpires: 'lastDay',
  hookSecret: null,
  hookSignatureFold: 'ascii',
  hookSignatureLetters: 'upper',
  hookBody: 'array',
  hooksTwice: false,
  hookDelayMs: 0,
  hooksCoverNetworks: true,
  checkinHookRecord: 'checkin',
};
