/**
 * Builds what production runs, into dist/: `latchkey.js`, its chunks, and the code of the workflows as Temporal's sandbox
 * takes it. `npm run build`.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, type Plugin } from 'esbuild';
import { builtWorkflows, workflowBundle } from './worker/bundle.js';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Production has no simulators: the demo, which alone needs them, says where it runs. */
const withoutDemo: Plugin = {
  name: 'without-demo',
  setup(building) {
    building.onLoad({ filter: /[\\/]demo\.ts$/ }, () => ({
      contents:
        "export function demo() { throw new Error('the demo runs from the sources only: npm run demo'); }",
    }));
  },
};

/** Builds everything. Throws what esbuild and Temporal's bundler throw. */
export async function build(): Promise<void> {
  const folder = join(root, 'dist');
  mkdirSync(folder, { recursive: true });
  const { outputFiles } = await bundle({
    entryPoints: { latchkey: join(root, 'client/run.ts') },
    outdir: folder,
    bundle: true,
    packages: 'external',
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Errors are told by the names of their classes.
    keepNames: true,
    sourcemap: 'linked',
    banner: { js: '#!/usr/bin/env node' },
    plugins: [withoutDemo],
    write: false,
  });
  for (const { path, contents } of outputFiles) writeWhole(path, contents);
  cpSync(join(root, 'desk/assets'), join(folder, 'assets'), { recursive: true });
  writeWhole(join(folder, builtWorkflows), Buffer.from((await workflowBundle()).code));
}

/** Writes a file whole or not at all, and only if it is new: another process may run the file that is there. */
function writeWhole(path: string, contents: Uint8Array): void {
  try {
    if (readFileSync(path).equals(contents)) return;
  } catch {
    // The file is not there yet.
  }
  const own = join(path, '..', `.${basename(path)}.${process.pid}`);
  writeFileSync(own, contents, { mode: 0o755 });
  renameSync(own, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
