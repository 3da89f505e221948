// A `.env` is read as Docker Compose reads it, or refused. The values are those of Compose's own parser (compose-go 2.16).
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.js';
import { loadConfig } from '../../config/config.js';
import { loadCredentials } from '../../config/credentials.js';
import { loadDotEnv, parseDotEnv } from '../../config/dotenv.js';

describe('.env, as Docker Compose reads it', () => {
  const read: Record<string, Record<string, string>> = {
    'A=b': { A: 'b' },
    'A=b\nB=c\n': { A: 'b', B: 'c' },
    'A=b\r\nB=c\r\n': { A: 'b', B: 'c' },
    '\ufeffA=b': { A: 'b' },
    '\n\n  # a remark\n\t# another\n  A=b': { A: 'b' },
    'A=': { A: '' },
    'A=\nB=c': { A: '', B: 'c' },
    'A =  b  \n': { A: 'b' },
    'export A=b\nexport\tB=c': { A: 'b', B: 'c' },
    'exportA=b': { exportA: 'b' },
    'A=b c d': { A: 'b c d' },
    'A=b=c==': { A: 'b=c==' },
    'A=b # a remark': { A: 'b' },
    'A=b #a remark': { A: 'b' },
    'A=b#c': { A: 'b#c' },
    'A=pass#word! # of the API user': { A: 'pass#word!' },
    'A="b # c" # d': { A: 'b # c' },
    'A="b"# c': { A: 'b' },
    "A='b # c'": { A: 'b # c' },
    "A='$B ${C} $$'": { A: '$B ${C} $$' },
    'A="\\$B"': { A: '$B' },
    "A='b\\'c'": { A: "b'c" },
    'A="b\\"c"': { A: 'b"c' },
    'A="b\\nc\\td\\\\e"': { A: 'b\nc\td\\e' },
    "A='b\\nc\\\\d'": { A: 'b\\nc\\\\d' },
    'A=b\\nc': { A: 'b\\nc' },
    'A=b\\': { A: 'b\\' },
    'A=b"c"': { A: 'b"c"' },
    "A=it's": { A: "it's" },
    'A="b\nc"\nB=d': { A: 'b\nc', B: 'd' },
    "A='b\nc'\nB=d": { A: 'b\nc', B: 'd' },
    'A=""': { A: '' },
    'A=first\nA=last': { A: 'last' },
    'A=\u00fc\u4e2d\u{1f511}': { A: '\u00fc\u4e2d\u{1f511}' },
  };
  for (const [text, variables] of Object.entries(read))
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseDotEnv(text), { variables, problems: [] });
    });

  const refused: Record<string, [line: number, name: string | null, what: RegExp]> = {
    'A=b$c': [1, 'A', /has a \$, which Docker Compose takes for a variable: put the value in single quotes/],
    'X=y\n\nA=b${C}': [3, 'A', /has a \$/],
    'A="b$c"': [1, 'A', /has a \$/],
    'A=b$$c': [1, 'A', /has a \$/],
    'A=b$': [1, 'A', /has a \$/],
    'A=#b': [1, 'A', /begins with #, which may be a comment/],
    'A= # b': [1, 'A', /begins with #/],
    'A=b\t# c': [1, 'A', /has a # that may begin a comment/],
    'A="b': [1, 'A', /has no closing "/],
    "# x\nA='b\nB=c": [2, 'A', /has no closing '/],
    'A="b"c': [1, 'A', /has more after its closing quote/],
    "A='b''c'": [1, 'A', /has more after its closing quote/],
    'A="b\\xc"': [1, 'A', /has a \\ in double quotes/],
    'A="C:\\dir"': [1, 'A', /has a \\ in double quotes/],
    'A=b\0c': [1, 'A', /has a control character/],
    'A=b\rB=c': [1, 'A', /has a control character/],
    'A=b\ufffd': [1, 'A', /has a control character/],
    'A=b\u001b[2J': [1, 'A', /has a control character/],
    'not a line': [1, null, /is not NAME=value/],
    A: [1, null, /is not NAME=value/],
    'A: b': [1, null, /is not NAME=value/],
    '1A=b': [1, null, /is not NAME=value/],
    'A B=c': [1, null, /is not NAME=value/],
    'A-B=c': [1, null, /is not NAME=value/],
    '=b': [1, null, /is not NAME=value/],
    '\ufeff\ufeffA=b': [1, null, /is not NAME=value/],
  };
  for (const [text, [line, name, what]] of Object.entries(refused))
    it(`refuses ${JSON.stringify(text)}`, () => {
      const [problem] = parseDotEnv(text).problems;
      assert.deepEqual([problem?.line, problem?.name], [line, name]);
      assert.match(problem?.what ?? '', what);
    });

  it('is told of whole, without a value', () => {
    const { problems, variables } = parseDotEnv('A=s3cret$1\nB=fine\n\nC="s3cret\nD=s3cret $x\n');
    assert.deepEqual(
      problems.map(({ line, name }) => [line, name]),
      [
        [1, 'A'],
        [4, 'C'],
        [5, 'D'],
      ],
    );
    assert.deepEqual(variables, { B: 'fine' });
    assert.doesNotMatch(JSON.stringify(problems), /s3cret/);
  });

  it('ends for every text, however broken', () => {
    const parts = ['A=', '"', "'", '\\', '#', ' #', '\n', '\r', '$', ' ', 'b', '\ufeff', '\0'];
    for (let n = 0; n < 20_000; n++) {
      let text = '';
      for (let rest = n; rest > 0; rest = Math.floor(rest / parts.length))
        text += parts[rest % parts.length] ?? '';
      parseDotEnv(text);
    }
    parseDotEnv('A="'.repeat(10_000));
  });
});

describe('files of settings and secrets', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const file = (content: string | Buffer): string => {
    const path = join(folder, 'file');
    writeFileSync(path, content);
    return path;
  };
  const linesOf = (job: () => unknown): string[] => {
    try {
      job();
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.lines;
    }
  };
  const kisiKey = (path: string): string =>
    loadConfig({ NEXUDUS_TOKEN: 't', KISI_API_KEY_FILE: path, LATCHKEY_CONFIG: '' }).kisi.apiKey;

  it('a .env that is refused names each line, and changes nothing', () => {
    const path = file('LATCHKEY_TEST_FINE=1\nNEXUDUS_PASSWORD=pa$$word\nKISI_API_KEY="key\n');
    const before = { ...process.env };
    assert.deepEqual(
      linesOf(() => loadDotEnv(path)).map((line) => line.replace(path, '.env').replace(/:[^:]*$/, '')),
      ['.env line 2: NEXUDUS_PASSWORD has a $, which Docker Compose takes for a variable', '.env line 3'],
    );
    assert.deepEqual({ ...process.env }, before);
  });

  it('a .env that is a folder, or larger than any, is said to be so', () => {
    assert.deepEqual(
      linesOf(() => loadDotEnv(folder)),
      [`${folder} cannot be read: it is a folder`],
    );
    const path = file(Buffer.alloc(1024 * 1024 + 1, '#'));
    assert.deepEqual(
      linesOf(() => loadDotEnv(path)),
      [`${path} cannot be read: it is larger than 1 MB`],
    );
  });

  it('a secret is what is in its line, whatever an editor puts around it', () => {
    for (const content of ['key', 'key\n', 'key\r\n', '\ufeffkey\n'])
      assert.equal(kisiKey(file(content)), 'key');
    // Here nothing is special.
    for (const secret of ['a#b', 'a #b', '$a', '"a"', "'a'", 'a\\nb'])
      assert.equal(kisiKey(file(secret)), secret);
  });

  it('addresses for alerts may have a line each', () => {
    const path = file('https://a.example/1\r\nhttps://b.example/2\n\n');
    const env = { NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k', LATCHKEY_ALERT_URL_FILE: path, LATCHKEY_CONFIG: '' };
    assert.deepEqual(loadConfig(env).alerts.urls.slice(0, 2), ['https://a.example/1', 'https://b.example/2']);
  });

  it('what is no secret is refused, in words that do not show it', () => {
    const wrong: [content: string | Buffer, what: string][] = [
      ['', 'is empty'],
      ['\n', 'is empty'],
      ['\ufeff', 'is empty'],
      ['s3cret\nother\n', 'has more than one line'],
      ['s3cret\n\n', 'has more than one line'],
      ['s3cret\0', 'is not plain text (UTF-8)'],
      [Buffer.from([0xff, 0xfe, 0x73, 0x00]), 'is not plain text (UTF-8)'],
      [Buffer.alloc(1024 * 1024 + 1, 's'), 'cannot be read: it is larger than 1 MB'],
    ];
    for (const [content, what] of wrong) {
      const path = file(content);
      const line = `KISI_API_KEY_FILE names ${path}, which ${what}`;
      assert.deepEqual(
        linesOf(() => kisiKey(path)),
        [line],
      );
      const env = { NEXUDUS_TOKEN: 't', KISI_API_KEY_FILE: path };
      assert.deepEqual(
        linesOf(() => loadCredentials(env)),
        [line],
      );
    }
    assert.deepEqual(
      linesOf(() => kisiKey(folder)),
      [`KISI_API_KEY_FILE names ${folder}, which cannot be read: it is a folder`],
    );
    if (process.platform === 'linux')
      assert.deepEqual(
        linesOf(() => kisiKey('/dev/zero')),
        ['KISI_API_KEY_FILE names /dev/zero, which cannot be read: it is larger than 1 MB'],
      );
  });
});
