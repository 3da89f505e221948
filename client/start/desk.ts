import { withSession } from '../../space/session.js';
import { tellOf } from '../../worker/login.js';
import { print } from '../terminal/output.js';
import { runUntilStopped, type LastingParts } from './lasting.js';
import { deskWords, serveDesk, usualDeskPort } from './serve-desk.js';

/** `latchkey desk`: serves the desk until SIGTERM or SIGINT, and ends the process. Throws ConfigError. */
export function desk(): Promise<never> {
  return runUntilStopped(run);
}

async function run({ config, apis: { logins, ...apis }, log, stopAsked }: LastingParts): Promise<void> {
  await withSession(config, async ({ client, taskQueue }) => {
    for (const login of logins) tellOf(login, log);
    const port = config.desk.port ?? usualDeskPort;
    const served = await serveDesk({ config, client, taskQueue, ...apis, log }, port);
    print(deskWords(served));
    await stopAsked;
    await served.close();
  });
}
