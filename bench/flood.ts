/** Calls a listener 5,000 times in ten seconds from a process of its own, and prints the answers as JSON. */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Flooded {
  /** How often each status was answered. */
  statuses: Record<string, number>;
  /** How long each answer took. */
  answerMs: number[];
}

const [url = '', secret = '', ids = '[]'] = process.argv.slice(2);
const memberIds = JSON.parse(ids) as number[];
const agent = new Agent({ keepAlive: true, maxSockets: 50 });
const flooded: Flooded = { statuses: {}, answerMs: [] };

await Promise.all(
  Array.from({ length: 5_000 }, async (_, i) => {
    await sleep(i * 2);
    const turn = Math.floor(i / memberIds.length);
    const body = JSON.stringify([{ Id: memberIds[i % memberIds.length] }]);
    // Every fifth call is forged, and each member has a turn.
    const key = (i + turn) % 5 === 0 ? 'somebody else' : secret;
    const mac = createHmac('sha256', key).update(body).digest('hex').toUpperCase();
    const from = performance.now();
    const status = await post(body, mac);
    flooded.answerMs.push(performance.now() - from);
    flooded.statuses[status] = (flooded.statuses[status] ?? 0) + 1;
  }),
);
process.stdout.write(JSON.stringify(flooded));
agent.destroy();

function post(body: string, mac: string): Promise<number> {
  const headers = { 'Content-Type': 'application/json', 'X-Nexudus-Hook-Signature': mac };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        resolve(answer.statusCode ?? 0);
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
