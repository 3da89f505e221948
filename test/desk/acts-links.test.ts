import assert from 'node:assert/strict';
import type { Role, Viewer } from '../../desk/desk.js';
import {
  ExceptionActLinks,
  FindingActLinks,
  MemberActLinks,
  SpaceActLinks,
  WithheldActLinks,
} from '../../desk/pages/act-links.js';

describe('links to acts', () => {
  const viewerOf = (role: Role): Viewer => ({ name: 'Mia', role, account: 'mia@desk-1' });
  const linksTo = (drawn: { toString(): string } | null): string[] =>
    [...String(drawn ?? '').matchAll(/href="([^"]*)"/g)].map(([, to = '']) => to);
  const allFor = (role: Role): string[][] => {
    const viewer = viewerOf(role);
    return [
      MemberActLinks({ viewer, memberId: 123 }),
      ExceptionActLinks({ viewer, id: 7 }),
      WithheldActLinks({ viewer, id: 3 }),
      FindingActLinks({ viewer, id: 5 }),
      SpaceActLinks({ viewer }),
    ].map(linksTo);
  };

  it('lead an operator to all of them', () => {
    assert.deepEqual(allFor('operator'), [
      ['/acts/resync?member=123', '/acts/allow?member=123', '/acts/block?member=123'],
      ['/acts/withdraw?id=7'],
      ['/acts/approve?id=3', '/acts/reject?id=3'],
      ['/acts/repair?id=5', '/acts/adopt?id=5', '/acts/ignore?id=5'],
      ['/acts/pause', '/acts/resume', '/acts/mode'],
    ]);
  });

  it('lead the front desk to what it may do', () => {
    assert.deepEqual(allFor('desk'), [['/acts/resync?member=123', '/acts/allow?member=123'], [], [], [], []]);
  });

  it('are not there for a viewer', () => {
    assert.deepEqual(allFor('viewer'), [[], [], [], [], []]);
    assert.equal(MemberActLinks({ viewer: viewerOf('viewer'), memberId: 1 }), null);
  });
});
