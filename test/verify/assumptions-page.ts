import type { ApiName, Assumption } from '../../verify/assumption.js';
import { assumptions } from '../../verify/assumptions.js';

/** docs/assumptions.md, made from the list. `npm run assumptions` writes it. */
export function assumptionsPage(): string {
  return [
    '# What Latchkey takes to be so',
    '',
    'Neither API could be reached while Latchkey was built. Each line is something that it takes to be so, with its source and how',
    'sure that is. [verify.md](verify.md) tells how `latchkey verify` tries them in your account. This page is made from',
    '`verify/assumptions.ts` by `npm run assumptions`.',
    ...(['Nexudus', 'Kisi'] as const).flatMap(section),
    '',
  ].join('\n');
}

function section(api: ApiName): string[] {
  const heads = ['assumption', 'source', 'how sure', 'told by', 'answers', 'what another answer means'];
  return [
    '',
    `## ${api}`,
    '',
    rowOf(heads),
    rowOf(heads.map(() => '---')),
    ...assumptions.filter((one) => one.api === api).map(assumptionRow),
  ];
}

function assumptionRow({ name, says, source, sureness, tried, values, ifNot }: Assumption): string {
  const answers = typeof values === 'string' ? values : values.map(String).join(', ');
  return rowOf([`\`${name}\`: ${says}`, source, sureness, tried, answers, ifNot]);
}

const rowOf = (cells: readonly string[]): string =>
  `| ${cells.map((one) => one.replaceAll('|', '\\|')).join(' | ')} |`;
