#!/usr/bin/env node
/** The `latchkey` command: has the TypeScript sources loaded as they are, then hands over. */
import { register } from 'tsx/esm/api';

register();
const { main } = await import('./cli.ts');
process.exitCode = await main(process.argv);
