import assert from 'node:assert/strict';
import { createNexudusClient, type NexudusClient } from '../../nexudus/client.js';
import { readTeams } from '../../nexudus/collections.js';
import { collections } from '../../nexudus/schemas.js';
import { standBetween, type Between } from '../verify/altered.js';
import { startBench, type Bench } from './space.js';
import { noPace } from './stub.js';

describe('teams, where a list row leaves something out', () => {
  let bench: Bench;
  let between: Between;
  let client: NexudusClient;
  let [lender, other, payer, member] = [0, 0, 0, 0];
  const path = `/api${collections.teams.path}`;

  beforeEach(async () => {
    bench = await startBench();
    between = await standBetween(bench.simulator.url);
    const auth = { email: 'admin@example.com', password: 'nexudus-password' };
    client = createNexudusClient({ baseUrl: between.url, auth, pace: noPace() });
    const { space } = bench;
    [payer, member] = [space.addCoworker().Id, space.addCoworker().Id];
    const who = { PayingMemberId: payer, TeamMembers: [payer, member] };
    lender = space.addTeam({ ShareTimePasses: true, ...who }).Id;
    other = space.addTeam({ ShareTimePasses: false, ...who }).Id;
  });
  afterEach(async () => {
    await between.stop();
    await bench.stop();
  });

  /** Leaves fields out of all rows of the list, and of the records in full too where `alsoInFull`. */
  function leaveOut(fields: string[], alsoInFull = false): void {
    between.alter = (asked, row) =>
      asked === path || (alsoInFull && asked.startsWith(`${path}/`))
        ? Object.fromEntries(Object.entries(row).filter(([field]) => !fields.includes(field)))
        : row;
  }

  const lookedUp = (): number[] =>
    [lender, other].filter((id) => bench.asked(`${collections.teams.path}/${id}`) > 0);

  for (const fields of [['PayingMemberId'], ['ShareTimePasses'], ['TeamMembers', 'CoworkerIds']])
    it(`reads the record in full for ${fields.join(' and ')}, and only of teams that may lend`, async () => {
      leaveOut(fields);
      const { rows, broken } = await readTeams(client);
      const { sharesPasses, payerId, memberIds } = rows.find(({ id }) => id === lender) ?? {};
      assert.deepEqual([broken, sharesPasses, payerId], [[], true, payer]);
      assert.deepEqual(new Set(memberIds), new Set([payer, member]));
      // More than one are asked for as a batch.
      assert.deepEqual(lookedUp(), fields.includes('ShareTimePasses') ? [] : [lender]);
    });

  for (const field of ['PayingMemberId', 'ShareTimePasses'])
    it(`says which team is malformed where ${field} is nowhere`, async () => {
      leaveOut([field], true);
      const { rows, broken } = await readTeams(client);
      assert.ok(rows.every(({ id }) => id !== lender));
      assert.ok(
        broken.some(
          ({ error }) => error.message.includes(`record ${lender}: `) && error.message.includes(field),
        ),
      );
    });
});
