/** How long `npm run demo` takes to the first key, with everything fetched before. `node --import=tsx bench/demo.ts`. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { tell } from './rows.js';

const startedAt = performance.now();
const demo = spawn(process.execPath, ['client/latchkey.js', 'demo', '--once'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
for await (const line of createInterface({ input: demo.stdout })) {
  if (!line.includes('✓ her key to')) continue;
  const seconds = (performance.now() - startedAt) / 1_000;
  tell([
    {
      what: 'from `npm run demo` to the first key, everything fetched before',
      measured: `${seconds.toFixed(1)} s`,
      floor: '',
      ratio: null,
      goal: '',
      holds: true,
    },
  ]);
  break;
}
const ended = new Promise((resolve) => demo.once('exit', resolve));
demo.kill('SIGTERM');
await ended;
