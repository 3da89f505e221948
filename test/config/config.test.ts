// What the process accepts as configuration, and that everything wrong is said at once, with its place, without values.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { defaultDriftPolicy } from '../../access/drift.js';
import { ConfigError } from '../../config/config-error.js';
import { loadConfig } from '../../config/config.js';
import { loadCredentials } from '../../config/credentials.js';
import { loadDotEnv } from '../../config/dotenv.js';
import { parseDuration } from '../../lib/durations.js';
import { variableRows } from '../../config/variables.js';

const needed = { NEXUDUS_TOKEN: 'nx-token', KISI_API_KEY: 'kisi-key' };

function noFile(): never {
  throw Object.assign(new Error('missing'), { code: 'ENOENT' });
}

function problems(env: Record<string, string | undefined>, file?: string): string[] {
  try {
    loadConfig(env, file === undefined ? noFile : () => file);
  } catch (error) {
    assert.ok(error instanceof ConfigError, 'a ConfigError');
    return error.lines;
  }
  return [];
}

function fileOf(text: string) {
  return loadConfig(needed, () => text).file;
}

describe('parseDuration', () => {
  it('reads every unit as milliseconds', () => {
    const read = ['500ms', '30s', '5m', '2h', '7d', ' 1 m ', '0s'].map(parseDuration);
    assert.deepEqual(read, [500, 30_000, 300_000, 7_200_000, 604_800_000, 60_000, 0]);
  });

  it('refuses what is not a whole number and a unit', () => {
    for (const text of ['', '30', 's', '1.5h', '-1s', '1w', '5M', '1h30m', '4000d', '1e3s', 'constructor']) {
      assert.throws(() => parseDuration(text), RangeError, text);
    }
  });

  it('never yields anything but a whole number of milliseconds', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          return Number.isSafeInteger(parseDuration(text));
        } catch (error) {
          return error instanceof RangeError;
        }
      }),
    );
  });
});

describe('loadConfig', () => {
  it('fills in the defaults', () => {
    assert.deepEqual(loadConfig(needed, noFile), {
      nexudus: { baseUrl: 'https://spaces.nexudus.com/api', auth: { kind: 'token', token: 'nx-token' } },
      kisi: { baseUrl: 'https://api.kisi.io', apiKey: 'kisi-key' },
      temporalAddress: null,
      temporalUi: false,
      taskQueue: 'latchkey',
      pollIntervalMs: 30_000,
      reconciliationIntervalMs: 600_000,
      comparisonIntervalMs: 900_000,
      healthHost: '127.0.0.1',
      healthPort: 8088,
      desk: {
        host: '127.0.0.1',
        port: null,
        url: null,
        trustedProxy: null,
        idleLimitMs: 43_200_000,
        sessionLimitMs: 604_800_000,
        openId: null,
        people: {},
      },
      push: null,
      pushUrl: null,
      logLevel: 'info',
      initialMode: 'observe',
      databaseUrl: 'file:.latchkey/latchkey.db',
      alerts: { urls: [], smtp: null },
      file: {
        path: './latchkey.yaml',
        present: false,
        mapping: [],
        zones: [],
        policies: {
          renewalGraceMs: 900_000,
          doorGraceMs: 900_000,
          doorHorizonMs: 604_800_000,
          usedPass: 'endOfDay',
          lastDay: 'inclusive',
          existingKeys: 'keep',
          inactiveContract: 'ignore',
        },
        drift: {
          missing: 'repair',
          changed: 'repair',
          userDeleted: 'repair',
          endUnreadable: 'report',
          extra: 'report',
          orphan: 'report',
          userSuspended: 'report',
          groupGone: 'report',
          groupRenamed: 'report',
        },
        auditLogRetentionMs: 34_560_000_000,
        undoWindowMs: 86_400_000,
        deskAllowMs: 86_400_000,
        guard: { people: 5, share: 0.1 },
        apiUser: 'shared',
        findUsers: 'directory',
        latency: { withinMs: 60_000, share: 0.95 },
        invitations: { reminders: 'off', mails: 'keyUpdate' },
      },
    });
  });

  it('takes every variable, and drops the slash at the end of an address', () => {
    const config = loadConfig(
      {
        NEXUDUS_BASE_URL: 'http://127.0.0.1:1/api/',
        NEXUDUS_EMAIL: 'ops@example.test',
        NEXUDUS_PASSWORD: ' with spaces ',
        KISI_BASE_URL: 'http://127.0.0.1:2/',
        KISI_API_KEY: 'k',
        TEMPORAL_ADDRESS: 'temporal:7233',
        LATCHKEY_POLL_INTERVAL: '2s',
        LATCHKEY_RECONCILIATION_INTERVAL: '2h',
        LATCHKEY_COMPARISON_INTERVAL: '1h',
        LATCHKEY_TASK_QUEUE: 'q',
        LATCHKEY_HEALTH_PORT: '0',
        LATCHKEY_PUSH_URL: 'https://push.example.test/latchkey/',
        LATCHKEY_LOG_LEVEL: 'debug',
        LATCHKEY_INITIAL_MODE: 'canary',
        LATCHKEY_DATABASE_URL: 'postgres://db/latchkey',
      },
      noFile,
    );
    assert.equal(config.nexudus.baseUrl, 'http://127.0.0.1:1/api');
    assert.deepEqual(config.nexudus.auth, {
      kind: 'password',
      email: 'ops@example.test',
      password: ' with spaces ',
    });
    assert.equal(config.kisi.baseUrl, 'http://127.0.0.1:2');
    assert.equal(config.temporalAddress, 'temporal:7233');
    assert.deepEqual([config.pollIntervalMs, config.reconciliationIntervalMs], [2_000, 7_200_000]);
    assert.equal(config.comparisonIntervalMs, 3_600_000);
    assert.equal(config.pushUrl, 'https://push.example.test/latchkey');
    assert.deepEqual([config.taskQueue, config.healthPort, config.logLevel], ['q', 0, 'debug']);
    assert.deepEqual([config.databaseUrl, config.initialMode], ['postgres://db/latchkey', 'canary']);
  });

  it('sends alerts to several webhooks and e-mail addresses, and keeps what is wrong with them to itself', () => {
    const urls = [
      'https://hooks.slack.com/services/T0/B0/hunter2',
      'https://a.logic.azure.com:443/w?sig=hunter2',
    ];
    const mail = {
      LATCHKEY_ALERT_SMTP_URL: 'smtps://me:hunter2@mail.example.test:465',
      LATCHKEY_ALERT_FROM: 'latchkey@example.test',
      LATCHKEY_ALERT_TO: 'mia@example.test, desk@example.test',
    };
    const config = loadConfig({ ...needed, ...mail, LATCHKEY_ALERT_URL: ` ${urls.join('  ')} ` }, noFile);
    assert.deepEqual(config.alerts, {
      urls,
      smtp: {
        url: mail.LATCHKEY_ALERT_SMTP_URL,
        from: mail.LATCHKEY_ALERT_FROM,
        to: ['mia@example.test', 'desk@example.test'],
      },
    });
    const half = problems({ ...needed, ...mail, LATCHKEY_ALERT_TO: '' });
    assert.match(half.join(), /^LATCHKEY_ALERT_TO must be set, as the others of /);
    const wrong = problems({
      ...needed,
      LATCHKEY_ALERT_URL: `${urls[0]} hooks.slack.com/hunter2`,
      LATCHKEY_ALERT_SMTP_URL: 'mail.example.test:hunter2',
      LATCHKEY_ALERT_FROM: 'hunter2',
      LATCHKEY_ALERT_TO: 'desk@example.test hunter2',
    });
    assert.deepEqual(
      wrong.map((line) => line.split(' ')[0]),
      ['LATCHKEY_ALERT_URL', 'LATCHKEY_ALERT_SMTP_URL', 'LATCHKEY_ALERT_FROM', 'LATCHKEY_ALERT_TO'],
    );
    assert.doesNotMatch(wrong.join(), /hunter2/);
    assert.equal(problems({ ...needed, LATCHKEY_ALERT_URL: 'https://me:hunter2@example.test/' }).length, 1);
  });

  it('takes pushes in where it knows at least one kind of them by a secret of some length', () => {
    const port = { ...needed, LATCHKEY_PUSH_PORT: '0' };
    const [NEXUDUS_WEBHOOK_SECRET, NEXUDUS_ACS_TOKEN, KISI_WEBHOOK_KEY] = ['a', 'b', 'c'].map((x) =>
      x.repeat(16),
    );
    assert.deepEqual(
      loadConfig({ ...port, NEXUDUS_WEBHOOK_SECRET, NEXUDUS_ACS_TOKEN, KISI_WEBHOOK_KEY }, noFile).push,
      {
        host: '0.0.0.0',
        port: 0,
        trustedProxy: null,
        nexudusSecret: NEXUDUS_WEBHOOK_SECRET,
        acsToken: NEXUDUS_ACS_TOKEN,
        kisiKey: KISI_WEBHOOK_KEY,
      },
    );
    const none = {
      host: '0.0.0.0',
      port: 0,
      trustedProxy: null,
      nexudusSecret: null,
      acsToken: null,
      kisiKey: null,
    };
    assert.deepEqual(loadConfig({ ...port, KISI_WEBHOOK_KEY }, noFile).push, {
      ...none,
      kisiKey: KISI_WEBHOOK_KEY,
    });
    assert.equal(loadConfig({ ...needed, NEXUDUS_ACS_TOKEN }, noFile).push, null);
    assert.deepEqual(problems(port), [
      'one of NEXUDUS_WEBHOOK_SECRET, NEXUDUS_ACS_TOKEN, KISI_WEBHOOK_KEY must be set, as LATCHKEY_PUSH_PORT is',
    ]);
    assert.deepEqual(problems({ ...port, NEXUDUS_ACS_TOKEN: 'fifteen letters' }), [
      'NEXUDUS_ACS_TOKEN must be at least 16 characters long',
    ]);
  });

  it('takes plain http to this machine, and to another one only where that is meant', () => {
    const bases = ['NEXUDUS_BASE_URL', 'KISI_BASE_URL'] as const;
    for (const name of bases) {
      for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]'])
        assert.deepEqual(problems({ ...needed, [name]: `http://${host}:1/api` }), []);
      for (const host of [
        'api.kisi.io',
        'localhost.example.com',
        '127.0.0.1.example.com',
        '10.0.0.1',
        '0.0.0.0',
      ]) {
        const env = { ...needed, [name]: `http://${host}/api` };
        const [line, ...more] = problems(env);
        assert.match(line ?? '', new RegExp(`^${name} is plain http, .*LATCHKEY_ALLOW_HTTP=yes`));
        assert.deepEqual(more, []);
        assert.deepEqual(problems({ ...env, LATCHKEY_ALLOW_HTTP: 'yes' }), []);
        assert.equal(problems({ ...env, LATCHKEY_ALLOW_HTTP: 'no' }).length, 1);
      }
    }
    assert.deepEqual(problems({ ...needed, LATCHKEY_ALLOW_HTTP: 'true' }), [
      'LATCHKEY_ALLOW_HTTP must be yes or no',
    ]);
  });

  it('takes only secrets for pushes that cannot be mistaken for others when they are folded', () => {
    for (const name of ['NEXUDUS_WEBHOOK_SECRET', 'NEXUDUS_ACS_TOKEN', 'KISI_WEBHOOK_KEY']) {
      const env = { ...needed, LATCHKEY_PUSH_PORT: '0' };
      assert.deepEqual(problems({ ...env, [name]: 'a secret of the desk ~!' }), []);
      for (const secret of [
        'тайна тайна тайна',
        'ключ-abcdefghijklm',
        'tab\there-there-there',
        'naïve-naïve-naïve',
      ])
        assert.deepEqual(problems({ ...env, [name]: secret }), [
          `${name} must be of letters, digits and signs of the English keyboard`,
        ]);
    }
  });

  it('listens for health on this machine only, and where it is told else', () => {
    assert.equal(loadConfig(needed, noFile).healthHost, '127.0.0.1');
    const push = { LATCHKEY_PUSH_PORT: '0', NEXUDUS_WEBHOOK_SECRET: 'x'.repeat(16) };
    const hosts = { LATCHKEY_HEALTH_HOST: '::', LATCHKEY_PUSH_HOST: '127.0.0.1' };
    const config = loadConfig({ ...needed, ...push, ...hosts }, noFile);
    assert.deepEqual([config.healthHost, config.push?.host], ['::', '127.0.0.1']);
    for (const name of ['LATCHKEY_HEALTH_HOST', 'LATCHKEY_PUSH_HOST'])
      assert.deepEqual(problems({ ...needed, [name]: 'health.example.com' }), [
        `${name} must be an IP address of this machine`,
      ]);
  });

  it('trusts a proxy in front of the push port only where it is named by its IP address', () => {
    const push = { ...needed, LATCHKEY_PUSH_PORT: '0', NEXUDUS_WEBHOOK_SECRET: 'x'.repeat(16) };
    const trusted = (address: string): string | null | undefined =>
      loadConfig({ ...push, LATCHKEY_PUSH_TRUSTED_PROXY: address }, noFile).push?.trustedProxy;
    assert.deepEqual(['', '10.0.0.2', 'fd00::2'].map(trusted), [null, '10.0.0.2', 'fd00::2']);
    for (const address of ['proxy', '10.0.0.0/8', '10.0.0.1,10.0.0.2', 'yes'])
      assert.deepEqual(problems({ ...push, LATCHKEY_PUSH_TRUSTED_PROXY: address }), [
        'LATCHKEY_PUSH_TRUSTED_PROXY must be the IP address of the proxy, as its calls come from it',
      ]);
  });

  it('counts an empty variable as not set', () => {
    const config = loadConfig({ ...needed, TEMPORAL_ADDRESS: '', LATCHKEY_POLL_INTERVAL: ' ' }, noFile);
    assert.deepEqual([config.temporalAddress, config.pollIntervalMs], [null, 30_000]);
  });

  it('says all that is missing at once', () => {
    assert.deepEqual(problems({}), [
      'NEXUDUS_EMAIL and NEXUDUS_PASSWORD must be set, or NEXUDUS_TOKEN',
      'KISI_API_KEY must be set',
    ]);
  });

  it('names the missing half of the Nexudus login, and refuses two logins', () => {
    const kisi = { KISI_API_KEY: 'k' };
    assert.deepEqual(problems({ ...kisi, NEXUDUS_EMAIL: 'a@b.test' }), [
      'NEXUDUS_PASSWORD must be set, as NEXUDUS_EMAIL is',
    ]);
    assert.deepEqual(problems({ ...kisi, NEXUDUS_PASSWORD: 'p' }), [
      'NEXUDUS_EMAIL must be set, as NEXUDUS_PASSWORD is',
    ]);
    assert.match(problems({ ...needed, NEXUDUS_EMAIL: 'a@b.test' })[0] ?? '', /both set/);
  });

  it('names each bad variable and keeps its value to itself', () => {
    const secret = 'hunter2';
    const lines = problems({
      KISI_API_KEY: secret,
      NEXUDUS_EMAIL: secret,
      NEXUDUS_BASE_URL: `https://me:${secret}@spaces.nexudus.com`,
      KISI_BASE_URL: `ftp://${secret}`,
      LATCHKEY_POLL_INTERVAL: secret,
      LATCHKEY_RECONCILIATION_INTERVAL: '0s',
      LATCHKEY_COMPARISON_INTERVAL: 'often',
      LATCHKEY_HEALTH_PORT: '65536',
      LATCHKEY_LOG_LEVEL: secret,
    });
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      [
        'NEXUDUS_PASSWORD',
        'NEXUDUS_BASE_URL',
        'KISI_BASE_URL',
        'LATCHKEY_POLL_INTERVAL',
        'LATCHKEY_RECONCILIATION_INTERVAL',
        'LATCHKEY_COMPARISON_INTERVAL',
        'LATCHKEY_HEALTH_PORT',
        'LATCHKEY_LOG_LEVEL',
      ],
    );
    assert.ok(!lines.join().includes(secret), 'no value in a message');
    assert.ok(!new ConfigError(lines).message.includes(secret), 'nor in the whole');
  });

  it('wants the file only when it is named', () => {
    assert.deepEqual(problems(needed), []);
    assert.deepEqual(problems({ ...needed, LATCHKEY_CONFIG: 'rules.yaml' }), [
      'LATCHKEY_CONFIG names rules.yaml, which does not exist',
    ]);
  });
});

describe('latchkey.yaml', () => {
  it('reads mapping, zones and policies', () => {
    const file = fileOf(`
mapping:
  - { location: Harbour, passType: Day pass, groups: [12, "Front door"] }
  - { passType: 44, groups: 13 }
locations:
  - { location: 7, timeZone: America/New_York }
policies:
  renewalGrace: 30m
  doorGrace: 0s
  doorHorizon: 3d
  usedPass: atOnce
  lastDay: exclusive
  existingKeys: adopt
  inactiveContract: ends
  findUsers: search
  apiUser: latchkeyOnly
  auditLogRetention: 30d
  undoWindow: 1h
  deskAllow: 4h
  guardPeople: 3
  guardShare: 2.5%
  latencyObjective: 2m
  latencyShare: 99.5%
  inviteReminders: on
  inviteMails: none
  drift: { extra: repair, missing: report }
`);
    assert.deepEqual(file, {
      path: './latchkey.yaml',
      present: true,
      mapping: [
        { location: 'Harbour', passType: 'Day pass', groups: [12, 'Front door'] },
        { location: null, passType: 44, groups: [13] },
      ],
      zones: [{ location: 7, timeZone: 'America/New_York' }],
      policies: {
        renewalGraceMs: 1_800_000,
        doorGraceMs: 0,
        doorHorizonMs: 259_200_000,
        usedPass: 'atOnce',
        lastDay: 'exclusive',
        existingKeys: 'adopt',
        inactiveContract: 'ends',
      },
      drift: { ...defaultDriftPolicy, extra: 'repair', missing: 'report' },
      auditLogRetentionMs: 2_592_000_000,
      undoWindowMs: 3_600_000,
      deskAllowMs: 14_400_000,
      guard: { people: 3, share: 0.025 },
      apiUser: 'latchkeyOnly',
      findUsers: 'search',
      latency: { withinMs: 120_000, share: 0.995 },
      invitations: { reminders: 'on', mails: 'none' },
    });
  });

  it('may be empty, or only comments', () => {
    assert.deepEqual([fileOf('').mapping, fileOf('# nothing yet\n').present], [[], true]);
  });

  it('moves keys by no more than a year', () => {
    for (const name of ['renewalGrace', 'doorGrace', 'doorHorizon']) {
      const of = (span: string): string[] => problems(needed, `policies:\n  ${name}: ${span}\n`);
      assert.deepEqual(of('367d'), [`./latchkey.yaml:2: policies.${name} must be at most 366d`]);
      assert.deepEqual(problems(needed, `policies: { ${name}: 366d, colour: red }`), [
        './latchkey.yaml:1: policies.colour is not a known key',
      ]);
    }
  });

  it('names key, line and file of everything that is wrong', () => {
    const text = `mapping:
  - passType: Day pass
    groups: [12]
    colour: red
  - passType: 1.5
    groups:
      - 12
      - true
  - groups: []
locations:
  - location: 7
    timeZone: Mars/Olympus
policies:
  renewalGrace: 15
  usedpass: atOnce
  doorHorizon: 0s
  lastDay: maybe
  drift: { extra: always, groupGone: repair }
polices: {}
`;
    assert.deepEqual(problems(needed, text).sort(), [
      './latchkey.yaml:12: locations[0].timeZone must be an IANA time zone like Europe/Berlin',
      './latchkey.yaml:14: policies.renewalGrace must be a duration like 500ms, 30s, 5m, 2h or 7d',
      './latchkey.yaml:15: policies.usedpass is not a known key',
      './latchkey.yaml:16: policies.doorHorizon must be above zero',
      './latchkey.yaml:17: policies.lastDay must be inclusive or exclusive',
      './latchkey.yaml:18: policies.drift.extra must be repair or report',
      './latchkey.yaml:18: policies.drift.groupGone is not a known key',
      './latchkey.yaml:19: polices is not a known key',
      './latchkey.yaml:4: mapping[0].colour is not a known key',
      './latchkey.yaml:5: mapping[1].passType must be an id (a whole number) or a name',
      './latchkey.yaml:8: mapping[1].groups[1] must be an id (a whole number) or a name',
      './latchkey.yaml:9: mapping[2].groups must name at least one group',
      './latchkey.yaml:9: mapping[2].passType must be set',
    ]);
  });

  it('says where bad YAML breaks, and refuses a key twice', () => {
    assert.match(problems(needed, 'mapping:\n  - [')[0] ?? '', /^\.\/latchkey\.yaml:2: not YAML/);
    assert.match(
      problems(needed, 'policies: {}\npolicies: {}\n')[0] ?? '',
      /^\.\/latchkey\.yaml:2: not YAML/,
    );
    assert.match(problems(needed, 'mapping: *nowhere\n')[0] ?? '', /^\.\/latchkey\.yaml:1: /);
    assert.match(problems(needed, 'just words\n')[0] ?? '', /^\.\/latchkey\.yaml:1: the file /);
  });

  it('never throws anything but a ConfigError, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        problems(needed, text);
      }),
    );
  });

  it('the example file is valid and changes no policy', () => {
    const file = fileOf(readFileSync('latchkey.example.yaml', 'utf8'));
    assert.ok(file.mapping.length > 0, 'it shows a mapping');
    assert.deepEqual(file.policies, loadConfig(needed, noFile).file.policies);
    assert.deepEqual(file.drift, defaultDriftPolicy);
  });
});

describe('the desk', () => {
  const openId = {
    LATCHKEY_DESK_URL: 'https://desk.example.com/',
    LATCHKEY_OIDC_ISSUER: 'https://sso.example.com/realms/space/',
    LATCHKEY_OIDC_CLIENT_ID: 'latchkey',
    LATCHKEY_OIDC_CLIENT_SECRET: 'a secret',
  };

  it('has people sign in by a service, and gives them roles', () => {
    const file = 'desk:\n  people:\n    Ada@Example.com: operator\n    f3a1: desk\n';
    const { desk } = loadConfig({ ...needed, ...openId, LATCHKEY_OIDC_ROLE_CLAIM: 'roles' }, () => file);
    assert.equal(desk.url, 'https://desk.example.com');
    const { issuer, ...rest } = desk.openId ?? { issuer: '' };
    assert.equal(issuer, openId.LATCHKEY_OIDC_ISSUER);
    assert.deepEqual(rest, { clientId: 'latchkey', clientSecret: 'a secret', roleClaim: 'roles' });
    assert.deepEqual(desk.people, { 'ada@example.com': 'operator', f3a1: 'desk' });
  });

  it('is never served to other machines without sign-in', () => {
    for (const LATCHKEY_DESK_HOST of ['0.0.0.0', '::', '192.168.1.7']) {
      assert.match(problems({ ...needed, LATCHKEY_DESK_HOST })[0] ?? '', /nobody would have to sign in/);
      assert.deepEqual(
        problems({ ...needed, LATCHKEY_DESK_HOST, LATCHKEY_DESK_URL: 'https://desk.example.com' }),
        [],
      );
    }
    for (const LATCHKEY_DESK_HOST of ['127.0.0.1', '127.0.0.2', '::1', 'localhost'])
      assert.deepEqual(problems({ ...needed, LATCHKEY_DESK_HOST }), []);
  });

  it('is reached by https, or on this machine, and without a path', () => {
    for (const [LATCHKEY_DESK_URL, says] of [
      ['http://desk.example.com', /LATCHKEY_DESK_URL is plain http/],
      ['https://desk.example.com/latchkey', /LATCHKEY_DESK_URL must be an http\(s\) address without a path/],
      ['desk.example.com', /LATCHKEY_DESK_URL must be an http/],
    ] as const)
      assert.match(problems({ ...needed, LATCHKEY_DESK_URL })[0] ?? '', says);
    assert.deepEqual(problems({ ...needed, LATCHKEY_DESK_URL: 'http://127.0.0.1:8089' }), []);
  });

  it('wants all of a sign-in service, or nothing', () => {
    for (const name of Object.keys(openId)) {
      const [problem = '', ...others] = problems({ ...needed, ...openId, [name]: '' });
      assert.match(problem, new RegExp(`^${name} must be set`));
      assert.deepEqual(others, []);
    }
    assert.match(
      problems({ ...needed, ...openId, LATCHKEY_OIDC_ISSUER: 'http://sso.example.com' })[0] ?? '',
      /plain http/,
    );
  });

  it('takes people from the file, and no error repeats their e-mails', () => {
    const [problem, ...others] = problems(needed, 'desk:\n  people:\n    ada@example.com: owner\n');
    assert.deepEqual(
      [problem, others],
      ['./latchkey.yaml:3: desk.people must be one of viewer, desk, operator', []],
    );
    assert.match(problems(needed, 'desk:\n  people: [ada]\n')[0] ?? '', /desk\.people must name people/);
  });
});

describe('a secret in a file of its own', () => {
  const files: Record<string, string> = {
    kisi: 'kisi-key\n',
    password: ' pass word \r\n',
    token: 'token',
    empty: ' \n',
  };
  const readFile = (path: string): string => {
    const text = files[basename(path)];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  };

  it('is taken as it is, but for the line end after it', () => {
    const env = { NEXUDUS_EMAIL: 'e', NEXUDUS_PASSWORD_FILE: 'password', KISI_API_KEY_FILE: 'kisi' };
    const { nexudus, kisi } = loadConfig(env, readFile);
    assert.deepEqual(nexudus.auth, { kind: 'password', email: 'e', password: ' pass word ' });
    assert.equal(kisi.apiKey, 'kisi-key');
    assert.deepEqual(loadCredentials(env, readFile), { nexudus: nexudus.auth, kisi: 'kisi-key' });
    const byToken = loadCredentials({ NEXUDUS_TOKEN_FILE: 'token', KISI_API_KEY: 'k' }, readFile);
    assert.deepEqual(byToken, { nexudus: { kind: 'token', token: 'token' }, kisi: 'k' });
  });

  it('must be there, hold something, and stand alone, which is said without its value', () => {
    const wrong: Record<string, [string, string]> = {
      'KISI_API_KEY_FILE names none, which cannot be read: it does not exist': ['KISI_API_KEY_FILE', 'none'],
      'KISI_API_KEY_FILE names empty, which is empty': ['KISI_API_KEY_FILE', 'empty'],
      'NEXUDUS_TOKEN and NEXUDUS_TOKEN_FILE are both set: keep one of the two': [
        'NEXUDUS_TOKEN_FILE',
        'token',
      ],
    };
    for (const [line, [name, path]] of Object.entries(wrong)) {
      const others = name === 'KISI_API_KEY_FILE' ? {} : { KISI_API_KEY: 'k' };
      const env = { NEXUDUS_TOKEN: 't', ...others, [name]: path };
      for (const load of [loadConfig, loadCredentials])
        assert.throws(
          () => load(env, readFile),
          (error) => error instanceof ConfigError && error.lines.join() === line,
        );
    }
  });
});

describe('each secret', () => {
  const secrets: Record<string, string> = {
    NEXUDUS_WEBHOOK_SECRET: 'a secret of a webhook',
    NEXUDUS_ACS_TOKEN: 'a token of Custom ACS',
    KISI_WEBHOOK_KEY: 'a key of the events of Kisi',
    LATCHKEY_OIDC_CLIENT_SECRET: 'a secret of the desk',
    LATCHKEY_DATABASE_URL: 'postgres://latchkey:secret@db/latchkey',
    LATCHKEY_ALERT_URL: 'https://hooks.example.com/T0/B0',
    LATCHKEY_ALERT_SMTP_URL: 'smtp://u:p@mail.example.com:587',
  };
  const about = {
    ...needed,
    LATCHKEY_PUSH_PORT: '0',
    LATCHKEY_DESK_URL: 'https://desk.example.com',
    LATCHKEY_OIDC_ISSUER: 'https://sso.example.com',
    LATCHKEY_OIDC_CLIENT_ID: 'latchkey',
    LATCHKEY_ALERT_FROM: 'latchkey@example.com',
    LATCHKEY_ALERT_TO: 'desk@example.com',
  };

  it('may be in a file instead, and is then the same', () => {
    const inFiles = Object.fromEntries(Object.keys(secrets).map((name) => [`${name}_FILE`, name]));
    const readFile = (path: string): string => {
      const text = secrets[basename(path)];
      return text === undefined ? noFile() : `${text}\n`;
    };
    assert.deepEqual(
      loadConfig({ ...about, ...inFiles }, readFile),
      loadConfig({ ...about, ...secrets }, noFile),
    );
  });

  it('whose file cannot be read is one line, and nothing else is said of it', () => {
    for (const name of Object.keys(secrets))
      assert.deepEqual(problems({ ...about, ...secrets, [name]: '', [`${name}_FILE`]: 'none' }), [
        `${name}_FILE names none, which cannot be read: it does not exist`,
      ]);
  });
});

describe('.env', () => {
  const name = 'LATCHKEY_TEST_DOT_ENV';
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'latchkey-env-'))));
  after(() => rm(folder, { recursive: true }));
  afterEach(() => {
    Reflect.deleteProperty(process.env, name);
  });

  it('adds variables, and those already set win', async () => {
    const path = join(folder, '.env');
    await writeFile(path, `${name}=from the file\n`);
    loadDotEnv(path);
    assert.equal(process.env[name], 'from the file');
    process.env[name] = 'from outside';
    loadDotEnv(path);
    assert.equal(process.env[name], 'from outside');
  });

  it('is read again as it is then, under what is set outside', async () => {
    const path = join(folder, 'again.env');
    const other = `${name}_OTHER`;
    process.env[other] = 'from outside';
    await writeFile(path, `${name}=first\n${other}=first\n`);
    const readAgain = loadDotEnv(path);
    await writeFile(path, `${name}=second\n${other}=second\n`);
    assert.deepEqual([readAgain()[name], readAgain()[other]], ['second', 'from outside']);
    assert.equal(process.env[name], 'first');
    await rm(path);
    assert.deepEqual([readAgain()[name], readAgain()[other]], [undefined, 'from outside']);
    Reflect.deleteProperty(process.env, other);
  });

  it('may be missing', () => {
    loadDotEnv(join(folder, 'none'));
  });

  it('the example names only variables that exist', () => {
    const names = [...readFileSync('.env.example', 'utf8').matchAll(/^#?\s?([A-Z]+_[A-Z_]+)=/gm)].map(
      (m) => m[1] ?? '',
    );
    const composeOnly = ['POSTGRES_PASSWORD', 'TEMPORAL_DB_PASSWORD', 'LATCHKEY_DB_PASSWORD'];
    assert.ok(names.includes('KISI_API_KEY'), 'it names the keys that are needed');
    assert.deepEqual(
      names.filter((n) => !variableRows.some(({ name }) => name === n) && !composeOnly.includes(n)),
      [],
    );
  });
});
