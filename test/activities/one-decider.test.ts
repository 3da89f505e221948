/**
 * Principle 1: what `explain`, `plan`, `report` and the member's workflow say of a member is one and the same, whatever
 * the records are. None of them may come to have a rule of its own.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../access/decide.js';
import { explain } from '../../access/explain.js';
import { planSteps } from '../../access/plan.js';
import type { Exception, Snapshot } from '../../access/types.js';
import { reportOn } from '../../activities/report.js';
import { judge } from '../../activities/membership.js';
import { previewOf } from '../../activities/preview.js';
import type { Surveyed } from '../../activities/survey.js';
import { bareFacts, eventsOf, lifeArbitrary } from '../access/year/life.js';
import { snapshotOf } from '../access/year/driver.js';
import { exception, rules } from '../support/builders.js';

const dayMs = 86_400_000;
const memberId = 100;
const nothingHeld = { ledger: [], kisiUser: null, siblingIds: [], frozen: [] };

/** The groups whose keys each of them would give the member, who is not in Kisi yet. */
function groupsBy(snapshot: Snapshot, exceptions: Exception[], now: number): Record<string, number[]> {
  const read = { snapshot, gone: false, doubts: [], broken: [], written: [], records: '' };
  const kisi = { userId: null, keys: [] };
  const surveyed: Surveyed = { memberId, read, holdings: nothingHeld, kisi, hasWorkflow: true };
  const assessment = judge(read, { memberId, held: [] }, rules(), exceptions, now);
  const { changes } = previewOf({ memberId, holdings: nothingHeld, assessment, kisi, now });
  const steps = planSteps([], assessment.keys, assessment.holds, null);
  const terms = { rules: rules(), mapped: new Set([12, 22]), locationId: null, now };
  const { differences } = reportOn({ people: [surveyed], strangers: [], unread: [], exceptions }, terms);
  const decision = decide(snapshot, rules(), exceptions, now);
  const begun = new Set(assessment.keys.filter((key) => !key.awaitingRenewal).map(({ groupId }) => groupId));
  const sorted = (ids: (number | null)[]): number[] => ids.flatMap((id) => id ?? []).sort((a, b) => a - b);
  return {
    workflow: sorted(steps.map((step) => (step.kind === 'grant' ? step.wish.groupId : null))),
    plan: sorted(changes.map(({ line }) => line.groupId)),
    report: sorted(differences.flatMap(({ findings }) => findings.map(({ groupId }) => groupId))),
    explain: sorted(
      explain(decision)
        .filter(({ groupId, holds }) => holds && groupId !== null && begun.has(groupId))
        .map(({ groupId }) => groupId),
    ),
  };
}

describe('one decider', () => {
  it('is behind explain, plan, report and the workflow: they agree on whatever records there are', () => {
    const seen = { with: 0, without: 0, excepted: 0 };
    const exceptionsArbitrary = fc.array(
      fc.record({
        kind: fc.constantFrom('allow' as const, 'block' as const),
        groupId: fc.constantFrom(12, 22),
      }),
      { maxLength: 2 },
    );
    fc.assert(
      fc.property(lifeArbitrary, exceptionsArbitrary, fc.nat(3 * dayMs), (life, kinds, laterMs) => {
        const facts = bareFacts(life);
        const events = eventsOf(life);
        // A pass a day makes hundreds of events, each much like the one before.
        const every = Math.ceil(events.length / 5);
        for (const [i, { at, change }] of events.entries()) {
          change(facts);
          if (facts.deleted) return;
          if (i % every !== 0) continue;
          const now = at + laterMs;
          const exceptions = kinds.map((kind, id) =>
            exception({ ...kind, id: id + 1, memberId, from: now - 1, until: now + dayMs }),
          );
          const groups = groupsBy(snapshotOf(facts, now), exceptions, now);
          const { workflow = [], ...others } = groups;
          for (const [who, ids] of Object.entries(others))
            assert.deepEqual(ids, workflow, `${who} differs from the workflow`);
          seen[workflow.length > 0 ? 'with' : 'without']++;
          if (exceptions.length > 0) seen.excepted++;
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(Math.min(...Object.values(seen)) > 50, JSON.stringify(seen));
  });
});
