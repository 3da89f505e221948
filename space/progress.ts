/** A job that is done within this time needs no word. */
const patienceMs = 2_000;
const everyMs = 1_000;

/** Does a job; where it takes longer than two seconds, a terminal shows on stderr what is waited for, and for how long. */
export async function withProgress<T>(what: string, job: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return job();
  const startedAt = Date.now();
  const shown = { line: false };
  const timer = setInterval(() => {
    const waitedMs = Date.now() - startedAt;
    if (waitedMs < patienceMs) return;
    shown.line = true;
    // The cursor stays at the line's start: whatever is printed next takes its place.
    process.stderr.write(`${what} … ${Math.round(waitedMs / 1_000)} s\r`);
  }, everyMs);
  try {
    return await job();
  } finally {
    clearInterval(timer);
    if (shown.line) process.stderr.write('\u001b[K');
  }
}
