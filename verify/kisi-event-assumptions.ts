import type { Assumption } from './assumption.js';

const push = { api: 'Kisi', tried: 'push' } as const;

/** What Latchkey takes to be so of the events of Kisi, and only an event that comes in tells. */
export const kisiEventAssumptions = [
  {
    ...push,
    name: 'eventSignaturePrefix',
    says: 'The signature of an event begins with `sha256=`.',
    source: 'kisi.md, 6. Places, locks, events, webhooks, organizations',
    sureness: 'documented',
    switch: 'eventSignaturePrefix',
    values: [true, false],
    assumed: [true],
    ifNot: 'Latchkey takes both. Nothing is to be done.',
    copes: true,
  },
  {
    ...push,
    name: 'eventKey',
    says: 'Events are signed with the key that Latchkey was told.',
    source: 'kisi.md, 6. Places, locks, events, webhooks, organizations',
    sureness: 'documented',
    switch: null,
    values: ['signed'],
    assumed: ['signed'],
    ifNot:
      'Latchkey refuses every event, and Kisi switches the integration off. Set the same key in Kisi and in KISI_WEBHOOK_KEY.',
    copes: false,
  },
  {
    ...push,
    name: 'eventSignatureEncoding',
    says: 'The signature of an event is in hexadecimal.',
    source: 'kisi.md, 6. Places, locks, events, webhooks, organizations',
    sureness: 'not known',
    switch: 'eventSignatureEncoding',
    values: ['hex', 'base64'],
    assumed: ['hex'],
    ifNot: 'Latchkey takes both. Nothing is to be done.',
    copes: true,
  },
  {
    ...push,
    name: 'eventBody',
    says: 'An event comes by itself, as one object.',
    source: 'kisi.md, 6. Places, locks, events, webhooks, organizations',
    sureness: 'documented',
    switch: null,
    values: ['object', 'array', 'several', 'other'],
    assumed: ['object'],
    ifNot: 'Latchkey compares all keys with Kisi where an event says nothing. Report it, with this answer.',
    copes: false,
  },
  {
    ...push,
    name: 'eventDelay',
    says: 'An event comes within ten seconds after it happened.',
    source: 'kisi.md, 6. Places, locks, events, webhooks, organizations',
    sureness: 'not known',
    switch: 'eventDelayMs',
    values: ['seconds', 'minute', 'later'],
    assumed: ['seconds'],
    ifNot: 'Latchkey compares all keys with Kisi once a day anyway. Nothing is to be done.',
    copes: true,
  },
  {
    ...push,
    name: 'eventsTwice',
    says: 'An event is sent once.',
    source: 'kisi.md, 6. Places, locks, events, webhooks, organizations',
    sureness: 'documented',
    switch: 'eventsTwice',
    values: [false, true],
    assumed: [false],
    ifNot: 'A second one wakes nobody twice. Nothing is to be done.',
    copes: true,
  },
] as const satisfies readonly Assumption[];

/** What Latchkey does about an event: it looks at this. */
export type EventObject = 'role_assignment' | 'user';
const abouts: Readonly<Record<EventObject, string>> = {
  role_assignment: 'An event about a key has the id of the key.',
  user: 'An event about a user has the id of the user.',
};
export const eventObjects = ['role_assignment', 'user'] as const satisfies EventObject[];

/** What each kind of event leads to. */
export const kisiKindAssumptions = eventObjects.map((kind) => ({
  ...push,
  name: `eventLeads.${kind}` as const,
  says: abouts[kind],
  source: 'kisi.md, 6. Places, locks, events, webhooks, organizations',
  sureness: 'documented' as const,
  switch: null,
  values: ['record', 'nothing', 'nowhere'] as const,
  assumed: ['record'] as const,
  ifNot:
    'Latchkey compares all keys with Kisi where an event does not say what it is about. Report it, with this answer.',
  copes: false,
}));
