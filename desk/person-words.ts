/** What a person's page says, and the words of its plain text. A part of words.ts. */
import { hitches, reasons } from './reason-words.js';

/** The words of a person's page. */
export const personWords = {
  title: (name: string): string => name,
  reasons,
  hitches,
  words: { can: 'Can enter', cannot: 'Cannot enter', waiting: 'On the way', unknown: 'Not known' },
  asOf: {
    legend: 'As of another time',
    label: 'Date and time',
    submit: 'Show',
    zone: (place: string): string => `By the clock of ${place}.`,
    banner: (time: string): string =>
      `This is as of ${time}, and not now. It goes by today’s records and orders, and takes plans to hand out their next passes until then.`,
    back: 'Back to now',
    wrong: 'Type a date and a time, like 2026-12-01T09:00.',
    noZone: 'The time zone of this person’s location is not known: add a zone, like 2026-12-01T09:00Z.',
  },
  verdict: {
    can: (name: string, groups: string): string => `${name} can open ${groups}.`,
    canAsFarAsKnown: (name: string, groups: string): string =>
      `${name} can open ${groups}, as far as Latchkey knows: Kisi could not be read.`,
    canAsKnown: (name: string, groups: string): string =>
      `${name} can open ${groups}, as far as Latchkey knows.`,
    asShown: (time: string, sentence: string): string => `As of ${time}: ${sentence}`,
    canAlsoByHand: (name: string, groups: string): string =>
      `${name} can open ${groups}, by a right in Kisi that Latchkey did not give.`,
    until: (group: string, until: string): string => `${group} until ${until}`,
    endless: (group: string): string => `${group}, with no end known`,
    more: (count: number): string => `${count} more ${count === 1 ? 'group' : 'groups'}`,
    and: ' and ',
    cannot: (name: string, why: string, next: string): string => `${name} can’t get in: ${why}${next}.`,
    nextComes: (when: string): string => `; the next key comes on ${when}`,
    noReason: 'no pass gives a key',
    invited: (name: string, when: string): string =>
      `${name} has access, and has not yet accepted Kisi’s invitation${when}.`,
    invitedAt: (when: string): string => ` of ${when}`,
    waiting: (name: string, since: string, what: string): string =>
      `On its way for ${name}: waiting since ${since}. ${what}`,
    waitingFor: (name: string, api: string, since: string): string =>
      `On its way for ${name}: waiting for ${api} since ${since}.`,
    stopped: (name: string, what: string): string =>
      `${name} can’t get in yet: the rules give a key, and an order holds it back. ${what}`,
    refused: (name: string, what: string): string =>
      `${name} can’t get in: the rules give a key, and Kisi refuses to make it. ${what}`,
    due: (name: string): string => `On its way for ${name}: the rules give a key.`,
    notLookedAt: (name: string): string =>
      `On its way for ${name}: the rules give a key, and Latchkey has not looked yet.`,
    noWorker: (name: string): string =>
      `${name} can’t get in yet: the rules give a key, and no worker of Latchkey answers.`,
    closed: (name: string): string =>
      `${name} can’t get in yet: the rules give a key, and nobody looks after this person (the workflow was closed).`,
    missing: (name: string): string =>
      `${name} can’t get in: Kisi shows no key, although the rules give one. A re-sync mends that.`,
    suspendedInKisi: (name: string, user: string): string =>
      `${name} can open nothing: the Kisi user ${user} is suspended in Kisi.`,
    leaving: (name: string, groups: string, why: string): string =>
      `${name} can still open ${groups}. The rules give no key any more (${why}), so the key is to be taken away.`,
    gone: (id: number): string => `Nexudus has no coworker ${id} any more.`,
    goneWithKeys: (id: number, groups: string): string =>
      `Nexudus has no coworker ${id} any more, and Kisi still opens ${groups}.`,
    byLatchkey: (name: string, standing: string): string =>
      `${name} can’t get in, as far as Latchkey knows. ${standing}`.trim(),
    unknown: (name: string): string => `It is not known whether ${name} can get in.`,
    then: (name: string, groups: string): string => `At that time ${name} can open ${groups}.`,
    thenNot: (name: string, why: string, next: string): string =>
      `At that time ${name} can’t get in: ${why}${next}.`,
    thenUnknown: 'What the rules say of that time is not known, since the records could not be read.',
  },
  invitation: {
    isReading: 'Kisi is being asked whether its invitation is accepted: open this page again in a moment.',
    unread: (why: string): string => `Whether Kisi’s invitation is accepted could not be read: ${why}`,
  },
  notes: {
    onceAccepted: (name: string, groups: string): string =>
      `Once it is accepted, ${name} can open ${groups}.`,
    otherProfile: (id: number): string =>
      `Profile ${id} has the same e-mail, and holds the keys of both profiles.`,
    waiting: (since: string, what: string): string => `Waiting since ${since}: ${what}`,
    partly: (groups: string): string => `On its way: ${groups}.`,
    widerRole: (roles: string): string =>
      `Kisi also gives this person a role that reaches beyond groups (${roles}). It may open more doors.`,
    shut: (what: string): string => `The door may stay shut all the same: ${what}.`,
  },
  unread: {
    heading: 'What could not be read',
    records: (since: string, why: string): string =>
      `The records in Nexudus could not be read since ${since}: ${why}`,
    inKisi: (since: string, why: string): string =>
      `What Kisi holds could not be read since ${since}: ${why}`,
    watched: (since: string, why: string): string => `Temporal could not be read since ${since}: ${why}`,
    kept: (since: string, why: string): string => `The audit log could not be read since ${since}: ${why}`,
    doors: (since: string, why: string): string =>
      `The groups could not be read from Kisi since ${since}: ${why}`,
    noRules: 'No worker has said yet by which rules it works, so what the rules give is not known.',
    broken: (what: string): string => `A record in Nexudus cannot be read, and counts for nothing: ${what}`,
    doubt: (why: string): string => `Nexudus was not believed, so nobody loses a key by it: ${why}`,
    silentWorker: 'No worker answers, so what Latchkey waits for is not shown.',
  },
  groups: {
    heading: 'Group by group',
    none: 'There is no group that this person holds, should hold or could hold.',
    due: 'Should have',
    held: 'Has in Kisi',
    givenBy: 'Given by',
    since: 'Since',
    until: 'Until',
    kisiEnd: 'Ends in Kisi',
    why: 'Why',
    yes: 'yes',
    no: 'no',
    unknown: 'not known',
    asked: (api: string): string => `${api} is being asked`,
    givers: {
      latchkey: 'Latchkey',
      app: 'another integration',
      other: 'a person, or another integration',
      nobody: 'nobody',
    },
    movedOn: 'a person. Latchkey has moved its end on, and moves it back when the rules give no key any more',
    withRole: (role: string): string => `yes, as ${role}`,
    endless: 'no end',
    noEndKnown: 'no end known',
    unreadableEnd: 'an end that cannot be read',
    moreCount: (count: number): string =>
      count === 1 ? '1 more pass counts.' : `${count} more passes count.`,
    olderDoNot: 'Older passes do not count.',
    nextChange: 'Next change',
    noChange: 'none known',
    noRecord: 'no pass opens it',
  },
  questions: {
    rule: 'Does the rule give access?',
    kisi: 'Did it reach Kisi?',
    door: 'Is it the phone or the door?',
    yes: 'Yes.',
    no: 'No.',
    unknown: 'That is not known.',
    asked: (api: string): string => `${api} is being asked.`,
    asShown: (time: string, answer: string): string => `As of ${time}: ${answer}`,
    ruleNo: 'No: no rule gives a key.',
    kisiYes: 'Yes: Kisi has every key that the rules give.',
    kisiNone: 'There is no key that should be there.',
    kisiNo: 'Not yet, or not as it should be.',
    keyStays: 'Your key works as it is.',
    doorNoKey: 'Neither: there is no key, and none is due.',
    doorClear: 'Nothing that Kisi shows keeps the door shut.',
    doorLook: 'Perhaps: see below.',
    checks: 'If the door stays shut all the same, check in this order:',
    check: [
      'The member is signed in to the Kisi app with the e-mail that is in Nexudus.',
      'Bluetooth and location are on, and the Kisi app may use both.',
      'Kisi’s event history of the door says why it stayed shut.',
    ],
    columns: { reason: 'Reason', tell: 'Tell the member', todo: 'What to do' },
  },
  timeline: {
    heading: 'What happened',
    none: 'Nothing is on record.',
    /** Plain words for what the audit log calls otherwise. */
    whats: {
      grant: 'the key is given',
      leave: 'a key that Latchkey did not give is left as it is',
      revoke: 'the key is taken away',
      move: 'the end of the key is moved',
      createUser: 'the Kisi user is made',
      mailAgain: 'the invitation is mailed again',
    } as Record<string, string>,
    decided: (what: string): string => `the rules give ${what}`,
    columns: { at: 'When', what: 'What', group: 'Group', by: 'By', why: 'Why' },
    older: (id: number): string => `The newest are shown. \`latchkey timeline ${id}\` shows all.`,
  },
  links: {
    nexudus: 'Customer in Nexudus',
    kisiUser: 'User in Kisi',
    kisiGroup: 'Group in Kisi',
    profile: (id: number): string => `Profile ${id}`,
    hint: 'Where a link opens another page, search for the id there.',
  },
  readAt: (time: string): string => `Read ${time}.`,
  readAgain: 'Read again',
  asking: (apis: readonly string[]): string =>
    `${apis.join(' and ')} ${apis.length === 1 ? 'is' : 'are'} being asked again now.`,
  lastChecked: (time: string): string => `Latchkey last looked ${time}.`,
  copy: 'All of this as text',
  notFound: (id: number): string => `Nexudus has no coworker ${id}, and Latchkey knows none.`,
  badId: 'An id of Nexudus is a whole number.',
} as const;
