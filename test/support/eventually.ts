/** How long a test waits for what must come: no machine takes longer, and only a failure does. Less than a test's own time. */
export const patienceMs = 120_000;

/** Polls until `wanted` holds. No test asserts how long it took. `tell`: how things stand where `wanted` never holds. */
export async function eventually(
  what: string,
  wanted: () => boolean | Promise<boolean>,
  withinMs = patienceMs,
  everyMs = 50,
  tell?: () => Promise<unknown>,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await wanted())) {
    if (Date.now() > deadline) {
      const stands = tell === undefined ? '' : `: ${JSON.stringify(await tell())}`;
      throw new Error(`never came: ${what}${stands}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
