import assert from 'node:assert/strict';
import fc from 'fast-check';
import { csvColumns, csvLines, jsonLines } from '../../trail/lines.js';
import type { TrailRecord } from '../../trail/records.js';
import { collect, noon, note } from './records.js';

async function* of(...records: TrailRecord[]): AsyncGenerator<TrailRecord> {
  for (const record of records) yield await Promise.resolve(record);
}

async function csvOf(...records: TrailRecord[]): Promise<string> {
  return (await collect(csvLines(of(...records)))).join('');
}

/** The cells of a CSV text by RFC 4180, to the letter: every line ends, a quote stands only around or doubled within. */
function parse(text: string): string[][] {
  const lines: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const [, quoted, bare, end] = cell.exec(text) ?? assert.fail(`no cell at ${at}`);
    lines.at(-1)!.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\r\n') lines.push([]);
  }
  return lines.slice(0, -1);
}

async function cellOf(over: Partial<TrailRecord>, column: (typeof csvColumns)[number]): Promise<string> {
  const lines = parse(await csvOf({ ...note(), ...over }));
  return lines[1]?.[csvColumns.indexOf(column)] ?? assert.fail('no such cell');
}

describe('records as CSV', () => {
  it('is a line of headings and one for each record', async () => {
    const record = note({ before: { until: noon }, cause: 'pass 3, "Day pass"', by: null });
    assert.equal(
      await csvOf(record),
      'at,kind,state,memberId,locationId,groupId,what,before,after,cause,by,planId,answer,key,waitedSince,waitedUntil\r\n' +
        '2026-11-25T12:00:00.000Z,decision,done,7,1,12,decide,"{""until"":1795608000000}",' +
        '"{""until"":1795608000000}","pass 3, ""Day pass""",,,,d1,,\r\n',
    );
  });

  it('has its headings where there is no record', async () => {
    assert.deepEqual(parse(await csvOf()), [[...csvColumns]]);
  });

  it('keeps every text whole', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\r', '\n', ';', 'ß', '😀', "'", ' '),
      maxLength: 9,
    });
    const property = fc.asyncProperty(text, async (cause) => {
      const read = await cellOf({ cause }, 'cause');
      assert.equal(cause.startsWith('\r') ? read.slice(1) : read, cause);
    });
    await fc.assert(property);
  });

  it('lets no cell begin a formula, and leaves plain numbers alone', async () => {
    for (const cause of [
      '=1+1',
      '+1+1',
      '-1+1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      "=cmd|'/c calc'!A1",
      '-',
      '+39 06',
    ])
      assert.equal(await cellOf({ cause }, 'cause'), `'${cause}`);
    for (const cause of ['-1', '+1.5', '1', '0', "'", 'a=1', '', ' =1'])
      assert.equal(await cellOf({ cause }, 'cause'), cause);
    assert.equal(await cellOf({ before: -4 }, 'before'), '-4');
    assert.equal(await cellOf({ memberId: -4 }, 'memberId'), '-4');
  });

  it('shows before and after as JSON, also where they are a bare text', async () => {
    assert.equal(await cellOf({ after: '=1' }, 'after'), '"=1"');
    assert.equal(await cellOf({ after: null }, 'after'), '');
  });
});

describe('records as JSON lines', () => {
  it('is one object a line, with the time as text', async () => {
    const record = note({ cause: 'two\nlines', before: { a: [null, '\u2028'] } });
    const lines = await collect(jsonLines(of(record, note({ key: 'd2' }))));
    assert.equal(lines.length, 2);
    assert.ok(lines.every((line) => line.indexOf('\n') === line.length - 1));
    const read = JSON.parse(lines[0] ?? '') as TrailRecord;
    const time = '2026-11-25T12:00:00.000Z';
    assert.deepEqual(read, { ...record, at: time, waitedSince: null, waitedUntil: null });
    assert.deepEqual(Object.keys(read), csvColumns);
  });

  it('says from when to when a write was waited for', async () => {
    const record: TrailRecord = { ...note(), waited: { since: noon, until: noon + 1_500 } };
    const [line = ''] = await collect(jsonLines(of(record)));
    const { waitedSince, waitedUntil } = JSON.parse(line) as Record<string, string>;
    assert.deepEqual(
      [waitedSince, waitedUntil],
      ['2026-11-25T12:00:00.000Z', await cellOf(record, 'waitedUntil')],
    );
    assert.equal(waitedUntil, '2026-11-25T12:00:01.500Z');
  });
});
