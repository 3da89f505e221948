import { setTimeout as sleep } from 'node:timers/promises';
import { oddEnds, roundingOf, type KeptEnd } from './ends.js';
import { idOf, type Row } from './finding.js';
import type { Outcome } from './maker.js';
import { instantIn, madeOf, type Trial } from './trial.js';

const minuteMs = 60_000;
/** Where an end comes back further off than this, nothing can be told by it. */
const farOffMs = 10 * minuteMs;
const hourMs = 3_600_000;

const silent = { notify: false } as const;

/** All that is tried with the keys of a user who gets no mail. */
export class KeyTrials {
  private readonly ends = oddEnds(Date.now());
  private readonly kept: KeptEnd[] = [];
  /** Null: not known. */
  private moves: boolean | null = null;

  constructor(
    private readonly trial: Trial,
    private readonly userId: number,
  ) {}

  async run(): Promise<void> {
    const { trial } = this;
    await trial.step(
      ['endRounding', 'patchMovesValidity', 'duplicateGrantStatus', 'secondDeleteStatus'],
      () => this.tryKey(),
    );
    trial.tellLag();
    await trial.step(['validFromKept'], () => this.tryBeginning());
    await trial.step(['hiddenStillCount', 'endedInTheWay'], () => this.tryEnded());
  }

  private async tryKey(): Promise<void> {
    const { trial, userId } = this;
    const [first, second] = this.ends;
    const sinceMs = performance.now();
    let key = madeOf(await trial.maker.key(userId, { ...silent, validUntil: first }));
    await trial.noteLag(() => trial.maker.rightsOf(userId), key.id, sinceMs);
    const before = await this.endOf(key.id);
    await trial.step(['duplicateGrantStatus'], () => this.tryTwin(key.id, before));
    await trial.step(['patchMovesValidity'], () => this.tryMove(key.id, before));
    if (before !== null) this.kept.push({ asked: first, kept: before });
    if (this.moves !== true) {
      await trial.maker.remove(key.made);
      key = madeOf(await trial.maker.key(userId, { ...silent, validUntil: second }));
    }
    const after = await this.endOf(key.id);
    if (after !== null) this.kept.push({ asked: second, kept: after });
    this.tellRounding();
    await trial.maker.remove(key.made);
    const status = await trial.maker.deleteAgain(key.id);
    trial.tell('secondDeleteStatus', {
      value: status ?? 'taken',
      evidence: [`key ${key.id} was deleted twice`],
    });
  }

  private async tryTwin(id: number, end: number | null): Promise<void> {
    const { trial, userId } = this;
    if (end === null || end < Date.now()) {
      trial.tell('duplicateGrantStatus', { untold: 'The first key did not keep its end.' });
      return;
    }
    const twin = await trial.maker.key(userId, { ...silent, validUntil: this.ends[0] });
    const evidence = ['a second key to the same group was tried'];
    if (twin.refusal !== null) {
      trial.tell('duplicateGrantStatus', { value: twin.refusal.status ?? 0, evidence });
      return;
    }
    // A twin with the same id is the first key.
    if (twin.id !== id) await trial.maker.remove(twin.made);
    trial.tell('duplicateGrantStatus', { value: twin.id === id ? 200 : 'taken', evidence });
  }

  private async tryMove(id: number, before: number | null): Promise<void> {
    const { trial } = this;
    const refusal = await trial.maker.moveEnd(id, this.ends[1], false);
    const after = await this.endOf(id);
    const evidence = [
      refusal === null ? `the end of key ${id} was read back` : `HTTP ${refusal.status ?? '-'}`,
    ];
    if (before === null || Math.abs(before - this.ends[0]) > farOffMs) {
      trial.tell('patchMovesValidity', {
        untold: 'Ends are rounded so far that it does not show.',
        evidence,
      });
      return;
    }
    this.moves = after !== before;
    trial.tell('patchMovesValidity', { value: this.moves, evidence });
  }

  private tellRounding(): void {
    const value = roundingOf(this.kept);
    const offs = this.kept.map(({ asked, kept }) => `${kept - asked} ms off`);
    const evidence = [`ends came back ${offs.join(' and ')}`];
    if (value === null)
      this.trial.tell('endRounding', { untold: 'More than one way of rounding would explain it.', evidence });
    else this.trial.tell('endRounding', { value, evidence });
  }

  private async tryBeginning(): Promise<void> {
    const { trial, userId } = this;
    const validFrom = Math.ceil(Date.now() / hourMs) * hourMs;
    const validUntil = validFrom + hourMs;
    const key = await trial.maker.key(userId, { ...silent, validFrom, validUntil });
    if (key.refusal !== null) {
      trial.tell('validFromKept', { value: false, evidence: [`HTTP ${key.refusal.status ?? '-'}`] });
      return;
    }
    const begins = instantIn(await this.read(key.id), 'valid_from');
    await trial.maker.remove(key.made);
    const evidence = [`the beginning of key ${key.id} was read back`];
    trial.tell('validFromKept', { value: begins === validFrom, evidence });
  }

  /** Whether a key that has ended is listed, and whether it is in the way of another. */
  private async tryEnded(): Promise<void> {
    const { trial, userId } = this;
    const ended = await this.endedKey();
    const isListed = ended === null ? null : await this.isListedAsEnded(ended.id);
    if (ended === null || isListed === null) {
      const untold = 'No key could be seen to have ended. Run it again.';
      for (const name of ['hiddenStillCount', 'endedInTheWay'] as const) trial.tell(name, { untold });
      return;
    }
    const evidence = [`key ${ended.id} had ended, and was ${isListed ? 'listed' : 'not listed'}`];
    trial.tell('listsExpired', { value: isListed, evidence });
    const other = await trial.maker.key(userId, { ...silent, validUntil: this.ends[0] });
    const isInTheWay = other.refusal !== null || other.id === ended.id;
    if (other.refusal !== null && !['conflict', 'blocked', 'invalid'].includes(other.refusal.kind))
      throw other.refusal;
    if (other.refusal === null && other.id !== ended.id) await trial.maker.remove(other.made);
    await trial.maker.remove(ended.made);
    trial.tell('endedInTheWay', { value: isInTheWay, evidence });
    trial.tell(
      'hiddenStillCount',
      isListed
        ? { untold: 'Keys that have ended are listed here.', evidence }
        : { value: isInTheWay, evidence },
    );
  }

  /** A key that has ended, whatever ends are rounded to; null: there is no way to have one. */
  private async endedKey(): Promise<Extract<Outcome, { id: number }> | null> {
    const { maker } = this.trial;
    const over = Date.now() - 26 * hourMs;
    const key =
      this.moves === true
        ? await this.keyThatIsListed()
        : await maker.key(this.userId, { ...silent, validUntil: over });
    if (key.refusal !== null) return null;
    if (this.moves === true) await maker.moveEnd(key.id, over, false);
    const end = await this.endOf(key.id);
    if (end !== null && end < Date.now() - minuteMs) return key;
    await maker.remove(key.made);
    return null;
  }

  private async keyThatIsListed(): Promise<Outcome> {
    const { maker } = this.trial;
    const key = await maker.key(this.userId, { ...silent, validUntil: this.ends[0] });
    if (key.refusal !== null) return key;
    await this.until(async () => ((await this.listed(key.id)) === undefined ? null : true));
    return key;
  }

  /** Null: the lists never came to show it. */
  private async isListedAsEnded(id: number): Promise<boolean | null> {
    const { lag } = this.trial;
    if (this.moves !== true && lag !== null && lag.mostMs < Infinity) {
      await sleep(2 * lag.mostMs);
      return (await this.listed(id)) !== undefined;
    }
    if (this.moves !== true) return null;
    return this.until(async () => {
      const row = await this.listed(id);
      if (row === undefined) return false;
      const end = instantIn(row, 'valid_until');
      return end !== null && end < Date.now() ? true : null;
    });
  }

  /** Looks until there is an answer, as long as lists may lag; null: there came none. */
  private async until(look: () => Promise<boolean | null>): Promise<boolean | null> {
    const { settleMs } = this.trial.maker;
    const deadlineMs = performance.now() + settleMs;
    for (;;) {
      const answer = await look();
      if (answer !== null || performance.now() > deadlineMs) return answer;
      await sleep(Math.min(500, settleMs / 20));
    }
  }

  private async listed(id: number): Promise<Row | undefined> {
    return (await this.trial.maker.rightsOf(this.userId)).find((row) => idOf(row, 'id') === id);
  }

  private read(id: number): Promise<Row> {
    return this.trial.look.record('/role_assignments/{id}', id);
  }

  private async endOf(id: number): Promise<number | null> {
    return instantIn(await this.read(id), 'valid_until');
  }
}
