/** E-mails and profiles that go from one record of Nexudus to another: who pays has a key, and nobody takes it away. */
import assert from 'node:assert/strict';
import type { Stage } from '../../client/stage.js';
import { latchkeyDone } from '../client/cli.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

/**
 * PEOPLE=each: also the cases in which a coworker is deleted, which is believed after a minute; and all once more by pushes.
 */
const isLong = process.env['PEOPLE'] === 'each';
const secret = 'a shared secret of Nexudus';

for (const by of isLong ? (['polls', 'pushes'] as const) : (['polls'] as const))
  describe(`a person in Kisi, where changes are noticed by ${by}`, function () {
    this.timeout(360_000);
    let space: RunningSpace;
    before(async () => {
      const polls = { LATCHKEY_RECONCILIATION_INTERVAL: '2s' };
      // No push tells of a deletion.
      const pushes = {
        LATCHKEY_POLL_INTERVAL: '7d',
        LATCHKEY_RECONCILIATION_INTERVAL: '20s',
        LATCHKEY_PUSH_PORT: '0',
        NEXUDUS_WEBHOOK_SECRET: secret,
      };
      space = await startSpace(prepare, by === 'polls' ? polls : pushes);
      if (by === 'polls') return;
      space.nexudus.switches.hookSecret = secret;
      const address = `http://127.0.0.1:${space.service.pushPort ?? 0}`;
      await latchkeyDone({ ...space.env, LATCHKEY_PUSH_URL: address }, 'hooks', 'install');
    });
    after(async () => {
      await space.stop();
    });

    /** Webhooks are of one network of locations. */
    function prepare({ nexudus, ids }: Stage): void {
      const RootLocationId = nexudus.space.addBusiness({ Name: 'Both cities' }).Id;
      for (const id of [ids.rome, ids.newYork]) nexudus.space.update('businesses', id, { RootLocationId });
    }

    let people = 0;
    const newEmail = (): string => `p${++people}@example.com`;
    const keysOf = (email: string): number[] => space.kisi.org.keysOf(email);
    const mailsTo = (email: string): number => space.kisi.mails.filter(({ to }) => to === email).length;
    function join(Email: string, type: 'romeDay' | 'romeOffice' | null): number {
      const { nexudus, ids } = space;
      const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
      if (type !== null) buy(Id, type);
      return Id;
    }
    function buy(CoworkerId: number, type: 'romeDay' | 'romeOffice'): void {
      space.nexudus.space.addPass({ CoworkerId, TimePassId: space.ids.passTypes[type] });
    }
    const change = (id: number, Email: string): void => {
      space.nexudus.space.update('coworkers', id, { Email });
    };
    const holds = async (email: string, groups: number[]): Promise<void> => {
      const isSo = (): boolean =>
        JSON.stringify(keysOf(email).toSorted()) === JSON.stringify(groups.toSorted());
      await eventually(`${email} holds ${groups.join()}`, isSo, patienceMs, 50, () =>
        Promise.resolve(keysOf(email)),
      );
    };
    /** Until nothing changes any more: what is right then stays so. */
    async function staysSo(emails: string[]): Promise<void> {
      const before = emails.map(keysOf);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      assert.deepEqual(emails.map(keysOf), before);
      for (const email of emails) assert.ok(mailsTo(email) <= 1, `${mailsTo(email)} mails to ${email}`);
    }

    it('serves the member who has the e-mail now, where it was another’s between two polls', async () => {
      const [x, y, z] = [newEmail(), newEmail(), newEmail()];
      const { romeDay, romeOffice } = space.ids.groups;
      const [ann, ben] = [join(x, 'romeDay'), join(z, 'romeDay')];
      buy(ben, 'romeOffice');
      await holds(x, [romeDay]);
      await holds(z, [romeDay, romeOffice]);
      change(ann, y);
      change(ben, x);
      await holds(y, [romeDay]);
      await holds(x, [romeDay, romeOffice]);
      await holds(z, []);
      await staysSo([x, y, z]);
    });

    it('serves the member who pays where two members swap their e-mails', async () => {
      const [x, y] = [newEmail(), newEmail()];
      const { romeDay, romeOffice } = space.ids.groups;
      const [ann, ben] = [join(x, 'romeDay'), join(y, 'romeOffice')];
      await holds(x, [romeDay]);
      await holds(y, [romeOffice]);
      change(ann, y);
      change(ben, x);
      await holds(x, [romeOffice]);
      await holds(y, [romeDay]);
      await staysSo([x, y]);
    });

    it('serves both where the two who swap may open the same doors', async () => {
      const [x, y] = [newEmail(), newEmail()];
      const { romeDay } = space.ids.groups;
      const [ann, ben] = [join(x, 'romeDay'), join(y, 'romeDay')];
      await holds(x, [romeDay]);
      await holds(y, [romeDay]);
      change(ann, y);
      change(ben, x);
      await staysSo([x, y]);
      await holds(x, [romeDay]);
      await holds(y, [romeDay]);
    });

    if (!isLong) return;

    it('serves the profile that was made anew with the same e-mail after the old one was deleted', async () => {
      const x = newEmail();
      const { romeDay } = space.ids.groups;
      const old = join(x, 'romeDay');
      await holds(x, [romeDay]);
      space.nexudus.space.remove('coworkers', old);
      const anew = join(x, 'romeDay');
      const isOwner = async (): Promise<boolean> => (await space.view(anew))?.keys.length === 1;
      await eventually('it is the new one’s', isOwner);
      await eventually(
        'the old one has ended',
        async () => (await space.view(old)) === null || (await space.view(old))?.state === 'ended',
        150_000,
      );
      await holds(x, [romeDay]);
      await staysSo([x]);
    });

    it('serves the duplicate that got the passes with the address, while the old profile was deleted', async () => {
      const [x, z] = [newEmail(), newEmail()];
      const { romeDay } = space.ids.groups;
      const old = join(x, 'romeDay');
      const duplicate = join(z, null);
      await holds(x, [romeDay]);
      const records = space.nexudus.space;
      for (const pass of records.where('coworkertimepasses', 'CoworkerId', old))
        records.update('coworkertimepasses', pass.Id, { CoworkerId: duplicate });
      change(duplicate, x);
      records.remove('coworkers', old);
      const isOwner = async (): Promise<boolean> => (await space.view(duplicate))?.keys.length === 1;
      await eventually('it is the duplicate’s', isOwner);
      await eventually(
        'the old one has ended',
        async () => (await space.view(old)) === null || (await space.view(old))?.state === 'ended',
        150_000,
      );
      await holds(x, [romeDay]);
      await staysSo([x, z]);
    });
  });
