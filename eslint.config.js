import tseslint from 'typescript-eslint';

/** What is said to workflows: all that others may know of them. */
const messages = [
  'messages',
  'control-messages',
  'plan-messages',
  'breaker-messages',
  'drift-messages',
  'speaker-messages',
].map((file) => `workflows/${file}`);

/** Rooms a room may import from (besides itself). The arrows of docs/architecture.md. */
const arrows = {
  access: [],
  waits: [],
  nexudus: ['waits'],
  kisi: ['waits'],
  trail: ['access'],
  workflows: [
    'access/text',
    'access/canonical',
    'access/plan',
    'access/ownership',
    'access/breaker',
    'access/drift',
    'access/types',
  ],
  activities: ['access', 'waits', 'nexudus', 'kisi', 'trail', ...messages],
  push: [],
  client: [
    'access',
    'activities',
    ...messages,
    'worker',
    'push',
    'waits',
    'nexudus',
    'kisi',
    'trail',
    'simulators',
  ],
};
const rooms = [
  'access',
  'waits',
  'nexudus',
  'kisi',
  'trail',
  'workflows',
  'activities',
  'push',
  'worker',
  'client',
  'simulators',
  'test',
  'bench',
];

/** A room's files may import only the rooms its arrow names. */
function arrowsOf(room, allowed) {
  const forbidden = rooms.filter(
    (other) => other !== room && !allowed.some((a) => a.split('/')[0] === other),
  );
  const narrowed = allowed.filter((a) => a.includes('/'));
  const patterns = forbidden.map((other) => ({
    regex: `^(\\.\\./)+${other}/`,
    message: `${room}/ may not import ${other}/ (see docs/architecture.md).`,
    // Types vanish at build time: workflows may name the activities' types, the reader the rules' words.
    allowTypeImports:
      (room === 'workflows' && other === 'activities') || (room === 'nexudus' && other === 'access'),
  }));
  for (const top of new Set(narrowed.map((a) => a.split('/')[0]))) {
    const names = narrowed.filter((a) => a.startsWith(`${top}/`)).map((a) => a.slice(top.length + 1));
    patterns.push({
      regex: `^(\\.\\./)+${top}/(?!(${names.join('|')})\\.js$)`,
      message: `${room}/ may import only ${narrowed.join(', ')} of ${top}/.`,
    });
  }
  return patterns;
}

const io = [
  'axios',
  'pino',
  'fastify',
  'zod',
  'yaml',
  'commander',
  '@temporalio/client',
  '@temporalio/worker',
  '@temporalio/activity',
];

/** What one workflow leaves in a module another one finds there: the worker loads each module once for all (worker/bundle.ts). */
const kept = ['', 'ExportNamedDeclaration > '].flatMap((exported) => {
  const declared = `Program > ${exported}VariableDeclaration`;
  const message = 'All workflows share this module: it may keep nothing.';
  return [
    { selector: `${declared}[kind!="const"]`, message },
    {
      selector: `${declared} > VariableDeclarator > NewExpression.init[callee.name=/^(Weak)?(Map|Set)$/]`,
      message,
    },
  ];
});

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', '.latchkey/', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js', 'client/*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      eqeqeq: 'error',
    },
  },
  { files: ['access/**/*.ts', 'workflows/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...kept] } },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
  ...Object.entries(arrows).map(([room, allowed]) => {
    const pure = room === 'access' || room === 'workflows';
    return {
      files: [`${room}/**/*.ts`],
      rules: {
        '@typescript-eslint/no-restricted-imports': [
          'error',
          {
            patterns: [
              ...arrowsOf(room, allowed),
              ...(pure
                ? [
                    { group: ['node:*', ...io], message: `${room}/ does no I/O.` },
                    ...(room === 'workflows'
                      ? [
                          {
                            group: ['luxon', 'windows-iana'],
                            message: 'Time zones stay out of the workflow bundle.',
                          },
                        ]
                      : []),
                    ...(room === 'access'
                      ? [{ group: ['@temporalio/*'], message: 'access/ does not know Temporal.' }]
                      : []),
                  ]
                : []),
            ],
          },
        ],
      },
    };
  }),
  {
    files: ['access/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'process', message: 'access/ does no I/O.' }],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'access/ has no clock: take `now` as an argument.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
