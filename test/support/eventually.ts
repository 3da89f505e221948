/** Polls until `wanted` holds. No test asserts how long it took. `tell`: how things stand where it never does. */
export async function eventually(
  what: string,
  wanted: () => boolean | Promise<boolean>,
  withinMs = 45_000,
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
