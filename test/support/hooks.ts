/** Root hooks of the suite. */
export const mochaHooks = {};
