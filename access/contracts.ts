import {
  iso,
  type Allowance,
  type Contract,
  type EndKind,
  type Instant,
  type Pass,
  type Policies,
} from './types.js';

/** A stretch in which a contract runs. */
export interface Period {
  from: Instant;
  /** Null: no end known. */
  to: Instant | null;
  end: EndKind;
}

/** Whether a contract decides about the pass: a plan gave it, by its own word or by the contract that it names. */
export function comesFromPlan({
  contractUniqueId,
  fromPlan,
}: Pick<Pass, 'contractUniqueId' | 'fromPlan'>): boolean {
  return contractUniqueId !== null || fromPlan;
}

/**
 * The pass counts only while one of these contracts runs: the contract that the pass names, else those of its plan, else
 * all. Null: it was bought, and no contract matters. Empty: its contract is unknown.
 */
export function contractsOf(
  pass: Pass,
  contracts: readonly Contract[],
  allowances: readonly Allowance[],
): readonly Contract[] | null {
  if (!comesFromPlan(pass)) return null;
  if (pass.contractUniqueId !== null)
    return contracts.filter(({ uniqueId }) => uniqueId === pass.contractUniqueId);
  const allowance = allowances.find(({ uniqueId }) => uniqueId === pass.allowanceUniqueId);
  const samePlan = contracts.filter(({ planId }) => planId === allowance?.planId);
  return samePlan.length > 0 ? samePlan : contracts;
}

/** Whether the contract has started, is not cancelled and not paused at `at`. */
export function isLive(contract: Contract, at: Instant): boolean {
  return whyNotLive(contract, at) === null;
}

/** Why the contract does not run at `at` by its dates, with record and field; null: it runs. */
export function whyNotLive(contract: Contract, at: Instant): string | null {
  const record = `CoworkerContract ${contract.id}`;
  if (contract.startsAt !== null && contract.startsAt > at)
    return `${record} StartDate ${iso(contract.startsAt)} is to come`;
  if (contract.cancelledAt !== null && contract.cancelledAt <= at)
    return `${record} CancellationDate ${iso(contract.cancelledAt)} is past`;
  if (contract.cancelled && contract.cancelledAt === null) return `${record} Cancelled is true`;
  const pause = contract.pauses.find(({ from, until }) => from <= at && (until === null || until > at));
  if (pause === undefined) return null;
  return `${record} is paused from ${iso(pause.from)} until ${pause.until === null ? 'further notice' : iso(pause.until)}`;
}

/** Why the contract gives nothing now: its dates, or Nexudus' own flag where the policy heeds it; null: it gives. */
export function whyNotRunning(contract: Contract, policies: Policies, now: Instant): string | null {
  const flag = isInactive(contract, policies) ? `CoworkerContract ${contract.id} Active is false` : null;
  return whyNotLive(contract, now) ?? flag;
}

/** Whether Nexudus calls the contract inactive and the policy heeds that. The flag tells of now only. */
export function isInactive({ active }: Contract, { inactiveContract }: Policies): boolean {
  return inactiveContract === 'ends' && active === false;
}

/** The stretches in which the contract runs: from its start to its cancellation, less its pauses. */
export function livePeriods(contract: Contract): Period[] {
  const { startsAt, cancelledAt, cancelled, pauses } = contract;
  if (cancelled && cancelledAt === null) return [];
  const whole: Period = {
    from: startsAt ?? 0,
    to: cancelledAt,
    end: cancelledAt === null ? 'none' : 'cancelled',
  };
  return pauses.reduce<Period[]>(
    (periods, pause) => periods.flatMap((period) => withoutPause(period, pause)),
    [whole],
  );
}

function withoutPause(period: Period, { from, until }: Contract['pauses'][number]): Period[] {
  if (period.to !== null && period.to <= from) return [period];
  if (until !== null && until <= period.from) return [period];
  const before: Period = { from: period.from, to: from, end: 'paused' };
  const after: Period[] = until === null ? [] : [{ ...period, from: until }];
  return [before, ...after].filter((part) => part.to === null || part.to > part.from);
}

/** Since when the contract runs without a break; null: it does not run now. */
export function liveSince(contract: Contract, now: Instant): Instant | null {
  const isNow = ({ from, to }: Period): boolean => from <= now && (to === null || to > now);
  return livePeriods(contract).find(isNow)?.from ?? null;
}
