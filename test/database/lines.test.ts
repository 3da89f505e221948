import assert from 'node:assert/strict';
import fc from 'fast-check';
import { csvColumns, csvLines, jsonLines } from '../../database/lines.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { collect, noon, note } from './records.js';

async function* of(...records: AuditRecord[]): AsyncGenerator<AuditRecord> {
  for (const record of records) yield await Promise.resolve(record);
}

async function csvOf(...records: AuditRecord[]): Promise<string> {
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

async function cellOf(over: Partial<AuditRecord>, column: (typeof csvColumns)[number]): Promise<string> {
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

  it('keeps every text whole, but for what a terminal obeys', async () => {
    const text = fc.string({
      unit: fc.constantFrom(
        'a',
        '"',
        ',',
        '\r',
        '\n',
        '\u001b',
        '\u009b',
        '\u2028',
        ';',
        'ß',
        '😀',
        "'",
        ' ',
      ),
      maxLength: 9,
    });
    const property = fc.asyncProperty(text, async (cause) => {
      assert.equal(await cellOf({ cause }, 'cause'), cause.replace(/[\r\n\u001b\u009b\u2028]+/g, ' '));
    });
    await fc.assert(property);
  });

  it('is a line for each record, whatever they hold, without what a terminal obeys', async () => {
    const any = fc.string({ unit: 'binary' });
    const property = fc.asyncProperty(any, any, async (cause, key) => {
      const csv = await csvOf({ ...note(), cause, after: { [key]: cause } });
      assert.equal(csv.split('\r\n').length, 3);
      assert.doesNotMatch(csv.replaceAll('\r\n', ''), /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    });
    await fc.assert(property);
  });

  it('lets no cell begin a formula, and leaves plain numbers alone', async () => {
    for (const cause of [
      '=1+1',
      '+1+1',
      '-1+1',
      '@SUM(A1)',
      "=cmd|'/c calc'!A1",
      '-',
      '+39 06',
      ' =1',
      '\u00a0=1',
      '＝1+1',
      '＋1',
      '－1+1',
      '＠SUM(A1)',
    ])
      assert.equal(await cellOf({ cause }, 'cause'), `'${cause}`);
    for (const cause of ['\t=1', '\r=1', '\n=1', '\u0000=1', '\u001b=1'])
      assert.equal(await cellOf({ cause }, 'cause'), "' =1");
    assert.equal(await cellOf({ cause: '\u202e=1' }, 'cause'), "'=1");
    for (const cause of ['-1', '+1.5', '1', '0', "'", 'a=1', '', '（=1'])
      assert.equal(await cellOf({ cause }, 'cause'), cause);
    assert.equal(await cellOf({ before: -4 }, 'before'), '-4');
    assert.equal(await cellOf({ memberId: -4 }, 'memberId'), '-4');
    for (const [cause, shown] of [
      ['a;=1+1', "a;'=1+1"],
      ['a; \n@b;c', "a;'  @b;c"],
      ['a\n;=cmd()', "a ;'=cmd()"],
      ['a;b; c', 'a;b; c'],
    ] as const) {
      assert.equal(await cellOf({ cause }, 'cause'), shown);
      assert.match(await csvOf({ ...note(), cause }), /"a[^"]*;[^"]*"/);
    }
    const lead = fc.string({
      unit: fc.constantFrom(' ', '\t', '\r', '\n', '\u0000', '\u202e', '\u3000', '=', '＝', '+', '-'),
    });
    const property = fc.asyncProperty(lead, async (start) => {
      const read = await cellOf({ cause: `${start}=cmd()` }, 'cause');
      assert.ok(read.startsWith("'"), read);
    });
    await fc.assert(property);
  });

  it('shows before and after as JSON, also where they are a bare text', async () => {
    assert.equal(await cellOf({ after: '=1' }, 'after'), '"=1"');
    assert.equal(await cellOf({ after: null }, 'after'), '');
  });
});

describe('records as JSON lines', () => {
  it('is one object a line, with the time as text', async () => {
    const record = note({ cause: 'two\nlines', before: { a: [null, '\u2028\u009b\u202e'] } });
    const lines = await collect(jsonLines(of(record, note({ key: 'd2' }))));
    assert.equal(lines.length, 2);
    assert.ok(lines.every((line) => line.indexOf('\n') === line.length - 1));
    assert.doesNotMatch(lines.join('').replaceAll('\n', ''), /[\p{Cc}\p{Zl}\p{Bidi_Control}]/u);
    const read = JSON.parse(lines[0] ?? '') as AuditRecord;
    const time = '2026-11-25T12:00:00.000Z';
    assert.deepEqual(read, { ...record, at: time, waitedSince: null, waitedUntil: null });
    assert.deepEqual(Object.keys(read), csvColumns);
  });

  it('says from when to when a write was waited for', async () => {
    const record: AuditRecord = { ...note(), waited: { since: noon, until: noon + 1_500 } };
    const [line = ''] = await collect(jsonLines(of(record)));
    const { waitedSince, waitedUntil } = JSON.parse(line) as Record<string, string>;
    assert.deepEqual(
      [waitedSince, waitedUntil],
      ['2026-11-25T12:00:00.000Z', await cellOf(record, 'waitedUntil')],
    );
    assert.equal(waitedUntil, '2026-11-25T12:00:01.500Z');
  });
});
