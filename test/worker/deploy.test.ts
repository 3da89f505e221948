// What is written down about configuration and installation agrees with the code: docs, compose file, image.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { defaultDriftPolicy, repairableKinds } from '../../access/drift.js';
import { defaultPolicies } from '../../config/policies.js';
import { loadConfig } from '../../config/config.js';
import { parseDuration } from '../../lib/durations.js';
import { emptyFile } from '../../config/rules-file.js';
import { variableRows } from '../../config/variables.js';

interface Service {
  image?: string;
  build?: string;
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  ports?: string[];
  profiles?: string[];
  command?: string[];
  configs?: { source: string }[];
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  read_only?: boolean;
  tmpfs?: string[];
  mem_limit?: string;
  pids_limit?: number;
  privileged?: boolean;
}
interface Compose {
  services: Record<string, Service>;
  configs: Record<string, { file: string }>;
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const docs = readFileSync('docs/configuration.md', 'utf8');

/** First and second cell of every table row whose first cell is code. */
const rowsOf = (text: string): [string, string][] =>
  [...text.matchAll(/^\| `([^`]+)`\s*\| ([^|]*?)\s*\|/gm)].map(([, name = '', second = '']) => [
    name,
    second,
  ]);
const [, policies = ''] =
  /<!-- policies -->(.*)<!-- \/policies -->/s.exec(readFileSync('docs/rules.md', 'utf8')) ?? [];
const rows = new Map([
  ...rowsOf(docs),
  ...rowsOf(policies).map(([name, second]): [string, string] => [`policies.${name}`, second]),
]);

describe('docs/configuration.md', () => {
  it('has every variable with its default', () => {
    for (const { name, default: value } of variableRows) {
      assert.equal(rows.get(name), value === null ? 'none' : `\`${value}\``, name);
    }
  });

  it('has no Latchkey, Nexudus or Kisi variable that is not read', () => {
    const isOurs = (name: string): boolean => /^(LATCHKEY|NEXUDUS|KISI)_/.test(name);
    const read = variableRows.map(({ name }) => name).filter(isOurs);
    assert.deepEqual([...rows.keys()].filter(isOurs).sort(), read.sort());
  });

  it('and docs/rules.md have every key of the file, and only keys that the file takes', () => {
    const keys = [...rows.keys()].filter((name) => name.includes('.') && !name.includes('/'));
    const file = {
      mapping: [{ location: 1, passType: 1, groups: 1 }],
      locations: [{ location: 1, timeZone: 'Europe/Berlin' }],
      desk: { people: { f3a1: 'desk' } },
      policies: {
        renewalGrace: '1m',
        doorGrace: '1m',
        doorHorizon: '1d',
        usedPass: 'atOnce',
        lastDay: 'exclusive',
        existingKeys: 'adopt',
        inactiveContract: 'ends',
        apiUser: 'latchkeyOnly',
        findUsers: 'search',
        auditLogRetention: '30d',
        undoWindow: '1h',
        deskAllow: '4h',
        guardPeople: 1,
        guardShare: '5%',
        latencyObjective: '2m',
        latencyShare: '99%',
        inviteReminders: 'on',
        inviteMails: 'none',
        drift: Object.fromEntries(repairableKinds.map((kind) => [kind, 'report'])),
      },
    };
    // The loader refuses unknown keys, so what it takes whole is known.
    assert.doesNotThrow(() =>
      loadConfig({ NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k' }, () => JSON.stringify(file)),
    );
    const known = [
      ...Object.keys(file.mapping[0] ?? {}).map((key) => `mapping[].${key}`),
      ...Object.keys(file.locations[0] ?? {}).map((key) => `locations[].${key}`),
      ...Object.keys(file.desk).map((key) => `desk.${key}`),
      ...Object.keys(file.policies).map((key) => `policies.${key}`),
      ...repairableKinds.map((kind) => `policies.drift.${kind}`),
    ].filter((key) => key !== 'policies.drift');
    assert.deepEqual(keys.sort(), known.sort());
    assert.equal(Object.keys(file.policies).length, Object.keys(defaultPolicies).length + 12);
  });

  it('leaves the policies to docs/rules.md, which has their defaults', () => {
    const said = (key: string) => (rows.get(`policies.${key}`) ?? '').replaceAll('`', '');
    assert.deepEqual(
      {
        renewalGraceMs: parseDuration(said('renewalGrace')),
        doorGraceMs: parseDuration(said('doorGrace')),
        doorHorizonMs: parseDuration(said('doorHorizon')),
        usedPass: said('usedPass'),
        lastDay: said('lastDay'),
        existingKeys: said('existingKeys'),
        inactiveContract: said('inactiveContract'),
      },
      defaultPolicies,
    );
    assert.equal(parseDuration(said('auditLogRetention')), emptyFile('').auditLogRetentionMs);
    assert.equal(parseDuration(said('undoWindow')), emptyFile('').undoWindowMs);
    assert.equal(parseDuration(said('deskAllow')), emptyFile('').deskAllowMs);
    assert.equal(said('findUsers'), emptyFile('').findUsers);
    assert.equal(said('apiUser'), emptyFile('').apiUser);
    const { people, share } = emptyFile('').guard;
    assert.deepEqual([said('guardPeople'), said('guardShare')], [String(people), `${100 * share}%`]);
    for (const kind of repairableKinds) assert.equal(said(`drift.${kind}`), defaultDriftPolicy[kind]);
  });
});

describe('docker-compose.yml', () => {
  const finishes = new Set(
    services.flatMap(([, service]) =>
      Object.entries(service.depends_on ?? {})
        .filter(([, { condition }]) => condition === 'service_completed_successfully')
        .map(([name]) => name),
    ),
  );

  /** What a config holds. One given in the compose file itself could not be put into a read-only file system. */
  const textOf = (config: string): string => readFileSync(compose.configs[config]?.file ?? '', 'utf8');

  it('pins every image to a release', () => {
    for (const [name, { image }] of services) assert.match(image ?? '', /:v?\d+\.\d+(\.\d+)?(-\w+)?$/, name);
  });

  it('checks the health of everything that stays', () => {
    assert.deepEqual([...finishes].sort(), ['database', 'temporal-namespace', 'temporal-schema']);
    for (const [name, service] of services) {
      assert.equal((service.healthcheck?.test.length ?? 0) > 0, !finishes.has(name), name);
    }
  });

  it('waits only for services that exist and can say that they are ready', () => {
    for (const [name, service] of services) {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.ok(other in compose.services, `${name} waits for ${other}`);
        assert.equal(condition, finishes.has(other) ? 'service_completed_successfully' : 'service_healthy');
      }
    }
  });

  it('takes rights away from every service, and bounds what it may use', () => {
    for (const [name, service] of services) {
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      assert.match(service.mem_limit ?? '', /^\d+[mg]$/, name);
      assert.ok((service.pids_limit ?? 0) > 0, name);
      assert.equal(service.privileged, undefined, name);
      // Its start writes its settings beside its program.
      assert.equal(service.read_only ?? false, name !== 'temporal-ui', name);
      if (service.read_only === true)
        assert.match(service.tmpfs?.join(' ') ?? '', /^\/tmp(:exec)?( |$)/, name);
    }
    const adding = services.filter(([, { cap_add: added = [] }]) => added.length > 0);
    assert.deepEqual(
      adding.map(([name, { cap_add: added }]) => [name, added]),
      [['postgres', ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID']]],
    );
  });

  it('has the UI only while it is asked for, and then only to look', () => {
    const withProfile = services.filter(([, { profiles }]) => profiles !== undefined);
    assert.deepEqual(
      withProfile.map(([name, { profiles }]) => [name, profiles]),
      [
        ['temporal-ui', ['ui']],
        ['listen', ['push']],
        ['desk', ['desk']],
      ],
    );
    const ui = compose.services['temporal-ui']?.environment ?? {};
    assert.equal(ui['TEMPORAL_DISABLE_WRITE_ACTIONS'], 'true');
  });

  it('keeps the superuser of the database for what makes the databases, and has a user for each', () => {
    const reading = (variable: string): string[] =>
      services
        .filter(([, { environment = {} }]) =>
          Object.values(environment).some((value) => value.includes(`\${${variable}`)),
        )
        .map(([name]) => name)
        .sort();
    assert.deepEqual(reading('POSTGRES_PASSWORD'), ['database', 'postgres']);
    assert.deepEqual(reading('TEMPORAL_DB_PASSWORD'), ['database', 'temporal', 'temporal-schema']);
    assert.deepEqual(reading('LATCHKEY_DB_PASSWORD'), ['database', 'desk', 'listen', 'worker']);
    assert.match(
      compose.services['worker']?.environment?.['LATCHKEY_DATABASE_URL'] ?? '',
      /\/\/latchkey@postgres/,
    );
    const sql = textOf('databases');
    for (const role of ['temporal', 'latchkey'])
      assert.match(sql, new RegExp(`ALTER ROLE ${role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`));
  });

  it('holds no secret: each comes from outside, and what is always needed is asked for', () => {
    const secrets = services.flatMap(([name, { environment }]) =>
      Object.entries(environment ?? {})
        .filter(([variable]) => /PASSWORD|PWD|TOKEN|_KEY/.test(variable))
        .map(([variable, value]) => ({ variable, value, where: `${name} ${variable}` })),
    );
    assert.ok(secrets.length >= 6, 'they are found');
    for (const { variable, value, where } of secrets) {
      // Either of two logins will do, or a file with the secret, which only the worker can check; and pushes need not be
      // taken in.
      const optional = /^(NEXUDUS|KISI)_/.test(variable);
      assert.match(value, optional ? /^\$\{\w+:-\}$/ : /^\$\{\w+:\?[^}]+\}$/, where);
    }
  });

  it('runs everything in UTC and opens ports to this machine only', () => {
    for (const [name, { environment, ports }] of services) {
      assert.equal(environment?.['TZ'], 'UTC', name);
      for (const port of ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
    }
  });

  it('hands Latchkey every variable that it reads, and no other; what pushes need only to `listen`, what the desk needs only to it', () => {
    // What Node, Temporal's SDK and the driver of the audit log read themselves.
    const ofOthers = ['TZ', 'TEMPORAL_NAMESPACE', 'PGPASSWORD'];
    const handed = (name: string): string[] =>
      Object.keys(compose.services[name]?.environment ?? {}).filter((one) => !ofOthers.includes(one));
    // The server is one of its own here.
    const wanted = variableRows.map(({ name }) => name).filter((name) => name !== 'LATCHKEY_TEMPORAL_UI');
    assert.deepEqual([...new Set([...handed('listen'), ...handed('desk')])].sort(), wanted.sort());
    const onlyAtDesk = handed('desk').filter((name) => !handed('worker').includes(name));
    const ofDesk = wanted.filter((name) => /^LATCHKEY_(DESK|OIDC)_/.test(name));
    assert.deepEqual(onlyAtDesk.sort(), ofDesk.sort());
    const onlyThere = handed('listen').filter((name) => !handed('worker').includes(name));
    const secrets = ['NEXUDUS_WEBHOOK_SECRET', 'NEXUDUS_ACS_TOKEN', 'KISI_WEBHOOK_KEY'];
    const where = ['LATCHKEY_PUSH_HOST', 'LATCHKEY_PUSH_PORT', 'LATCHKEY_PUSH_TRUSTED_PROXY'];
    assert.deepEqual(onlyThere.sort(), [...where, ...secrets, ...secrets.map((one) => `${one}_FILE`)].sort());
  });

  it('takes pushes in apart from the worker, only where that is asked for', () => {
    const { listen, worker } = compose.services;
    assert.deepEqual([listen?.command?.at(-1), listen?.profiles], ['listen', ['push']]);
    assert.deepEqual([listen?.ports?.length, worker?.ports], [1, ['127.0.0.1:8088:8088']]);
    assert.match(listen?.ports?.[0] ?? '', /LATCHKEY_PUSH_PORT/);
  });

  it('gives the queues one partition, and the HTTP API to nobody', () => {
    assert.deepEqual(parse(textOf('temporal-settings')), {
      'matching.numTaskqueueReadPartitions': [{ value: 1 }],
      'matching.numTaskqueueWritePartitions': [{ value: 1 }],
      'frontend.httpAllowedHosts': [{ value: [] }],
    });
  });

  it('mounts only configs that exist, with scripts that a shell can read', () => {
    for (const [name, service] of services) {
      for (const { source } of service.configs ?? [])
        assert.ok(source in compose.configs, `${name} ${source}`);
    }
    for (const name of ['schema', 'namespace']) {
      execFileSync('sh', ['-n'], { input: textOf(name) });
    }
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  /** From the folder of the build, not from the stage that builds. */
  const copied = [
    ...new Set(
      [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
        (sources ?? '').split(' '),
      ),
    ),
  ];

  it('runs a pinned Node 24 without root rights, in UTC, with a health check', () => {
    assert.match(dockerfile, /^FROM node:24\.\d+\.\d+-\w+-slim$/m);
    assert.match(dockerfile, /^USER node$/m);
    assert.match(dockerfile, /^ENV .*TZ=UTC/m);
    assert.match(dockerfile, /^HEALTHCHECK /m);
    assert.match(dockerfile, /npm ci --omit=dev/);
  });

  it('copies only what exists and what .dockerignore lets in', () => {
    const letIn = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1).replace(/\/$/, ''));
    assert.deepEqual(
      copied.filter((path) => !existsSync(path)),
      [],
    );
    assert.deepEqual([...copied].sort(), letIn.sort());
  });

  const rooms = copied.filter((path) => !path.includes('.'));
  const sources = (): string[] =>
    rooms.flatMap((room) =>
      readdirSync(room, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(room, name)),
    );

  it('copies every room that the copied sources import', () => {
    const imported = new Set(
      sources().flatMap((path) =>
        [...readFileSync(path, 'utf8').matchAll(/from '(\.\.\/[^']+)'/g)].map(
          ([, file = '']) => join(dirname(path), file).split('/')[0] ?? '',
        ),
      ),
    );
    assert.ok(imported.has('access'), 'imports are found');
    assert.deepEqual(
      [...imported].filter((room) => !rooms.includes(room)),
      [],
    );
  });

  it('runs what is built from neither the demo, nor simulators, nor tests', () => {
    const read = (name: string): string => readFileSync(join('dist', name), 'utf8');
    // Chunks of earlier builds may lie beside those that it loads.
    const loaded = new Set(['latchkey.js']);
    for (const name of loaded)
      for (const [, other] of read(name).matchAll(/["']\.\/([\w-]+\.js)["']/g)) loaded.add(other ?? '');
    const built = [...loaded].flatMap(
      (name) => (JSON.parse(read(`${name}.map`)) as { sources: string[] }).sources,
    );
    assert.ok(built.includes('../access/decide.ts'), 'sources are found');
    assert.deepEqual(
      built.filter((source) => /^\.\.\/(simulators|test|bench)\/|(stage|playground)\.ts$/.test(source)),
      [],
    );
  });

  it('installs no compiler of TypeScript, nor what tests need', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    for (const name of ['tsx', 'typescript', 'esbuild', 'mocha', '@temporalio/testing'])
      assert.equal(packages[`node_modules/${name}`]?.dev, true, name);
  });

  it('has every package that the copied sources import', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const imported = /^(?:import|export)[^'\n]*from '((?:@[\w-]+\/)?[\w-]+)[^']*';/gm;
    const packages = new Set<string>();
    for (const path of sources()) {
      for (const [, name] of readFileSync(path, 'utf8').matchAll(imported)) {
        if (name !== undefined && name !== 'node') packages.add(name);
      }
    }
    assert.ok(packages.size > 5, 'imports are found');
    assert.deepEqual(
      [...packages].filter((name) => !(name in manifest.dependencies)),
      [],
    );
  });
});
