import assert from 'node:assert/strict';
import { exists, textOf } from './documents.js';

describe('SECURITY.md', () => {
  it('names only tests that exist, and at least one for each threat', () => {
    const [, threats = ''] = textOf('SECURITY.md').split('## Threats');
    const rows = [...threats.matchAll(/^\|([^|]+)\|[^|]+\|([^|]+)\|$/gm)].filter(
      ([, threat = '']) => !/^ (threat +|-+ *)$/.test(threat),
    );
    assert.ok(rows.length > 40, `${rows.length} threats`);
    for (const [, threat = '', tests = ''] of rows)
      for (const name of tests.split(','))
        assert.ok(exists(`test/${name.trim()}.test.ts`), `${threat.trim()}: ${name}`);
  });
});
