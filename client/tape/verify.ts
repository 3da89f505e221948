import { createKisiPacer } from '../../kisi/pace.js';
import type { Config } from '../../config/config.js';
import { usable } from '../../space/apis.js';
import { readConfig } from '../../space/settings.js';
import type { Tape } from '../../tape/format.js';
import type { Player } from '../../tape/player.js';
import { verifyByReading, type Verified } from '../../verify/verify.js';
import { tellVerified, withBar } from '../start/verify.js';
import { configOf } from './config.js';
import { pathOf, Taping, type TapeOptions } from './record.js';

/**
 * `latchkey tape verify`: tries what Latchkey takes to be so at both APIs, as `latchkey verify` does, and writes what they answered to
 * a file. Keeps no answers. Throws as `latchkey verify` does, in which case the file is written all the same, and CommandError where it
 * cannot be written.
 */
export async function tapeVerify(options: TapeOptions): Promise<void> {
  const taping = new Taping(pathOf(options));
  const config = readConfig();
  const verified = await verifyTaped(taping, config);
  const nothing = { ground: null, inForce: null, exceptions: null } as const;
  const zoned = zonedIn(config);
  taping.writeWith(config, { memberId: null, from: 'file', ...nothing, zoned });
  tellVerified(verified, options.json ?? false);
}

/** Verifies while the tape records. Throws ConfigError where the base URL or the API key cannot be right. */
export function verifyTaped(taping: Taping, config: Config): Promise<Verified> {
  const { nexudus, kisi } = config;
  // The worker shares the limit of this key: it goes first.
  const pace = createKisiPacer({ most: 2 }).urgent;
  return withBar((onStep) =>
    usable(() =>
      verifyByReading({
        nexudus: { ...nexudus, wire: taping.recorder.wireTo('nexudus', 'verify') },
        kisi: { ...kisi, pace, wire: taping.recorder.wireTo('kisi', 'verify') },
        ...{ zoned: zonedIn(config), onStep, now: () => taping.now },
      }),
    ),
  );
}

/** Locations whose time zone is configured. */
export const zonedIn = ({ file }: Config): (number | string)[] => file.zones.map(({ location }) => location);

/** Verifies by a tape alone, as both APIs answered when it was made. */
export function verifyOn({ header }: Tape, player: Player): Promise<Verified> {
  const { nexudus, kisi } = configOf(header);
  return verifyByReading({
    nexudus: {
      ...{ ...nexudus, wire: player.wireTo('nexudus') },
      pace: { turn: () => Promise.resolve(), pause: () => undefined },
    },
    kisi: { ...kisi, wire: player.wireTo('kisi') },
    zoned: header.zoned ?? [],
    pauseMs: 0,
    now: () => header.now,
    timesOf: (api) => () => player.timesOf(api === 'Kisi' ? 'kisi' : 'nexudus'),
  });
}
