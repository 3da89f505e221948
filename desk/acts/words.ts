/** Every word of the pages on which people act. Another language is another file like this one. */
import type { DriftKind, DriftVerb } from '../../access/drift.js';
import type { Mode, StopLevel } from '../../messages/to-control.js';
import type { ActName, FieldName } from './names.js';

/** What the buttons say. */
const buttons: Record<ActName, string> = {
  resync: 'Look again',
  allow: 'Allow',
  block: 'Block',
  resend: 'Mail it again',
  withdraw: 'Withdraw',
  approve: 'Take these keys away',
  reject: 'Keep these keys',
  repair: 'Repair',
  adopt: 'Adopt',
  ignore: 'Ignore',
  pause: 'Stop',
  resume: 'Let everything go on',
  mode: 'Set the mode',
};

/** What links to an act say. */
const links: Record<ActName, string> = {
  resync: 'Look again (re-sync)',
  allow: 'Allow for a while',
  block: 'Block for a while',
  resend: 'Mail the invitation again',
  withdraw: 'Withdraw',
  approve: 'Approve: take these keys away',
  reject: 'Reject: keep these keys',
  repair: 'Repair',
  adopt: 'Adopt',
  ignore: 'Ignore',
  pause: 'Stop something',
  resume: 'Let everything go on',
  mode: 'Change the mode',
};

/** The title of an act's page; `about`: a member by name, or the number of what it is about. */
const titles: Record<ActName, (about: string) => string> = {
  resync: (about) => `Look again at ${about}`,
  allow: (about) => `Allow ${about} a group for a while`,
  block: (about) => `Block ${about} for a while`,
  resend: (about) => `Have Kisi mail ${about} the invitation again`,
  withdraw: (about) => `Withdraw exception ${about}`,
  approve: (about) => `Approve what is withheld (${about})`,
  reject: (about) => `Reject what is withheld (${about})`,
  repair: (about) => `Repair finding ${about}`,
  adopt: (about) => `Adopt finding ${about}`,
  ignore: (about) => `Ignore finding ${about}`,
  pause: () => 'Stop something for everybody',
  resume: () => 'Let everything go on',
  mode: () => 'Whose keys are written',
};

const labels: Record<FieldName, string> = {
  group: 'Group',
  until: 'Until',
  untilAt: 'Or until this day and time',
  level: 'What to stop',
  mode: 'Mode',
  locations: 'Locations whose members are the canaries',
  members: 'Members who are canaries',
  why: 'Why',
};

const hints: Partial<Record<FieldName, string>> = {
  until: 'Like 2h, 3d, 18:00, today, tomorrow, tomorrow 18:00 or 2027-01-31. A day counts in full.',
  untilAt: 'In the time of the location. If this is filled in, it counts, whatever stands above.',
  locations: 'Only for canary.',
  members: 'Only for canary: their Nexudus ids, with commas between them.',
  why: 'It is shown and kept, so write no names and no e-mails.',
};

const levels: Record<StopLevel, string> = {
  revokes: 'Taking keys away',
  writes: 'Every write to Kisi',
  all: 'Everything: reading Nexudus too',
};

const modes: Record<Mode, string> = {
  observe: 'observe: everything runs, and nothing is written to Kisi',
  canary: 'canary: only the keys of a few are written',
  live: 'live: the keys of everybody are written',
};

/** What a ruling does about each kind of finding; left out: a finding of this kind cannot be ruled so. */
const rulings: Record<DriftVerb, Partial<Record<DriftKind, string>>> = {
  repair: {
    missing: 'Latchkey gives the key again.',
    changed: 'Latchkey moves the key’s end back.',
    userDeleted: 'Latchkey makes the Kisi user again, and Kisi mails the invitation.',
    extra: 'Latchkey takes the key away from Kisi, unless it serves a member by now.',
    orphan: 'Latchkey takes the keys away from Kisi, unless they serve a member by now. The Kisi user stays.',
  },
  adopt: {
    missing: 'The key stays away: Latchkey blocks the group for the member, for 90 days at most.',
    changed: 'The key keeps the end that it has in Kisi, for 90 days at most.',
    extra: 'The key stays until its end: Latchkey allows the member the group, for 90 days at most.',
    groupRenamed: 'Latchkey takes the new name of the group for right.',
    userSuspended: 'The Kisi user stays suspended.',
  },
  ignore: {},
};

export const actWords = {
  buttons,
  links,
  titles,
  labels,
  hints,
  levels,
  modes,
  rulings,
  optional: '(may be left empty)',
  look: 'Show what it will do',
  cancel: 'Back, without doing anything',
  willDo: 'What it will do',
  notYet: 'This is told here once everything above is filled in.',
  everyGroup: 'Every group',
  anyGroup: 'any group',
  chooseGroup: 'Choose a group',
  groupsUnknown: (why: string) =>
    `The names of the groups are not known now. ${why} Give the number of the group in Kisi.`,
  locationsUnknown: (why: string) => `The locations are not known now. ${why}`,
  changed: 'Nothing is done yet. Read below what it will do now, then press the button again.',
  shown: 'Nothing is done yet. Read below what it will do.',
  wrong: 'Nothing is done: one field needs another look.',
  refused: 'Nothing is done.',
  unanswered: (why: string) =>
    `Nobody knows yet whether this is done: ${why} Pressing the button again does it once, not twice.`,
  notAllowed: {
    title: 'You may not do that',
    text: (role: string) => `It takes the role “${role}”. Ask somebody who has it.`,
  },
  mayDo: 'What you can do',

  problems: {
    group: 'Choose the group that is allowed.',
    groupGone: 'Kisi has no such group: choose another one.',
    groupNumber: 'Give the number of the group in Kisi, which is a whole number.',
    until: 'Type how long from now (2h, 3d), a time (18:00), a day (tomorrow), or choose a day and time.',
    zone: 'The time zone of this member’s location is not known: type how long from now, like 2h or 3d.',
    past: (end: string) => `That is past: ${end}.`,
    century: 'Choose an end before the year 2100.',
    tooLong: (most: string) =>
      `The front desk may allow a group for ${most} at most: choose an earlier end, or ask an operator.`,
    why: 'Say why.',
    level: 'Choose what to stop.',
    mode: 'Choose a mode.',
    canary: 'Choose a location, or give the ids of members: canary is for a few.',
    members: 'Give Nexudus ids, which are whole numbers, with commas between them.',
    notCanary: 'Leave this empty: only canary is for a few.',
  },

  member: (name: string | null, id: number) => (name === null ? `member ${id}` : `${name} (member ${id})`),
  group: (name: string | null, id: number) => (name === null ? `group ${id}` : `${name} (group ${id})`),

  resync: {
    does: (member: string) => `Latchkey reads ${member} anew in Nexudus and in Kisi.`,
    then: 'It gives and takes away what the rules say. If all is as it should be, nothing changes.',
    unanswered: 'no worker took the order (is a worker running?).',
  },
  allow: {
    does: (member: string, group: string, until: string) =>
      `${member} gets a key to ${group}. It ends ${until}, without any grace.`,
    replaces: 'It stands in for a missing pass, and for nothing else. Keys by passes stay as they are.',
    mails: 'Kisi mails an invitation if the member has no Kisi user yet.',
    inVain: (why: string) => `No key comes of it now: ${why}.`,
    another: (exceptions: string) => `Allowed already: ${exceptions}. The later end counts.`,
  },
  block: {
    does: (member: string, group: string, until: string) =>
      `${member} holds no key of Latchkey to ${group} until ${until}, whatever the passes say.`,
    takes: 'Latchkey takes such a key away at once, even while Nexudus does not answer.',
    stays: 'A key that a person gave by hand in Kisi stays: take it away in Kisi.',
    then: 'At the end the member gets the key back if the passes still give it.',
    doubt: (doubt: string) => `Not certain: ${doubt}.`,
  },
  resend: {
    does: (member: string) => `Kisi mails its invitation to ${member} again.`,
    once: 'At most one mail a day is sent, since mail servers block a sender that insists.',
    off: 'the policy inviteMails is none, so Latchkey has Kisi mail nothing again',
    noKey: 'the member holds no key that Latchkey gave, so there is no invitation to mail again',
    suspended: (userId: number) =>
      `Kisi user ${userId} is suspended in Kisi, and could open nothing with the mail. Let the user in again in Kisi first`,
    held: (why: string) => `nothing is mailed while keys may not be written. ${why}`,
  },
  contradicts: (exception: string) => `it contradicts ${exception}. Withdraw that first`,
  waits: {
    observe: (by: string) => `Not at once: the mode is observe, so nothing is written to Kisi. ${by}`,
    writes: (by: string) => `Not at once: every write to Kisi is stopped. ${by}`,
    revokes: (by: string) => `Not at once: taking keys away is stopped. ${by}`,
  },
  withdraw: {
    ends: (exception: string) => `This ends now: ${exception}.`,
    allow: 'Latchkey takes away a key that stands on it alone. Keys by passes stay.',
    block: 'The member gets back the keys that the passes give.',
    gone: (id: number) => `there is no exception ${id}, or it has ended`,
  },
  withheld: {
    approve: (keys: string) => `Latchkey takes ${keys} away, and only those that are listed here.`,
    later: 'Keys that would be lost after this are withheld anew, and somebody is asked again.',
    reject: (keys: string) => `Latchkey keeps ${keys} until what speaks against them is gone.`,
    ruled: (ruling: string) => `This replaces what was said before: ${ruling}.`,
    gone: (id: number) => `nothing is withheld under ${id} (any more)`,
    row: (member: string, group: string, why: string) => `${member}, ${group}: ${why}`,
    more: (count: number) => `and ${count} more, which \`latchkey withheld\` lists`,
    verbs: { approve: 'approved', reject: 'rejected' },
  },
  finding: {
    is: (kind: string, what: string) => `What was found (${kind}): ${what}.`,
    about: (about: string) => `It is about ${about}.`,
    ignore: 'Everything stays as it is in Kisi, and Latchkey does not tell of it any more until it changes.',
    ruled: (ruling: string) => `This replaces what was said before: ${ruling}.`,
    verbs: { repair: 'to be repaired', adopt: 'adopted', ignore: 'ignored' },
    gone: (id: number) => `there is no finding ${id} (any more): Kisi and Latchkey agree by now`,
  },
  pause: {
    does: (level: StopLevel) => `For everybody and every worker, from now on: ${stopWords[level]}.`,
    then: 'What is due meanwhile waits, and is done when somebody lets everything go on.',
    ends: 'Keys still end in Kisi by themselves.',
    replaces: (stop: string) => `This replaces the stop that holds now. ${stop}`,
  },
  resume: {
    does: (level: StopLevel, stop: string) =>
      `This ends the stop that holds now: ${stopWords[level]}. ${stop}`,
    then: 'What waited is done at once, as fast as Kisi takes it.',
    nothing: 'nothing is stopped, so there is nothing to let go on',
  },
  mode: {
    does: (mode: Mode, few: string) => `From now on ${modeWords[mode]}${few === '' ? '' : `: ${few}`}.`,
    now: (mode: string, by: string) => `Until now the mode is ${mode}. ${by}`,
    numbers: 'How many keys and mails that comes to stands on the page “Going live”: read it first.',
    stays: 'Keys that are in Kisi already stay as they are, and end there by themselves.',
    location: (name: string | null, id: number) =>
      name === null ? `location ${id}` : `${name} (location ${id})`,
  },

  told: {
    looked: 'Done: all is as it should be, and nothing changed.',
    lookedChanged: 'Done: something changed. The timeline shows what.',
    lookedWaits: 'Latchkey has looked, and something is in the way. This page says what it waits for.',
    lookedOn: 'Latchkey is still looking. It goes on by itself, and this page shows how it ends.',
    allowed: 'Allowed. Latchkey gives the key now.',
    allowedInVain: 'Allowed, but no key comes of it now: the member may hold no key by what Nexudus says.',
    blocked: 'Blocked: every such key that Latchkey gave is gone.',
    blockedByHand:
      'Blocked: every such key that Latchkey gave is gone. A key that a person gave by hand stays: take it away in Kisi.',
    blockWaits:
      'The block holds, and a key is not taken away yet. Latchkey tries again by itself. Take the key away in Kisi if you cannot wait.',
    blockOn:
      'The block holds. The member’s workflow has not answered yet: this page shows when the keys are gone.',
    resent:
      'Kisi was asked to mail the invitation again. Ask the member to look among the unwanted mails too.',
    resentPerhaps:
      'Kisi was asked to mail the invitation again, and its answer was lost: the mail may be on its way or not.',
    withdrawn: 'Withdrawn: the exception has ended.',
    approved: 'Approved: Latchkey takes these keys away now.',
    rejected: 'Rejected: Latchkey keeps these keys.',
    repaired: 'Latchkey repairs that finding.',
    ruledOn:
      'Latchkey compares itself with Kisi for that. It goes on by itself, and Today shows how it ends.',
    adopted: 'Adopted: Latchkey takes what is in Kisi for right.',
    ignored: 'Ignored: Latchkey leaves that finding as it is.',
    paused: 'Stopped. It holds until somebody lets everything go on.',
    resumed: 'Everything goes on, and what waited is done now.',
    modeSet: 'The mode is set.',
  },
} as const;

/** What holds while something is stopped. */
const stopWords: Record<StopLevel, string> = {
  revokes: 'Latchkey takes no key away, and gives keys as ever',
  writes: 'Latchkey writes nothing to Kisi',
  all: 'Latchkey reads nothing from Nexudus and writes nothing to Kisi',
};

const modeWords: Record<Mode, string> = {
  observe: 'Latchkey writes nothing to Kisi',
  canary: 'Latchkey writes only the keys of these to Kisi',
  live: 'Latchkey writes the keys of everybody to Kisi',
};
