import assert from 'node:assert/strict';
import { z } from 'zod';
import { collections } from '../../nexudus/schemas.js';
import { defaultSwitches as kisiSwitches } from '../../simulators/kisi-switches.js';
import { defaultSwitches as nexudusSwitches } from '../../simulators/nexudus-switches.js';
import { assumptions, keysOf } from '../../verify/assumptions.js';
import { nexudusFields } from '../../verify/nexudus-fields.js';
import { kisiProbes, nexudusProbes } from '../../verify/probes.js';
import { textOf } from '../docs/documents.js';
import { assumptionsPage } from './assumptions-page.js';

const switches = { Nexudus: Object.keys(nexudusSwitches), Kisi: Object.keys(kisiSwitches) };

/** The fields that a schema reads, through whatever is made of them. */
function fieldsIn(schema: unknown): string[] {
  if (schema instanceof z.ZodPipe) return fieldsIn(schema.in);
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  throw new Error('a schema that is no object');
}

describe('assumptions', () => {
  for (const api of ['Nexudus', 'Kisi'] as const) {
    it(`has one for every switch of the simulator of ${api}, and names only switches that exist`, () => {
      const named = assumptions.flatMap((one) =>
        one.api === api && one.switch !== null ? [one.switch] : [],
      );
      assert.deepEqual(named.sort(), switches[api].sort());
    });
  }

  it('has a probe for each that reading can tell, and for no other', () => {
    const probed = [...nexudusProbes([]), ...kisiProbes()].map(([name]) => name);
    const readable = assumptions.filter(({ tried }) => tried === 'reading').map(({ name }) => name);
    assert.deepEqual(probed.sort(), readable.sort());
  });

  it('has each name once', () => {
    const names = assumptions.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
  });

  it('assumes only what is among the possible values', () => {
    for (const { name, values, assumed } of assumptions) {
      assert.ok(assumed.length > 0, name);
      if (typeof values !== 'string') for (const one of assumed) assert.ok(values.includes(one), name);
    }
  });

  it('says in whole sentences what is assumed, and what to do', () => {
    for (const { name, says, ifNot } of assumptions) {
      assert.match(says, /^[`A-Z].*\.$/, name);
      assert.match(ifNot, /^[A-Z].*\.$/, name);
    }
  });

  it('knows the fields that are read of each record of Nexudus', () => {
    for (const name of keysOf(collections))
      assert.deepEqual(
        Object.keys(nexudusFields[name]).sort(),
        fieldsIn(collections[name].schema).sort(),
        name,
      );
  });

  it('is what docs/assumptions.md shows', () => {
    const plain = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
    assert.equal(plain(textOf('docs/assumptions.md')), plain(assumptionsPage()));
  });
});
