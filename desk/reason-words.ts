/** For each reason that somebody cannot get in: its words, what to tell the member, what to do. A part of words.ts. */

/** Why a pass does not count, or a member can hold no key. */
export type ReasonKind =
  | 'suspended'
  | 'archived'
  | 'company'
  | 'noEmail'
  | 'lenderSuspended'
  | 'usedUp'
  | 'expired'
  | 'doubtful'
  | 'contractUnknown'
  | 'contractToCome'
  | 'contractEnded'
  | 'contractPaused'
  | 'contractInactive'
  | 'unmapped'
  | 'blocked'
  | 'noPass';

/** Why a key is not in Kisi as the rules say, or a door stays shut all the same. */
export type HitchKind =
  | 'waiting'
  | 'stopped'
  | 'refused'
  | 'doubt'
  | 'noWorker'
  | 'notLookedAt'
  | 'closed'
  | 'missing'
  | 'leaving'
  | 'endsEarly'
  | 'byHand'
  | 'kisiUnread'
  | 'suspendedInKisi'
  | 'notAccepted'
  | 'noAppAccess'
  | 'noDoors'
  | 'geofence'
  | 'reader'
  | 'primaryDevice'
  | 'managedDevice'
  | 'time'
  | 'tapToAccess';

/** `short`: a part of a sentence; `detail` is what it is about. */
interface ReasonWords {
  short: (detail: string) => string;
  tell: string;
  todo: string;
}

/** Why a member has no key by the rules. */
export const reasons: Record<ReasonKind, ReasonWords> = {
  suspended: {
    short: () => 'the account is suspended in Nexudus',
    tell: 'Your account is suspended at the moment. Please talk to the community manager.',
    todo: 'See in Nexudus why the customer is suspended. If that is over, make the customer active again: the key comes back by itself.',
  },
  archived: {
    short: () => 'the account is archived in Nexudus',
    tell: 'Your account is closed. Please talk to the community manager.',
    todo: 'Restore the customer in Nexudus if this person is still a member.',
  },
  company: {
    short: () => 'this is a company in Nexudus, and a company holds no keys itself',
    tell: 'The company has no key of its own. Each person needs a profile.',
    todo: 'Look for the person instead. Passes of the company reach its people by a team that shares passes.',
  },
  noEmail: {
    short: () => 'there is no e-mail in Nexudus, and Kisi needs one',
    tell: 'We need your e-mail to send you the key.',
    todo: 'Enter the e-mail in Nexudus.',
  },
  lenderSuspended: {
    short: () => 'the team’s paying member, who lends the pass, is suspended or archived',
    tell: 'The pass of your team does not count at the moment. Please talk to your team’s paying member.',
    todo: 'See in Nexudus why the team’s paying member is suspended.',
  },
  usedUp: {
    short: (when) => `the last pass was used up${when}`,
    tell: 'Your last pass is used up.',
    todo: 'Sell another pass, or wait for the next pass of the plan.',
  },
  expired: {
    short: (when) => `the last pass expired${when}`,
    tell: 'Your last pass has expired.',
    todo: 'Sell another pass. Where a plan should have given one, see in Nexudus why it did not.',
  },
  doubtful: {
    short: (told) => `a date of the pass cannot be relied on: ${told}`,
    tell: 'Something about your pass needs mending. We are looking at it.',
    todo: 'Mend the record in Nexudus, or the time zone of the location.',
  },
  contractUnknown: {
    short: (told) => `the contract that gave the pass was not found: ${told}`,
    tell: 'We cannot find the contract of your pass. We are looking at it.',
    todo: 'See the contracts of the customer in Nexudus.',
  },
  contractToCome: {
    short: (plan) => `the plan has not begun: ${plan}`,
    tell: 'Your plan has not begun yet.',
    todo: 'See the start date of the contract in Nexudus.',
  },
  contractEnded: {
    short: (plan) => `the plan has ended: ${plan}`,
    tell: 'Your plan has ended.',
    todo: 'Renew the contract in Nexudus.',
  },
  contractPaused: {
    short: (plan) => `the plan is paused: ${plan}`,
    tell: 'Your plan is paused.',
    todo: 'End the pause in Nexudus if it should be over.',
  },
  contractInactive: {
    short: (plan) => `the contract is not active in Nexudus: ${plan}`,
    tell: 'Your plan is not active at the moment.',
    todo: 'See the contract in Nexudus.',
  },
  unmapped: {
    short: (type) => `this kind of pass opens no door: ${type}`,
    tell: 'This kind of pass opens no door by itself.',
    todo: 'If it should open one, tell whoever runs Latchkey to map it to a group.',
  },
  blocked: {
    short: (told) => `an order keeps this person out: ${told}`,
    tell: 'Your access is blocked. Please talk to the community manager.',
    todo: 'Ask who blocked it. Withdrawing the exception ends it.',
  },
  noPass: {
    short: () => 'there is no pass',
    tell: 'You have no pass at the moment.',
    todo: 'Sell a pass or a plan.',
  },
};

/** Why a key that the rules give opens nothing. */
export const hitches: Record<HitchKind, ReasonWords> = {
  waiting: {
    short: (detail) => `Latchkey waits: ${detail}`,
    tell: 'Your key is on its way. It can take a few minutes.',
    todo: 'Nothing: it goes on by itself. If it lasts, show this page to whoever runs Latchkey.',
  },
  stopped: {
    short: (detail) => `an order holds it back: ${detail}`,
    tell: 'Your key is held back for now. We will let you in by hand.',
    todo: 'Ask the person who gave the order. It goes on once the order is taken back.',
  },
  refused: {
    short: (detail) => `Kisi refused to make the key: ${detail}`,
    tell: 'Something in your account keeps us from making your key. We are looking at it.',
    todo: 'Correct in Nexudus what Kisi does not accept, most often the e-mail. If that is right, tell whoever runs Latchkey.',
  },
  doubt: {
    short: (detail) => `Nexudus was not believed: ${detail}`,
    tell: 'Your key stays as it is.',
    todo: 'Nothing: Nexudus is read again every half a minute.',
  },
  noWorker: {
    short: () => 'no worker of Latchkey answers',
    tell: 'Our key system is being looked at. We will let you in by hand.',
    todo: 'Tell whoever runs Latchkey that no worker answers.',
  },
  notLookedAt: {
    short: () => 'Latchkey has not looked at this person yet',
    tell: 'Your key is on its way.',
    todo: 'Wait half a minute, or re-sync this person.',
  },
  closed: {
    short: (detail) => `nobody looks after this person now: the workflow was closed (${detail})`,
    tell: 'We are looking at your key.',
    todo: 'Re-sync this person: that starts the workflow again.',
  },
  missing: {
    short: (group) => `Kisi shows no key to ${group}, although there should be one`,
    tell: 'Your key got lost. We are giving it again.',
    todo: 'Re-sync this person: that gives the key again.',
  },
  leaving: {
    short: (group) => `the key to ${group} is still in Kisi, although the rules do not give it any more`,
    tell: 'Your access ends.',
    todo: 'Nothing, unless this lasts: then re-sync this person.',
  },
  endsEarly: {
    short: (group) => `the right to ${group} ends in Kisi before the rules mean it to`,
    tell: 'Your key still works. We are making it last longer.',
    todo: 'Nothing: Latchkey moves the end on as soon as it may write. If this lasts, re-sync this person.',
  },
  byHand: {
    short: (group) => `the right to ${group} was given by a person or another integration`,
    tell: 'You have a key that was given by hand.',
    todo: 'Latchkey never takes it away. If it should go, take it away in Kisi.',
  },
  kisiUnread: {
    short: (detail) => `what Kisi holds could not be read: ${detail}`,
    tell: 'We cannot see your key at the moment.',
    todo: 'Open this page again in a moment.',
  },
  suspendedInKisi: {
    short: (user) => `the Kisi user ${user} is suspended in Kisi`,
    tell: 'Your Kisi account is suspended. We will see why.',
    todo: 'In Kisi, open the user and let it in again. Keys open nothing until then.',
  },
  notAccepted: {
    short: (detail) => `Kisi’s invitation${detail} is not accepted yet`,
    tell: 'Look for the mail from Kisi, also in the spam folder. Install the Kisi app, and sign in with the same e-mail.',
    todo: 'Ask the member to open the Kisi app, choose “Add account”, and type the e-mail that is in Nexudus.',
  },
  noAppAccess: {
    short: (group) => `app access is off for ${group}`,
    tell: 'This door does not open with the app at the moment.',
    todo: 'In Kisi, turn on app access for the group.',
  },
  noDoors: {
    short: (group) => `${group} has no doors`,
    tell: 'Your key opens no door yet. We are looking at it.',
    todo: 'In Kisi, add the doors to the group.',
  },
  geofence: {
    short: (group) => `${group} opens only near the door (geofence)`,
    tell: 'Stand near the door, and allow the Kisi app to use your location, all the time and exactly.',
    todo: 'If it fails near the door too, see the geofence of the group in Kisi.',
  },
  reader: {
    short: (group) => `${group} opens only at the reader`,
    tell: 'Hold the phone to the reader: tapping in the app alone does not open this door.',
    todo: 'If the member has no such phone, give a card, or turn the reader restriction off in Kisi.',
  },
  primaryDevice: {
    short: (group) => `${group} opens only with the member’s primary phone`,
    tell: 'Use the phone that you first signed in with.',
    todo: 'After a change of phone, choose the new one as the primary device in Kisi.',
  },
  managedDevice: {
    short: (group) => `${group} opens only with a phone that is managed`,
    tell: 'This door opens only with a phone that your company manages.',
    todo: 'See the device restriction of the group in Kisi.',
  },
  time: {
    short: (group) => `${group} opens only at certain times`,
    tell: 'This door has opening hours.',
    todo: 'See the time restriction of the group in Kisi.',
  },
  tapToAccess: {
    short: (group) => `${group} restricts tap to access`,
    tell: 'Unlock your phone before you hold it to the reader.',
    todo: 'See the tap-to-access restriction of the group in Kisi.',
  },
};
