import { ConfigError } from '../config/config-error.js';
import { loadConfig, loadTemporalConfig, type Config, type TemporalConfig } from '../config/config.js';
import { loadCredentials, type Credentials } from '../config/credentials.js';
import { loadDotEnv } from '../config/dotenv.js';

/**
 * The configuration from the environment, `.env` and `latchkey.yaml` here; `file` stands in for the latter. Throws
 * ConfigError.
 */
export function readConfig(file?: string): Config {
  loadDotEnv();
  return loadConfig(file === undefined ? process.env : { ...process.env, LATCHKEY_CONFIG: file });
}

/** Where Temporal is, for what must work whatever else is down or set wrongly. Throws ConfigError where `.env` cannot be read. */
export function readTemporalConfig(): TemporalConfig {
  loadDotEnv();
  return loadTemporalConfig(process.env);
}

/**
 * As `readConfig`, with a function that reads the credentials anew from `.env` and the files of secrets; it answers null where
 * they are not whole, as while somebody writes them. Throws ConfigError.
 */
export function readLastingConfig(): { config: Config; readCredentials: () => Credentials | null } {
  const readEnvironment = loadDotEnv();
  const readCredentials = (): Credentials | null => {
    try {
      return loadCredentials(readEnvironment());
    } catch (error) {
      if (error instanceof ConfigError) return null;
      throw error;
    }
  };
  return { config: loadConfig(process.env), readCredentials };
}

/** The settings; what is wrong in the file alone is told apart, since mostly the file is not needed. Throws ConfigError. */
export function readSettings(): { config: Config; problems: string[] } {
  try {
    return { config: readConfig(), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: withoutFile(error), problems: error.lines };
  }
}

function withoutFile(original: ConfigError): Config {
  try {
    return loadConfig(process.env, () => '');
  } catch {
    throw original;
  }
}
