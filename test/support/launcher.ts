import { fileURLToPath } from 'node:url';

/** The built `latchkey` command. Before the first test it is built from the sources as they are (hooks.ts). */
export const launcher = fileURLToPath(new URL('../../dist/latchkey.js', import.meta.url));
