import { z } from 'zod';
import type { Holdings } from '../messages/to-member.js';
import type { Replacements } from './replacements.js';

const instant = z.number().min(-8_640_000_000_000_000).max(8_640_000_000_000_000);
const id = z.int();
const words = z.string().max(10_000);
const digest = z.string().max(64);
const group = { groupId: id, why: words };

const key = z.object({
  ...{ groupId: id, userId: id, keyId: id.nullable(), validUntil: instant.nullable() },
  ...{ byHand: z.boolean(), higherRole: z.string().max(60).optional(), handUntil: instant.nullable() },
  ...{ uncertain: z.boolean(), version: z.number(), until: instant.nullable(), because: words },
  standsOn: z.array(
    z.object({
      ...{ passId: id, passTypeId: id, memberId: id },
      ...{ contractId: id.nullable(), teamId: id.nullable() },
    }),
  ),
});

const held = z
  .object({
    ledger: z.array(key),
    kisiUser: z.object({ id, emailDigest: digest }).nullable(),
    siblingIds: z.array(id),
    frozen: z.array(z.object({ ...group, until: instant, endsWithRules: digest.nullable() })),
    withheldAtOnce: z.array(z.object(group)),
  })
  .transform((row): Holdings => row);

export const standing = z.object({
  /** Ids of the members whose workflow ran. */
  running: z.array(id),
  holdings: z.array(z.tuple([id, held])),
  baselines: z.record(z.string(), z.object({ count: z.number(), at: instant })).nullable(),
});
/**
 * What Latchkey itself knew of members when a plan was asked for: who has a workflow, what each holds, how many records there
 * were last.
 */
export type TapedStanding = z.infer<typeof standing>;

/**
 * The same without names and e-mails, and without words of people who are not named elsewhere. `digestOf`: the digest that
 * stands for another one.
 */
export function scrubStanding(
  { running, holdings, baselines }: TapedStanding,
  to: Replacements,
  digestOf: (digest: string) => string,
): TapedStanding {
  const scrubbed = holdings.map(([memberId, one]): [number, Holdings] => {
    const { ledger, kisiUser, siblingIds, frozen, withheldAtOnce = [] } = one;
    return [
      memberId,
      {
        ledger: ledger.map((row) => ({ ...row, because: to.text(row.because) })),
        kisiUser: kisiUser && { ...kisiUser, emailDigest: digestOf(kisiUser.emailDigest) },
        siblingIds,
        frozen: frozen.map((row) => ({ ...row, why: to.text(row.why) })),
        withheldAtOnce: withheldAtOnce.map(({ groupId, why }) => ({ groupId, why: to.withoutPeople(why) })),
      },
    ];
  });
  return { running, holdings: scrubbed, baselines };
}
