/** Has jobs of the same name run one after another, in the order of asking; those of different names run side by side. */
export function inTurns(): <T>(name: string, job: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (name, job) => {
    const before = last.get(name);
    const mine = (async () => {
      await before?.catch(() => undefined);
      return job();
    })();
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
