import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** A bundle as the worker takes it; its source map is in the code. */
interface Bundle {
  code: string;
}

let bundled: Promise<Bundle> | null = null;

/** The bundle's name in the build, beside the other files that the build makes. */
export const builtWorkflows = 'workflow-bundle.cjs';

const root = new URL('../', import.meta.url);
const pathOf = (file: string): string => fileURLToPath(new URL(file, root));

const [workflows, interceptors] = [pathOf('workflows/index.ts'), pathOf('workflows/interceptors.ts')];

/** The workflow code as the sandbox runs it: as it was built, else made once for all processes on the same sources. */
export function workflowBundle(): Promise<Bundle> {
  bundled ??=
    builtBundle() ??
    keptBundle(pathOf('node_modules/.cache/latchkey'), digestOfSources(), () =>
      bundleWorkflowCode({
        logger: new DefaultLogger('WARN'),
        workflowsPath: workflows,
        workflowInterceptorModules: [interceptors],
        // Loaded once for all workflows and not for each: no module of theirs may keep anything (a lint rule holds that).
        preloadModules: [workflows, interceptors],
      }),
    );
  return bundled;
}

/** The bundle beside this code; null: this code was not built. */
function builtBundle(): Promise<Bundle> | null {
  const path = fileURLToPath(new URL(builtWorkflows, import.meta.url));
  return existsSync(path) ? Promise.resolve({ code: readFileSync(path, 'utf8') }) : null;
}

/**
 * The bundle that a folder keeps under this name; else it is made and kept, and others are removed. The folder is as much to be
 * trusted as the code itself. Where it cannot be written, as in an image, the bundle is made at each start.
 */
export async function keptBundle(folder: string, name: string, make: () => Promise<Bundle>): Promise<Bundle> {
  const file = `workflows-${name}.js`;
  try {
    return { code: readFileSync(join(folder, file), 'utf8') };
  } catch {
    // Nobody has made it yet.
  }
  const made = await make();
  try {
    mkdirSync(folder, { recursive: true });
    const own = join(folder, `${file}.${process.pid}`);
    writeFileSync(own, made.code);
    // Whole or not at all: others read it meanwhile.
    renameSync(own, join(folder, file));
    for (const other of readdirSync(folder))
      if (other.endsWith('.js') && other !== file) rmSync(join(folder, other));
  } catch {
    // The next start makes it again.
  }
  return made;
}

/**
 * A digest of all that goes into the bundle: the code of workflows, the rules that they use, and the exact versions of
 * packages.
 */
function digestOfSources(): string {
  const hash = createHash('sha256')
    .update(process.version)
    .update(readFileSync(pathOf('package-lock.json')))
    .update(readFileSync(pathOf('worker/bundle.ts')));
  for (const room of ['access', 'lib', 'messages', 'workflows'])
    for (const file of readdirSync(pathOf(room))
      .filter((one) => one.endsWith('.ts'))
      .sort())
      hash.update(`\n${room}/${file}\n`).update(readFileSync(pathOf(`${room}/${file}`)));
  return hash.digest('hex').slice(0, 32);
}
