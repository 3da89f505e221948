import { printable } from '../access/text.js';
import type { PersonView } from './person-view.js';
import { personWords as say } from './person-words.js';

/** All that a person's page shows, as plain text for whoever helps. Each line is safe wherever it is put. Pure. */
export function personText(view: PersonView): string {
  const { memberId, name, verdict, asOf, unread, groups, nextChange, readAt, lastChecked } = view;
  const lines = [
    `${name} (${memberId})`,
    ...(asOf === null ? [] : [say.asOf.banner(asOf)]),
    verdict.sentence,
    ...verdict.notes,
    ...(unread.length === 0 ? [] : ['', say.unread.heading, ...unread.map(item)]),
    '',
    say.groups.heading,
    ...(groups.length === 0 ? [say.groups.none] : groups.flatMap(groupLines)),
    `${say.groups.nextChange}: ${nextChange}`,
    ...view.questions.flatMap(questionLines),
    ...timelineLines(view),
    '',
    ...view.links.map(({ text, href }) => `${text}: ${href}`),
    ...[readAt, lastChecked].filter((line) => line !== null),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

const item = (text: string): string => `- ${text}`;

function groupLines({ name, facts, why }: PersonView['groups'][number]): string[] {
  return [
    name,
    ...facts.map(([label, text]) => `  ${label}: ${text}`),
    ...(why ?? []).map((line) => `  ${item(line)}`),
  ];
}

function questionLines({ title, answer, reasons }: PersonView['questions'][number]): string[] {
  const told = reasons.flatMap(({ short, tell, todo }) => [
    item(short),
    `  ${say.questions.columns.tell}: ${tell}`,
    `  ${say.questions.columns.todo}: ${todo}`,
  ]);
  return ['', title, answer, ...told];
}

function timelineLines({ timeline, memberId }: PersonView): string[] {
  if (timeline === null) return [];
  const { rows, isAll } = timeline;
  const told = rows.map(({ at, what, group, by, why }) =>
    [at, what, group, by, why].filter((text) => text !== '').join(' | '),
  );
  const some = rows.length === 0 ? [say.timeline.none] : told;
  return ['', say.timeline.heading, ...some, ...(isAll ? [] : [say.timeline.older(memberId)])];
}
