import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matching, meant, type Named } from '../../worker/names.js';

const named = (...names: string[]): Named[] => names.map((name, at) => ({ id: at + 1, name }));
const idOf = (wanted: string | number, ...names: string[]): number | null =>
  meant(wanted, named(...names)).one?.id ?? null;
const problemOf = (wanted: string | number, ...names: string[]): string => {
  const found = meant(wanted, named(...names));
  return found.one === null ? found.problem : '';
};

describe('a name', () => {
  it('is the same where it looks the same', () => {
    const name = 'Café – Day pass';
    for (const written of [
      name,
      ' Café – Day pass ',
      'Cafe\u0301 – Day pass',
      'Café –  Day\u00a0pass',
      'Café\u202f–\u3000Day\tpass',
      '\ufeffCafé – Day pass\u200b',
      '\u200eCafé – Day pass\u200f',
    ]) {
      assert.equal(idOf(written, 'Roof', name), 2, JSON.stringify(written));
      assert.equal(idOf(name, 'Roof', written), 2, JSON.stringify(written));
    }
  });

  it('is another where it looks another, and the nearest is named', () => {
    for (const other of [
      'Café - Day pass',
      'café – day pass',
      'Cafe – Day pass',
      'Ｃafé – Day pass',
      'Café–Day pass',
    ]) {
      assert.equal(idOf(other, 'Roof', 'Café – Day pass'), null, other);
      assert.equal(
        problemOf(other, 'Roof', 'Café – Day pass'),
        'does not exist; did you mean "Café – Day pass" (2)?',
      );
    }
    assert.equal(problemOf('Roof ²', 'Roof 2'), 'does not exist; did you mean "Roof 2" (1)?');
  });

  it('is the exact one before those that look the same', () => {
    assert.equal(idOf('Roof', 'Roof ', 'Roof'), 2);
    assert.equal(idOf('Roof ', 'Roof ', 'Roof'), 1);
    assert.equal(problemOf(' Roof', 'Roof ', 'Roof'), 'is the name of 1, 2: give the id');
    assert.equal(problemOf('Roof', 'Roof', 'Roof'), 'is the name of 1, 2: give the id');
  });

  it('is looked up as a name even where it is digits, and an id as an id', () => {
    assert.equal(idOf('2', '2', 'Roof'), 1);
    assert.equal(idOf(2, '2', 'Roof'), 2);
    assert.equal(problemOf(3, '2', 'Roof'), 'does not exist');
  });

  it('names at most three that are equally near, and none that is far', () => {
    assert.equal(
      problemOf('Room', 'Room 1', 'Roof', 'Rooms', 'Boom', 'Root'),
      'does not exist; did you mean "Roof" (2) or "Rooms" (3) or "Boom" (4)?',
    );
    assert.equal(problemOf('Roof', 'Store room', 'Harbour members'), 'does not exist');
    assert.equal(problemOf('Roof'), 'does not exist');
    assert.equal(problemOf('x'.repeat(100_000), 'y'.repeat(100_000)), 'does not exist');
  });

  it('finds itself among any others, and never what looks another', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'B', '-', '–', ' ', '\u00a0', '\u0301', 'é', '\u200b'),
      minLength: 1,
    });
    const property = fc.property(name, fc.array(name), (wanted, others) => {
      const all = named(...others, wanted);
      const found = matching(wanted, all);
      assert.ok(found.some((one) => one.name === wanted));
      const visible = (text: string): string => text.normalize('NFC').replace(/[\s\u200b]/gu, '');
      assert.ok(found.every((one) => visible(one.name) === visible(wanted)));
    });
    fc.assert(property);
  });
});
