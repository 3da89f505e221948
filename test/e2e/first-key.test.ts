import assert from 'node:assert/strict';
import type { Stage } from '../../client/stage.js';
import { eventually, startSpace, type RunningSpace } from '../support/space.js';

describe('a whole space, at the published limits', () => {
  let space: RunningSpace;
  let ada: number;

  before(async () => {
    const fill = ({ nexudus, ids }: Stage): void => {
      ada = nexudus.space.addCoworker({
        FullName: 'Ada',
        Email: 'ada@example.com',
        InvoicingBusinessId: ids.rome,
      }).Id;
      nexudus.space.addPass({ CoworkerId: ada, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    };
    space = await startSpace(fill, {}, 'published');
  });
  after(() => space.stop());

  it('gives a member who was there before the first start the key, with one mail', async () => {
    await eventually('the key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    assert.deepEqual(space.kisi.org.keysOf('ada@example.com'), [space.ids.groups.romeDay]);
    assert.deepEqual(
      space.kisi.mails.map((mail) => [mail.to, mail.kind]),
      [['ada@example.com', 'invitation']],
    );
  });

  it('notices a purchase by the poll', async () => {
    const { nexudus, kisi, ids } = space;
    const bob = nexudus.space.addCoworker({
      FullName: 'Bob',
      Email: 'bob@example.com',
      InvoicingBusinessId: ids.newYork,
    }).Id;
    const contract = nexudus.space.addContract({
      CoworkerId: bob,
      TariffId: ids.plans.newYorkWeek,
      IssuedById: ids.newYork,
    });
    nexudus.space.renew(contract.Id);
    await eventually('the key', () => kisi.org.keysOf('bob@example.com').length === 1);
    assert.deepEqual(kisi.org.keysOf('bob@example.com'), [ids.groups.newYorkOffice]);
    await eventually('the view', async () => (await space.view(bob))?.state === 'access');
  });

  it('takes the key away when the member is suspended, and gives it back without a mail', async () => {
    const { nexudus, kisi } = space;
    nexudus.space.suspend(ada);
    await eventually('no key', () => kisi.org.keysOf('ada@example.com').length === 0);
    nexudus.space.update('coworkers', ada, { Active: true });
    await eventually('the key', () => kisi.org.keysOf('ada@example.com').length === 1);
    assert.equal(kisi.mails.filter((mail) => mail.to === 'ada@example.com').length, 1);
  });
});
