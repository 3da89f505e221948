import { nexudusKinds, type NexudusKind } from '../push/seen.js';
import type { Assumption } from './assumption.js';

const push = { api: 'Nexudus', tried: 'push' } as const;

/** What Latchkey takes to be so of the webhooks of Nexudus, and only a webhook that comes in tells. */
export const nexudusWebhookAssumptions = [
  {
    ...push,
    name: 'hookSecret',
    says: 'Webhooks are signed with the secret that Latchkey was told.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'documented',
    switch: 'hookSecret',
    values: ['signed', 'unsigned', 'otherSecret'],
    assumed: ['signed'],
    ifNot:
      'Latchkey refuses every webhook, and Nexudus switches them off after ten. Changes are noticed by the poll, half a minute later. Set the same secret in Nexudus and in NEXUDUS_WEBHOOK_SECRET, then run `latchkey hooks install`.',
    copes: false,
  },
  {
    ...push,
    name: 'hookSignatureFold',
    says: 'The signature is over the body in ASCII, as in the published recipe.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'inferred',
    switch: 'hookSignatureFold',
    values: ['ascii', 'utf8'],
    assumed: ['ascii'],
    ifNot: 'Latchkey takes both. Nothing is to be done.',
    copes: true,
  },
  {
    ...push,
    name: 'hookSignatureLetters',
    says: 'The signature is in hexadecimal, in capital letters.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'documented',
    switch: 'hookSignatureLetters',
    values: ['upper', 'lower'],
    assumed: ['upper'],
    ifNot: 'Latchkey takes both. Nothing is to be done.',
    copes: true,
  },
  {
    ...push,
    name: 'hookBody',
    says: 'A webhook carries one record, in an array.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'seen by others',
    switch: 'hookBody',
    values: ['array', 'object', 'several', 'other'],
    assumed: ['array'],
    ifNot:
      'Latchkey reads what changed instead where a webhook names nobody, which takes longer. Report it, with this answer.',
    copes: false,
  },
  {
    ...push,
    name: 'hookDelay',
    says: 'A webhook comes within ten seconds after the change.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'not known',
    switch: 'hookDelayMs',
    values: ['seconds', 'minute', 'later'],
    assumed: ['seconds'],
    ifNot: 'The poll may notice a change first. Nothing is to be done.',
    copes: true,
  },
  {
    ...push,
    name: 'hooksTwice',
    says: 'A webhook is sent once.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'not known',
    switch: 'hooksTwice',
    values: [false, true],
    assumed: [false],
    ifNot: 'A second one wakes nobody twice. Nothing is to be done.',
    copes: true,
  },
  {
    ...push,
    name: 'hooksCoverNetworks',
    says: 'A webhook of a network tells of its locations too.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'seen by others',
    switch: 'hooksCoverNetworks',
    values: [true, false],
    assumed: [true],
    ifNot: 'Changes at the locations are noticed by the poll, half a minute later.',
    copes: true,
  },
  {
    ...push,
    name: 'checkinHookRecord',
    says: 'A webhook about a check-in carries the check-in.',
    source: 'nexudus.md, 4. Webhooks',
    sureness: 'not known',
    switch: 'checkinHookRecord',
    values: ['checkin', 'coworker'],
    assumed: ['checkin'],
    ifNot: 'Latchkey listens to other actions for check-ins. Nothing is to be done.',
    copes: true,
  },
] as const satisfies readonly Assumption[];

const abouts: Readonly<Record<NexudusKind, string>> = {
  access: 'A webhook about access names a member that there is.',
  coworker: 'A webhook about a member names that member.',
  contract: 'A webhook about a contract names the member who has it.',
  team: 'A webhook about a team names the members in it.',
  checkin: 'A webhook about a check-in names the member who came.',
};

/** For each kind of webhook, that it leads to a member. */
export const nexudusKindAssumptions = nexudusKinds.map((kind) => ({
  ...push,
  name: `hookLeads.${kind}` as const,
  says: abouts[kind],
  source: 'nexudus.md, 4. Webhooks',
  sureness: 'seen by others' as const,
  switch: null,
  values: ['member', 'nobody', 'nowhere'] as const,
  assumed: ['member'] as const,
  ifNot:
    'Latchkey reads what changed instead where a webhook names nobody, and the poll notices the rest, half a minute later. Report it, with this answer.',
  copes: false,
}));
