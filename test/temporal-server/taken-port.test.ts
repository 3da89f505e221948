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

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-taken-'));
    const cli = resolve((await findTemporalCli()).path);
    const path = join(folder, 'temporal-once-taken');
    const says = 'Error: listen tcp 127.0.0.1:7233: bind: address already in use';
    // The first time it ends as the real one does then.
    const lines = [
      `mkdir '${tried()}' 2> /dev/null && { echo '${says}' >&2; exit 1; }`,
      `exec '${cli}' "$@"`,
    ];
    await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
    env = { ...process.env, TEMPORAL_CLI_PATH: path };
  });
  afterEach(() => rm(folder, stubbornly));

  it('is started at another one', async () => {
    const server = await startEmbeddedTemporal({ cacheDir: cacheDir(), env });
    try {
      assert.ok(existsSync(tried()), 'the first start failed');
      const connection = await Connection.connect({ address: server.address });
      await connection.close();
    } finally {
      await server.stop();
    }
  });

  it('says so where it must be that one', async () => {
    const port = await newPort();
    await assert.rejects(
      startEmbeddedTemporal({ cacheDir: cacheDir(), env, port }),
      /address already in use/,
    );
    assert.ok(!(await readdir(cacheDir())).includes('temporal-server.json'), 'the folder is free again');
  });
});
