#!/usr/bin/env node
/** The `latchkey` command from its sources: has TypeScript loaded as it is. What is built (build.ts) does without this. */
import { register } from 'tsx/esm/api';

register();
await import('./run.ts');
