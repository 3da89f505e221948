import assert from 'node:assert/strict';
import { statSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startKisiSimulator, type KisiSimulator } from '../../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../../simulators/nexudus.js';
import { buildTwoCities, environmentOf, type TwoCities } from '../../../simulators/two-cities.js';
import { explainIn } from '../../../client/members/explain.js';
import { createNexudusClient } from '../../../nexudus/client.js';
import { memberReader } from '../../../space/apis.js';
import { openSpace } from '../../../space/rules-in-force.js';
import { latchkeyDone, latchkeyWith, scratch } from '../cli.js';

const dayMs = 24 * 3_600_000;
const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

const firstNames = 'Zoë Renée Łukasz José Ñuria Björk Çelik Dvořák Émile Ólafur'.split(' ');
const lastNames = "Åström O'Hanrahan Żółkiewski Núñez Lindqvistsson".split(' ');

/** Everybody in the space, by name and e-mail as somebody typed them. */
const people = firstNames.flatMap((first, row) =>
  lastNames.map((last, column) => ({
    name: `${first} ${last}`,
    email: `${row % 2 === 0 ? first : first.toLowerCase()}.${column}.${row}@Personal-Mail.example`,
  })),
);

/** An answer without the instants at which it was asked for. */
function answerIn(stdout: string): object {
  const { at, readAt, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
  assert.ok(typeof at === 'string' && typeof readAt === 'string');
  return rest;
}

describe('latchkey tape', () => {
  const folder = scratch();
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let ids: TwoCities;
  let members: number[];
  const secrets = ['nexudus-password', 'admin@example.com', 'kisi-test-key'];
  const file = (name: string): string => join(folder.path, name);

  before(async () => {
    nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    ids = buildTwoCities(nexudus, kisi);
    members = people.map((person, index) => addPerson(person, index));
    shareAnEmail();
    lendPasses();
  });

  after(async () => {
    await nexudus.stop();
    await kisi.stop();
    folder.remove();
  });

  /** A member of one of ten kinds, with personal data in every field that takes some. */
  function addPerson({ name, email }: (typeof people)[number], index: number): number {
    const { space } = nexudus;
    const kind = index % 10;
    const { Id } = space.addCoworker({
      FullName: name,
      Email: kind === 3 ? ` ${email} ` : email,
      MobilePhone: `+39 333 ${100_0000 + index}`,
      Address: `Via ${name} 12`,
      CompanyName: `${name} & Figli`,
      Notes: `Ask ${name}, ${email.toLowerCase()}`,
      InvoicingBusinessId: ids.rome,
      ...(kind === 4 ? { Active: false } : {}),
    });
    const pass = (expires: number | null, more: object = {}): void => {
      space.addPass({
        CoworkerId: Id,
        TimePassId: ids.passTypes.romeDay,
        BusinessId: ids.rome,
        ExpireDate: expires === null ? null : iso(expires),
        ...more,
      });
    };
    if (kind === 0) pass(Date.now() - 400 * dayMs);
    if (kind <= 5) pass(Date.now() + (index + 1) * dayMs);
    if (kind === 6) pass(null, { Used: true, UsedDate: iso(Date.now() - 90 * dayMs) });
    if (kind === 7)
      space.addContract({ CoworkerId: Id, TariffId: ids.plans.romeUnlimited, IssuedById: ids.rome });
    if (kind < 3) kisi.org.addUser({ email: email.toLowerCase(), name, notes: `${name} ${email}` });
    return Id;
  }

  /** A second profile, whose e-mail differs by its capitals, and one whose e-mail contains that. */
  function shareAnEmail(): void {
    const { name, email } = people[1] ?? { name: '', email: '' };
    for (const Email of [email.toUpperCase(), `not-${email}`]) {
      const { Id } = nexudus.space.addCoworker({ FullName: `${name} junior`, Email });
      nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
      members.push(Id);
    }
  }

  function lendPasses(): void {
    const [payer = 0, , , , , , , , , borrower = 0] = members;
    nexudus.space.addTeam({
      Name: `${people[0]?.name ?? ''} Consulting`,
      ShareTimePasses: true,
      PayingMemberId: payer,
      TeamMembers: [payer, borrower],
    });
  }

  /** Runs a command in this process, against these simulators. */
  function run(...args: string[]): Promise<string> {
    return latchkeyDone(environmentOf(nexudus, kisi), ...args);
  }

  /** What `latchkey explain` answers of each, without the waits between requests, which would take minutes. */
  async function liveAnswers(): Promise<object[]> {
    const env = environmentOf(nexudus, kisi);
    const before = { ...process.env };
    Object.assign(process.env, env);
    const opened = await openSpace({ mayLackWorker: true }).finally(() => {
      for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
      Object.assign(process.env, before);
    });
    const pace = { turn: () => Promise.resolve(), pause: () => undefined };
    const client = createNexudusClient({ ...opened.config.nexudus, pace });
    const { timeZones } = opened.ground;
    const space = { ...opened, nexudus: client, readMember: memberReader({ nexudus: client, timeZones }) };
    const answers: object[] = [];
    for (const id of members)
      answers.push(answerIn(await printedBy(() => explainIn(space, id, { typed: null, json: true }))));
    return answers;
  }

  async function printedBy(job: () => Promise<void>): Promise<string> {
    const write = process.stdout.write.bind(process.stdout);
    let printed = '';
    process.stdout.write = (text: string | Uint8Array) => {
      printed += String(text);
      return true;
    };
    await job().finally(() => (process.stdout.write = write));
    return printed;
  }

  /** Nothing of anybody is in it, however it is written. */
  function assertNothingIn(path: string): void {
    const text = gunzipSync(readFileSync(path)).toString('utf8');
    const plain = (one: string): string => one.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    const forms = [text, text.toLowerCase(), unescape(text), plain(text)].join('\n');
    const personal = people.flatMap(({ name, email }) => [
      name,
      ...name.split(' '),
      email,
      email.toLowerCase(),
    ]);
    const more = ['Figli', 'Consulting', '+39', 'Via ', 'Personal-Mail', ...secrets];
    for (const one of [...personal, ...more])
      for (const form of [one, plain(one), encodeURIComponent(one)])
        assert.ok(!forms.includes(form), `${form} is on the tape`);
  }

  const unescape = (text: string): string =>
    text.replace(/%[0-9a-f]{2}/gi, (found) => String.fromCharCode(parseInt(found.slice(1), 16)));

  it('made of all members answers for each of them as it was answered then, and names nobody', async () => {
    const [{ name, email } = { name: '', email: '' }] = people;
    const groupOf = (typeId: number): string => `${name}’s studio, ask ${email} (${typeId})`;
    const named = kisi.org.addGroup({ name: groupOf(1), locks_count: 1 });
    nexudus.space.addTimePass({
      Name: `Pass of ${name}`,
      BusinessId: ids.rome,
      KisiGroupId: String(named.id),
    });
    // Errors quote what was sent, and are asked again.
    const quoting = JSON.stringify({ Message: `${email} waits`, error: `${name} waits`, code: '000429' });
    nexudus.faults.add({
      match: '/coworkertimepasses',
      kind: 'status',
      status: 409,
      body: quoting,
      times: 1,
      retryAfter: 1,
    });
    kisi.faults.add({
      match: '/groups',
      kind: 'status',
      status: 429,
      body: quoting,
      times: 1,
      retryAfter: 1,
    });

    await run('tape', 'explain', '--out', file('all.tape'));
    assertNothingIn(file('all.tape'));
    assert.equal((statSync(file('all.tape')).mode & 0o777).toString(8), '600');
    const live = await liveAnswers();
    for (const [at, id] of members.entries()) {
      const played = answerIn(
        await latchkeyDone({}, 'tape', 'play', file('all.tape'), 'explain', String(id), '--json'),
      );
      assert.deepEqual(played, live[at]);
    }
  });

  it('made of one member answers for that one in the same words, and says that it lacks the others', async () => {
    const [id = 0, other = 0] = members;
    const said = await run('tape', 'explain', String(id), '--out', file('one.tape'));
    const requests = nexudus.requests.list().length;
    const played = await latchkeyDone({}, 'tape', 'play', file('one.tape'), 'explain', String(id));
    assert.equal(played, said);
    assert.equal(nexudus.requests.list().length, requests);

    const lacking = await latchkeyWith({}, 'tape', 'play', file('one.tape'), 'explain', String(other));
    assert.equal(lacking.code, 1);
    assert.equal(lacking.stdout, '');
    assert.match(
      lacking.stderr,
      new RegExp(
        `the tape lacks what was answered to Nexudus GET /spaces/coworkers/${other}: it was made of member ${id}`,
      ),
    );
  });

  it('is played without a login where it was made with a token', async () => {
    const form = { grant_type: 'password', username: 'admin@example.com', password: 'nexudus-password' };
    const answer = await fetch(`${nexudus.url}/token`, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const env = environmentOf(nexudus, kisi);
    for (const name of ['NEXUDUS_EMAIL', 'NEXUDUS_PASSWORD']) Reflect.deleteProperty(env, name);
    const id = String(members[2] ?? 0);
    const withToken = { ...env, NEXUDUS_TOKEN: token };
    const said = await latchkeyDone(withToken, 'tape', 'explain', id, '--out', file('token.tape'));
    assert.equal(await latchkeyDone({}, 'tape', 'play', file('token.tape'), 'explain', id), said);
    assert.ok(!gunzipSync(readFileSync(file('token.tape'))).includes(token));
  });

  it('keeps what went wrong', async () => {
    const [id = 0] = members;
    nexudus.faults.add({ match: '/coworkertimepasses', kind: 'malformed' });
    try {
      const live = await latchkeyWith(
        environmentOf(nexudus, kisi),
        'tape',
        'explain',
        String(id),
        '--out',
        file('bad.tape'),
      );
      assert.equal(live.code, 1);
      const played = await latchkeyWith({}, 'tape', 'play', file('bad.tape'), 'explain', String(id));
      assert.equal(played.code, 1);
      const [first = ''] = played.stderr.split('\n');
      assert.match(first, /Nexudus \/billing\/coworkertimepasses: the answer is no JSON/);
      assert.ok(live.stderr.includes(first), live.stderr);
    } finally {
      nexudus.faults.clear();
    }
  });

  const wrongs: [what: string, change: (lines: string[]) => string | Buffer, says: RegExp][] = [
    ['is no gzip', () => 'hello', /is no tape, or is damaged: have it sent again/],
    ['is something else', () => gzipSync('{"a":1}\n'), /is no tape that `latchkey tape` wrote/],
    ['is empty', () => '', /is cut short: have it sent again, whole/],
    [
      'lacks its end',
      (lines) => gzipSync(lines.slice(0, -1).join('\n')),
      /is cut short: have it sent again, whole/,
    ],
    [
      'lacks a line',
      (lines) => gzipSync(lines.filter((_, at) => at !== 2).join('\n')),
      /is cut short: have it sent again, whole/,
    ],
    [
      'was cut on its way',
      (lines) => gzipSync(lines.join('\n')).subarray(0, -40),
      /is cut short: have it sent again, whole/,
    ],
    [
      'is of a later release',
      ([first = '', ...lines]) => gzipSync([first.replace('tape 1', 'tape 2'), ...lines].join('\n')),
      /was made by another release of Latchkey \(latchkey tape 2, this one plays latchkey tape 1\)/,
    ],
    [
      'names a time zone that is none',
      ([first = '', ...lines]) =>
        gzipSync([first.replace(/Europe\/\w+/g, 'Europe/Rom'), ...lines].join('\n')),
      /is broken: have the tape made again and sent whole/,
    ],
    [
      'holds a line of another kind',
      ([first = '', ...lines]) => gzipSync([first, '{"exchange":{"api":"mail"}}', ...lines].join('\n')),
      /is broken: have the tape made again and sent whole/,
    ],
  ];
  for (const [what, change, says] of wrongs)
    it(`refuses a file that ${what}`, async () => {
      const lines = gunzipSync(readFileSync(file('one.tape')))
        .toString('utf8')
        .trimEnd()
        .split('\n');
      writeFileSync(file('wrong.tape'), change(lines));
      const { code, stdout, stderr } = await latchkeyWith(
        {},
        'tape',
        'play',
        file('wrong.tape'),
        'explain',
        '1',
      );
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, says);
    });
});
