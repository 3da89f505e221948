import type { Decision, Verdict } from './types.js';

/** One group that a member holds, lacks or could hold, in plain words. */
export interface Explanation {
  groupId: number | null;
  holds: boolean;
  until: number | null;
  why: string;
  verdicts: Verdict[];
}

/**
 * Why a person has or lacks each key, by rule and source record, from the same decision that the workflow follows.
 * Groups first, then the passes that open none.
 */
export function explain(decision: Decision): Explanation[] {
  const groupIds = [...new Set(decision.verdicts.flatMap((verdict) => verdict.groupIds))].sort(
    (a, b) => a - b,
  );
  const byGroup = groupIds.map((groupId): Explanation => {
    const verdicts = decision.verdicts.filter((verdict) => verdict.groupIds.includes(groupId));
    const key = decision.keys.find((k) => k.groupId === groupId);
    if (key !== undefined) return { groupId, holds: true, until: key.until, why: key.because, verdicts };
    return { groupId, holds: false, until: null, why: verdicts.map((v) => v.reason).join('; '), verdicts };
  });
  const nowhere = decision.verdicts
    .filter((verdict) => verdict.groupIds.length === 0)
    .map((verdict): Explanation => ({
      groupId: null,
      holds: false,
      until: null,
      why: verdict.reason,
      verdicts: [verdict],
    }));
  return [...byGroup, ...nowhere];
}
