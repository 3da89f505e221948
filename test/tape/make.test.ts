import assert from 'node:assert/strict';
import { linesOf, TapeError } from '../../tape/file.js';
import { refuseLeaks, tapeOf, type Recording } from '../../tape/make.js';
import type { Exchange } from '../../tape/recorder.js';
import { rules } from '../support/builders.js';

const asked: Exchange = {
  api: 'nexudus',
  by: 'explain',
  at: 0,
  durationMs: 5,
  method: 'GET',
  path: '/spaces/coworkers',
  query: [['Coworker_Email', 'Ada@Example.com']],
  sent: '',
  status: 200,
  failure: null,
  headers: {},
  body: '',
};

function recordingOf(exchanges: Exchange[], more: Partial<Recording['header']> = {}): Recording {
  return {
    header: {
      ...{ now: 0, memberId: null, nexudusLogin: 'password', from: 'file', inForce: null, exceptions: [] },
      ground: { rules: rules(), timeZones: {}, knownZones: {} },
      zoned: null,
      ...more,
    },
    standing: null,
    digests: { was: (email) => email, is: (email) => email },
    exchanges,
    leftOut: 0,
  };
}

/** The lines of a tape of one answer. */
const linesWith = (more: Partial<Exchange>, header: Partial<Recording['header']> = {}): string =>
  linesOf(tapeOf(recordingOf([{ ...asked, ...more }], header)));

describe('what is on a tape', () => {
  const personal: [where: string, exchange: Partial<Exchange>][] = [
    [
      'a field that is not read',
      { body: JSON.stringify({ Records: [{ Id: 1, Notes: 'Ada' }], TotalItems: 1 }) },
    ],
    [
      'a field that is read, of another type',
      { body: JSON.stringify({ Id: 'Ada', Active: 'Ada', UpdatedOn: 'Ada' }) },
    ],
    [
      'a record within a record',
      { body: JSON.stringify({ Id: 1, Email: { of: 'Ada' }, TeamIds: [{ n: 'Ada' }] }) },
    ],
    ['ids that are none', { body: JSON.stringify({ Id: 1, TeamIds: '5, Ada; 7' }) }],
    ['a text that is no record', { body: JSON.stringify('Ada') }],
    ['a page that is not of the API', { status: 502, body: '<html>Ada</html>' }],
    [
      'an error',
      { status: 400, body: JSON.stringify({ Message: 'Ada', Ada: 'Ada', code: 'Ada', list: ['Ada'] }) },
    ],
    ['an address that is not known', { path: '/spaces/Ada/42', body: JSON.stringify({ Ada: 'Ada' }) }],
    [
      'a query that is not known',
      {
        query: [
          ['Ada', 'Ada'],
          ['Coworker_FullName', 'Ada'],
        ],
      },
    ],
    ['an e-mail that is asked for, encoded', { query: [['query', 'Ada%40example.com']] }],
    ['what is sent', { method: 'POST', sent: JSON.stringify({ Name: 'Ada' }), path: '/sys/webhooks' }],
    [
      'a login',
      { method: 'POST', path: '/token', sent: 'username=Ada', body: JSON.stringify({ access_token: 'Ada' }) },
    ],
    ['a header', { headers: { date: 'Ada', 'retry-after': 'Ada', 'content-type': 'Ada' } }],
    [
      'Kisi’s organization',
      { api: 'kisi', path: '/user', body: JSON.stringify({ id: 1, organization: { name: 'Ada' } }) },
    ],
    [
      'a setting',
      { path: '/sys/businesssettings', body: JSON.stringify([{ Id: 1, Name: 'Ada', Value: 'Ada' }]) },
    ],
  ];
  for (const [where, exchange] of personal)
    it(`has nothing personal from ${where}`, () => {
      const lines = linesWith(exchange);
      assert.doesNotMatch(lines, /ada|example\.com/i);
    });

  it('has no word of who made an exception, and why', () => {
    const exception = { id: 3, kind: 'allow', memberId: 1, groupId: 2, from: 0, until: 9 } as const;
    const of = { by: 'Gina Rossi', reason: 'Ada lost her phone', account: 'gina@desk-1' };
    const body = JSON.stringify([{ id: 2, name: 'Rossi’s studio' }]);
    const lines = linesWith(
      { api: 'kisi', path: '/groups', body },
      { exceptions: [{ ...exception, ...of }] },
    );
    assert.doesNotMatch(lines, /gina|rossi|ada|phone|desk-1/i);
    assert.match(lines, /studio/);
  });

  it('has the ids, times, numbers and flags that are read, as they were', () => {
    const row = {
      Id: 7,
      CoworkerId: 8,
      TimePassId: 9,
      BusinessId: 1,
      Used: false,
      UpdatedOn: '2026-11-29T10:00:00Z',
    };
    const more = { ExpireDate: '2026-12-01T00:00:00', RemainingUses: 2.5, UsedDate: null };
    const uniqueId = { UniqueId: '6F9619FF-8B86-D011-B42D-00CF4FC964FF' };
    const record = { ...row, ...more, ...uniqueId };
    const list = { Records: [record], TotalItems: 1, TotalPages: 1, HasNextPage: false };
    const { exchanges } = tapeOf(
      recordingOf([{ ...asked, path: '/billing/coworkertimepasses', body: JSON.stringify(list) }]),
    );
    assert.deepEqual(exchanges[0]?.answer, { json: list });
  });

  it('keeps what the clients understand of an error', () => {
    const bodies: [body: unknown, kept: unknown][] = [
      ['not found', 'Not found'],
      [{ Message: 'No HTTP resource was found that matches Ada' }, { Message: 'No HTTP resource was found' }],
      [
        { error: 'The endpoint does not exist, Ada.', code: '000404' },
        { error: 'This endpoint does not exist', code: '000404' },
      ],
      [{ errors: { email: ['Ada is taken'] } }, { errors: { email: ['has already been taken'] } }],
    ];
    for (const [body, kept] of bodies) {
      const { exchanges } = tapeOf(recordingOf([{ ...asked, status: 404, body: JSON.stringify(body) }]));
      assert.deepEqual(exchanges[0]?.answer, { json: kept });
    }
  });
});

describe('a tape with a leak', () => {
  it('is refused, whatever let it through', () => {
    refuseLeaks(linesWith({}), ['a-secret-of-ours']);
    for (const leak of ['x A-Secret-Of-Ours x', '{"a":"zoë@example.com"}'])
      assert.throws(() => {
        refuseLeaks(linesWith({}) + leak, ['a-secret-of-ours']);
      }, TapeError);
  });
});
