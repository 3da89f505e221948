#!/usr/bin/env node
/** The `latchkey` command: has the TypeScript sources loaded as they are, then hands over. */
import { register } from 'tsx/esm/api';

// Whatever this process and its children make is for its owner alone: the database, plans, logs, Temporal's own.
process.umask(0o077);

// `latchkey members | head` ends the pipe early, which is no failure.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

register();
const { main } = await import('./cli.ts');
process.exitCode = await main(process.argv);
