import tseslint from 'typescript-eslint';

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
        projectService: { allowDefaultProject: ['*.js', 'client/*.js', 'desk/assets/*.js'] },
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
  {
    files: ['access/**/*.ts', 'messages/**/*.ts', 'workflows/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...kept] },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
  ...['access', 'messages', 'workflows'].map((room) => ({
    files: [`${room}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node:*', ...io], message: `${room}/ does no I/O.` },
            room === 'access'
              ? { group: ['@temporalio/*'], message: 'access/ does not know Temporal.' }
              : { group: ['luxon', 'windows-iana'], message: 'Time zones stay out of the workflow bundle.' },
          ],
        },
      ],
    },
  })),
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
    files: ['**/*.ts', '**/*.tsx'],
    ignores: ['test/**', 'bench/**', 'simulators/**'],
    rules: {
      'max-lines': ['error', 350],
      'max-lines-per-function': ['error', 60],
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
