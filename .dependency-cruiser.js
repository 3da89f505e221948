/** Rooms a room may import from (besides itself). The arrows of docs/architecture.md; types count as well. */
export const arrows = {
  access: [],
  lib: [],
  nexudus: ['lib', 'access'],
  kisi: ['lib'],
  database: ['access'],
  messages: ['access'],
  workflows: ['messages', 'access', 'lib'],
  activities: ['access', 'lib', 'nexudus', 'kisi', 'database', 'messages'],
  push: ['lib'],
  config: ['access', 'lib', 'kisi', 'messages'],
  'temporal-server': ['lib', 'database'],
  verify: ['access', 'lib', 'nexudus', 'kisi', 'database', 'messages', 'push', 'config'],
  monitoring: ['access', 'lib', 'nexudus', 'kisi', 'database', 'messages', 'activities', 'push', 'config'],
  webhooks: [
    ...['access', 'lib', 'nexudus', 'kisi', 'database', 'messages', 'activities', 'push', 'config'],
    'monitoring',
  ],
  tape: ['access', 'lib', 'nexudus', 'kisi', 'messages'],
  worker: [
    ...[
      'access',
      'lib',
      'nexudus',
      'kisi',
      'database',
      'messages',
      'workflows',
      'activities',
      'push',
      'config',
    ],
    ...['temporal-server', 'verify', 'monitoring', 'webhooks'],
  ],
  space: [
    ...['access', 'lib', 'nexudus', 'kisi', 'database', 'messages', 'activities', 'config'],
    ...['temporal-server', 'monitoring', 'worker'],
  ],
  desk: [
    ...['access', 'lib', 'nexudus', 'kisi', 'database', 'messages', 'activities', 'config'],
    ...['monitoring', 'worker', 'space'],
  ],
  client: [
    ...['access', 'lib', 'nexudus', 'kisi', 'database', 'messages', 'activities', 'push', 'config'],
    ...[
      'temporal-server',
      'monitoring',
      'webhooks',
      'tape',
      'worker',
      'space',
      'desk',
      'verify',
      'simulators',
    ],
  ],
  simulators: [],
};

const rooms = [...Object.keys(arrows), 'test', 'bench'];

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Modules that import each other can only be read together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(arrows).map(([room, allowed]) => ({
      name: `arrows-of-${room}`,
      comment: `${room}/ imports only ${allowed.join(', ') || 'nothing of ours'} (docs/architecture.md).`,
      severity: 'error',
      from: { path: `^${room}/` },
      to: { path: `^(${rooms.filter((other) => other !== room && !allowed.includes(other)).join('|')})/` },
    })),
    {
      name: 'types-only',
      comment: 'The reader of Nexudus may name the words of the rules, and use none of them.',
      severity: 'error',
      from: { path: '^nexudus/' },
      to: { path: '^access/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'small-bundle',
      comment: 'What workflows use of the rules goes into their bundle: no time zones, no decisions.',
      severity: 'error',
      from: { path: '^(workflows|messages)/' },
      to: {
        path: '^(access|lib)/',
        pathNot:
          '^(access/(text|canonical|plan|ledger|ownership|revocation-guard|drift|types)|lib/too-much-gone)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.latchkey|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js'] },
  },
};
