/** How many answers were told, and how many could not be, by their reasons. */
export class Tally {
  private told = 0;
  private readonly untold = new Map<string, number>();

  answered(): void {
    this.told += 1;
  }

  unanswered(why: string): void {
    this.untold.set(why, (this.untold.get(why) ?? 0) + 1);
  }

  print(cases: number): void {
    const reasons = [...this.untold].sort(([, one], [, other]) => other - one);
    const all = reasons.reduce((sum, [, times]) => sum + times, 0);
    console.log(`      ${cases} cases: ${this.told} answers told, ${all} could not be told:`);
    for (const [why, times] of reasons) console.log(`      ${String(times).padStart(4)} × ${why}`);
  }
}
