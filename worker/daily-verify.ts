/** Once a day: whether both APIs still are as they were verified to be. */
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import { nowhere, type Gate } from '../activities/gate.js';
import { remoteReads } from '../activities/remote.js';
import type { Config } from '../config/config.js';
import type { Kept } from '../database/kept.js';
import type { ApiChange, ApiLook, VerifyActivities } from '../messages/to-verify.js';
import { changesBetween, withTold } from '../verify/changes.js';
import { keepProfile, readKeptProfile } from '../verify/keep-profile.js';
import { verifyByReading } from '../verify/verify.js';
import type { Apis } from './apis.js';
import type { ProfileBook } from './profile-book.js';

export interface DailyVerifyDeps {
  config: Pick<Config, 'file'>;
  apis: Pick<Apis, 'waysOnLowestLane'>;
  kept: Kept;
  profile: ProfileBook;
  gate: Pick<Gate, 'admit'>;
  log: Pick<Logger, 'warn' | 'info'>;
  now: () => Instant;
}

const weekMs = 7 * 86_400_000;

/** The look at both APIs as an activity. */
export function createVerifyActivities(deps: DailyVerifyDeps): VerifyActivities {
  return remoteReads<VerifyActivities>({ verifyApis: (before) => verifyApis(deps, before) });
}

/** A first look is for a person to take, who reads what it says: this one repeats it. */
async function verifyApis(deps: DailyVerifyDeps, before: ApiLook | null): Promise<ApiLook | null> {
  const { config, apis, kept, profile, gate, log, now } = deps;
  await gate.admit('read', nowhere);
  if ((await readKeptProfile(kept)) === undefined) return null;
  await profile.read();
  const { profile: known } = await profile.current();
  const zoned = config.file.zones.map(({ location }) => location);
  const { profile: fresh, failures } = await verifyByReading({ ...apis.waysOnLowestLane(), zoned });
  const down = failures.find(({ isAll }) => isAll !== null);
  if (down !== undefined) {
    log.warn(`Latchkey could not look whether both APIs are as they were: ${down.message}`);
    return before;
  }
  // Which account it is can be told only once both APIs have answered.
  const isSame = known !== null && JSON.stringify(known.account) === JSON.stringify(fresh.account);
  const whole = isSame ? withTold(fresh, known) : fresh;
  const changes = isSame ? changesBetween(known, whole) : [];
  await keepProfile(kept, whole);
  await profile.read();
  for (const { words } of changes) log.warn(words);
  const at = now();
  const news = changes.map(({ assumption: { api, name }, words }): ApiChange => ({ api, name, at, words }));
  const isOld = ({ name, at: since }: ApiChange): boolean =>
    at - since > weekMs || news.some((one) => one.name === name);
  return { at, changes: [...news, ...(before?.changes ?? []).filter((one) => !isOld(one))] };
}
