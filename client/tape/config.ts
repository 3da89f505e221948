import { loadConfig, type Config } from '../../config/config.js';
import type { Header } from '../../tape/format.js';

/** Addresses that lead nowhere, and logins that are none: whatever is sent ends at the tape. */
export function configOf({ nexudusLogin }: Header): Config {
  const login =
    nexudusLogin === 'token'
      ? { NEXUDUS_TOKEN: 'tape' }
      : { NEXUDUS_EMAIL: 'tape@tape.invalid', NEXUDUS_PASSWORD: 'tape' };
  const addresses = {
    NEXUDUS_BASE_URL: 'https://nexudus.tape.invalid/api',
    KISI_BASE_URL: 'https://kisi.tape.invalid',
  };
  return loadConfig({ ...addresses, ...login, KISI_API_KEY: 'tape' }, () => '');
}
