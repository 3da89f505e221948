import { personWords } from './person-words.js';
import { spaceWords } from './words-of-space.js';

/** Every word that the desk's pages show: another language is other files like this one, person-words.ts and words-of-space.ts. */
export const words = {
  product: 'Latchkey',
  areas: { find: 'Find', today: 'Today', groups: 'Groups', changes: 'Changes', goingLive: 'Going live' },
  find: {
    title: 'Who is it about?',
    label: 'Name, e-mail, company or Nexudus id',
    submit: 'Find',
    none: 'Nobody in Nexudus has that.',
    results: 'People found',
    id: (id: number): string => `Nexudus id ${id}`,
    nameless: '(no name)',
    suspended: 'suspended in Nexudus',
    more: (count: number): string => `${count} more: type more of the name, or the e-mail.`,
    openAnyway: (id: string): string => `See what Latchkey knows of member ${id}.`,
    notRead: 'The list of people is not there yet: try again in a moment.',
    neverRead: 'The list of people could not be read from Nexudus yet.',
    asOf: (time: string): string => `This list of people is of ${time}.`,
    unread: (since: string, why: string): string => `Nexudus could not be read since ${since}: ${why}`,
  },
  space: spaceWords,
  person: personWords,
  notFound: { title: 'There is no such page', text: 'Find the person instead.' },
  failed: { title: 'That did not work', text: 'Try again. If it goes on, the log of this process says why.' },
} as const;
