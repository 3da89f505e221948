import { spaceWords } from './words-of-space.js';

/** Every word that the desk's pages show: another language is another file like this one. */
export const words = {
  product: 'Latchkey',
  areas: { find: 'Find', today: 'Today', groups: 'Groups', changes: 'Changes', goingLive: 'Going live' },
  find: {
    title: 'Who is it about?',
    label: 'Name, e-mail, company or Nexudus id',
    submit: 'Find',
    none: 'Nobody in Nexudus has that.',
  },
  space: spaceWords,
  notFound: { title: 'There is no such page', text: 'Find the person instead.' },
  failed: { title: 'That did not work', text: 'Try again. If it goes on, the log of this process says why.' },
} as const;
