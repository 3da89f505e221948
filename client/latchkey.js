#!/usr/bin/env node
/** The `latchkey` command from its sources: has TypeScript loaded as it is. What is built (build.ts) does without this. */
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

// By itself it would take the settings of the folder that the command is typed in, and no page of the desk could be made.
register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
await import('./run.ts');
