import assert from 'node:assert/strict';
import type { OwnedKey, WriteSent } from '../../access/ownership.js';
import { openDatabase } from '../../database/database.js';
import { createOwnership, type Ownership } from '../../database/ownership.js';
import { ledgerKey } from '../support/stores.js';
import { onEachEngine } from './engines.js';

const [ann, ben] = [100, 200];
const place = { userId: 5, groupId: 12 };

onEachEngine('the record of whose each key is', (bench) => {
  let now = 1_000;
  let close: () => Promise<void>;
  let record: Ownership;
  beforeEach(async () => {
    const db = await openDatabase(bench.url());
    close = () => db.destroy();
    record = createOwnership(db, () => now);
  });
  afterEach(() => close());

  const at = async (): Promise<Pick<OwnedKey, 'memberId' | 'version'> & { isGone: boolean }> => {
    const { memberId = 0, version = 0, key = null } = (await record.at(place)) ?? {};
    return { memberId, version, isGone: key === null };
  };

  it('counts the writes to a place, whoever they are for, and keeps what is known of the key', async () => {
    assert.equal(await record.own(ann, ledgerKey({ version: 0 })), 1);
    assert.equal(await record.own(ann, ledgerKey({ version: 0, keyId: 78 })), 2);
    assert.equal(await record.own(ben, ledgerKey({ version: 0 })), 3);
    assert.deepEqual(await at(), { memberId: ben, version: 3, isGone: false });
    await record.release(place, ben);
    assert.deepEqual(await at(), { memberId: ben, version: 4, isGone: true });
    assert.equal(await record.own(ann, ledgerKey({ version: 9 })), 10, 'the record was put back from a copy');
    assert.deepEqual(
      (await record.read(ann, [])).map(({ key }) => key),
      [ledgerKey({ version: 10 })],
    );
  });

  it('says nothing new of a key that was nobody’s', async () => {
    await record.release(place, null);
    assert.equal(await record.at(place), null);
  });

  it('tells of a member, and of the places that are asked about', async () => {
    await record.own(ann, ledgerKey());
    await record.own(ben, ledgerKey({ groupId: 13 }));
    const read = async (places: (typeof place)[]): Promise<number[]> =>
      (await record.read(ann, places)).map(({ groupId }) => groupId).sort();
    assert.deepEqual([await read([]), await read([{ userId: 5, groupId: 13 }])], [[12], [12, 13]]);
    assert.deepEqual(await record.ownersAmong([ann, 300]), [ann]);
    assert.deepEqual(await record.ownersAmong([]), []);
    const many = Array.from({ length: 1_200 }, (_, i) => i);
    assert.deepEqual((await record.ownersAmong(many)).sort(), [ann, ben]);
  });

  it('hands keys over, all or those of one Kisi user', async () => {
    await record.own(ann, ledgerKey());
    await record.own(ann, ledgerKey({ userId: 6 }));
    assert.equal(await record.handOver(ann, ben, 6), 1);
    assert.deepEqual(
      (await record.read(ben, [])).map(({ userId }) => userId),
      [6],
    );
    assert.equal(await record.handOver(ann, ben), 1);
    assert.deepEqual(await record.ownersAmong([ann, ben]), [ben]);
  });

  it('knows the Kisi user of each member, and forgets one that is gone with all its keys', async () => {
    await record.noteUser(ann, { id: 5, emailDigest: 'a' });
    await record.noteUser(ann, { id: 6, emailDigest: 'b' });
    await record.noteUser(ben, { id: 5, emailDigest: 'a' });
    assert.deepEqual(await record.userOf(ann), { id: 6, emailDigest: 'b' });
    await record.own(ben, ledgerKey());
    await record.userGone(5);
    assert.deepEqual([await record.userOf(ben), (await at()).isGone], [null, true]);
    assert.deepEqual([...(await record.users()).keys()], [ann]);
  });

  it('forgets in time what was taken away, and nothing that is there', async () => {
    await record.own(ann, ledgerKey());
    await record.own(ann, ledgerKey({ groupId: 13 }));
    await record.release(place, ann);
    now = 2_000;
    await record.prune(1_000);
    assert.equal((await record.all()).length, 2);
    await record.prune(1_001);
    assert.deepEqual(
      (await record.all()).map(({ groupId }) => groupId),
      [13],
    );
  });

  describe('of writes that were never answered', () => {
    const put = (over: Partial<WriteSent> = {}): WriteSent => ({
      ...{ ...place, memberId: ann, does: 'put', key: ledgerKey({ keyId: null, validUntil: 7_000 }) },
      ...over,
    });
    const asked = async (): Promise<string[]> =>
      (await record.unanswered('all')).map(
        ({ memberId, does, at: sentAt, lookedAt }) => `${memberId} ${does} ${sentAt} ${lookedAt ?? '-'}`,
      );

    it('keeps each until it is answered, and an earlier one whatever the answer to a later one is', async () => {
      now = 1_000;
      assert.equal(await record.sending(put()), true);
      now = 1_500;
      assert.equal(await record.sending(put()), false, 'the first may be carried out yet');
      assert.equal(await record.sending(put({ key: ledgerKey({ keyId: null, validUntil: 8_000 }) })), true);
      assert.equal(await record.sending(put({ does: 'remove' })), true);
      await record.answered(put({ does: 'remove' }));
      assert.deepEqual(await asked(), ['100 put 1500 -', '100 put 1500 -']);
      now = 1_600;
      await record.looked(ann);
      await record.looked(ben);
      assert.deepEqual(await asked(), ['100 put 1500 1600', '100 put 1500 1600']);
    });

    it('tells those of a place, of a member, and hands them over with the keys', async () => {
      await record.sending(put());
      await record.sending(put({ userId: 6 }));
      await record.sending(put({ groupId: 13, memberId: ben }));
      const count = async (of: Parameters<Ownership['unanswered']>[0]): Promise<number> =>
        (await record.unanswered(of)).length;
      const counts = async (): Promise<number[]> => [
        await count({ place }),
        await count({ memberId: ann }),
        await count({ memberId: ben }),
      ];
      assert.deepEqual(await counts(), [1, 2, 1]);
      await record.handOver(ann, ben, 6);
      assert.deepEqual(await counts(), [1, 1, 2]);
      await record.userGone(5);
      assert.deepEqual(await counts(), [0, 0, 1]);
    });

    it('forgets what can do no harm any more', async () => {
      now = 1_000;
      await record.sending(put());
      await record.sending(put({ does: 'remove' }));
      now += 25 * 3_600_000;
      await record.prune(0);
      assert.deepEqual(await asked(), ['100 put 1000 -']);
      await record.prune(2_000);
      assert.deepEqual(await asked(), []);
    });
  });
});
