/** `npm run assumptions`: writes docs/assumptions.md as the list of assumptions has it. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { assumptionsPage } from './assumptions-page.js';

const path = fileURLToPath(new URL('../../docs/assumptions.md', import.meta.url));
writeFileSync(
  path,
  await format(assumptionsPage(), { parser: 'markdown', singleQuote: true, printWidth: 110 }),
);
