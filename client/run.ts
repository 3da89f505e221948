import { main } from './cli.js';

// Whatever this process and its children make is for its owner alone: the database, plans, logs, Temporal's own.
process.umask(0o077);

// `latchkey members | head` ends the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv);
