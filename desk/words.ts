/** Every word that the desk's pages show: another language is another file like this one. */
export const words = {
  product: 'Latchkey',
  areas: { find: 'Find', today: 'Today', groups: 'Groups', changes: 'Changes', goingLive: 'Going live' },
  layout: { skip: 'Go to the content', areas: 'Pages' },
  live: {
    lost: 'The connection is lost, so this page may be out of date. It goes on by itself once the desk answers again.',
    ended: 'This page is no longer kept up to date: you are signed out, or it is gone. Load it again.',
  },
  says: {
    found: 'Results: {count}.',
    notFound: 'The search does not answer. Press Enter to try again.',
    copied: 'Copied.',
  },
  find: {
    title: 'Who is it about?',
    label: 'Name, e-mail, company or Nexudus id',
    submit: 'Find',
    none: 'Nobody in Nexudus has that.',
  },
  notFound: { title: 'There is no such page', text: 'Find the person instead.' },
  failed: { title: 'That did not work', text: 'Try again. If it goes on, the log of this process says why.' },
} as const;
