/** How long a test waits for what must come: no machine takes longer, and only a failure does. Less than a test's own time. */
export const patienceMs = 120_000;

/**
 * Polls until `wanted` holds, at most every `everyMs`; less often where a look takes long, since looks take their time from what
 * they wait for. No test asserts how long it took. `tell`: how things stand where `wanted` never holds.
 */
export async function eventually(
  what: string,
  wanted: () => boolean | Promise<boolean>,
  withinMs = patienceMs,
  everyMs = 50,
  tell?: () => Promise<unknown>,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const startedAt = Date.now();
    if (await wanted()) return;
    if (startedAt > deadline) {
      const stands = tell === undefined ? '' : `: ${JSON.stringify(await tell())}`;
      throw new Error(`never came: ${what}${stands}`);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(everyMs, 5 * (Date.now() - startedAt))));
  }
}
