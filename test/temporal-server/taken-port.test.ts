// A port that somebody else takes between being found free and being used, as when several servers start at once.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { findTemporalCli } from '../../temporal-server/binaries.js';
import { startEmbeddedTemporal } from '../../temporal-server/embedded.js';
import { stubbornly } from '../support/folders.js';
import { newPort } from '../support/ports.js';

describe('the embedded Temporal server, whose port is taken just before it is used', () => {
  let folder: string;
  let env: Record<string, string | undefined>;
  const tried = (): string => join(folder, 'tried');
  const cacheDir = (): string => join(folder, 'data');

  const taken = 'listen tcp 127.0.0.1:7233: bind: address already in use';
  beforeEach(() => failsOnce([`Error: ${taken}`], 1));
  afterEach(() => rm(folder, stubbornly));

  /** The first time it says this on its way out, and ends with this code. */
  async function failsOnce(says: string[], code: number): Promise<void> {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-taken-'));
    const cli = resolve((await findTemporalCli()).path);
    const path = join(folder, 'temporal-once-taken');
    const lines = [
      `mkdir '${tried()}' 2> /dev/null && { printf '%s\\n' '${says.join("' '")}' >&2; exit ${code}; }`,
      `exec '${cli}' "$@"`,
    ];
    await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
    env = { ...process.env, TEMPORAL_CLI_PATH: path };
  }

  it('is started at another one', () => startsAtAnother());

  it('is started at another one too where a stack follows those words', async () => {
    await rm(folder, stubbornly);
    await failsOnce([`panic: ${taken}`, '', 'goroutine 1 [running]:', 'main.go:18 +0x8e'], 2);
    await startsAtAnother();
  });

  async function startsAtAnother(): Promise<void> {
    const server = await startEmbeddedTemporal({ cacheDir: cacheDir(), env });
    try {
      assert.ok(existsSync(tried()), 'the first start failed');
      const connection = await Connection.connect({ address: server.address });
      await connection.close();
    } finally {
      await server.stop();
    }
  }

  it('says so where it must be that one', async () => {
    const port = await newPort();
    await assert.rejects(
      startEmbeddedTemporal({ cacheDir: cacheDir(), env, port }),
      /address already in use/,
    );
    assert.ok(!(await readdir(cacheDir())).includes('temporal-server.json'), 'the folder is free again');
  });
});
