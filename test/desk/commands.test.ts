import assert from 'node:assert/strict';
import { placeFor } from '../../desk/commands.js';
import { Told } from '../../desk/pages/told.js';
import type { Role } from '../../lib/roles.js';
import { htmlOf } from '../support/html.js';

describe('a command that a text of the desk names', () => {
  const viewer = (role: Role) => ({ name: 'Mia', role, account: 'mia@desk-1' });
  const pages = [
    ['latchkey withheld', '/today'],
    ['latchkey members --problem Kisi', '/today'],
    ['latchkey show 7', '/people/7'],
    ['latchkey show ID', '/'],
    ['latchkey audit', '/changes'],
    ['latchkey approve 3', '/acts/approve?id=3'],
    ['latchkey resync 7', '/acts/resync?member=7'],
    ['latchkey pause revokes', '/acts/pause'],
    ['latchkey repair ID', '/today'],
  ] as const;
  for (const [command, href] of pages)
    it(`is the page ${href} instead of ${command}`, () => {
      assert.equal(placeFor(command, viewer('operator'))?.href, href);
    });

  for (const command of ['latchkey worker', 'latchkey audit --verify', 'latchkey toString', 'npm start', ''])
    it(`stays where the desk has no page for it: ${command}`, () => {
      assert.equal(placeFor(command, viewer('operator')), null);
    });

  it('leads nobody to an act that they may not do', () => {
    assert.equal(placeFor('latchkey approve 3', viewer('desk')), null);
    assert.equal(placeFor('latchkey approve 3', null), null);
    assert.equal(placeFor('latchkey resync 7', viewer('viewer')), null);
    assert.equal(placeFor('latchkey drift', viewer('viewer'))?.href, '/today');
  });

  it('is a link within the sentence', () => {
    const text =
      '`latchkey withheld` lists them; `latchkey approve 3` revokes them. Start `latchkey worker`.';
    const naming = { people: null, groups: new Map<number, string>(), zone: null, zones: {} };
    const html = (role: Role): string =>
      htmlOf(Told({ text, naming: { ...naming, viewer: viewer(role) } })).trim();
    assert.equal(
      html('operator'),
      '<a href="/today">Today</a> lists them; <a href="/acts/approve?id=3">Approve</a> revokes them. Start <code>latchkey worker</code>.',
    );
    assert.match(html('viewer'), /lists them; <code>latchkey approve 3<\/code> revokes them/);
  });
});
