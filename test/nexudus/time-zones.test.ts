import assert from 'node:assert/strict';
import { IANAZone } from 'luxon';
import { WINDOWS_TO_IANA_MAP } from 'windows-iana';
import { ianaOf, zoneOfPlace } from '../../nexudus/time-zones.js';

describe('time zones of Nexudus', () => {
  const nowhere = { name: '', city: '', country: '' };
  const western = 'W. Europe Standard Time';

  it('are known by their IANA and their Windows names, and by no others', () => {
    assert.equal(ianaOf('Europe/Rome'), 'Europe/Rome');
    assert.equal(ianaOf('GMT Standard Time'), 'Europe/London');
    assert.equal(ianaOf('Middle-earth Standard Time'), null);
    assert.equal(ianaOf(''), null);
  });

  const places = [
    ['the city', { ...nowhere, city: ' ROME ' }, 'Europe/Rome'],
    [
      'the country, where the city has no zone of its name',
      { ...nowhere, city: 'Milano', country: 'Italy' },
      'Europe/Rome',
    ],
    ['a city in the name', { ...nowhere, name: 'Trastevere, Rome' }, 'Europe/Rome'],
    ['the city before the name', { name: 'Little Rome', city: 'Zürich', country: '' }, 'Europe/Zurich'],
    ['the usual city, where the place says nothing', nowhere, 'Europe/Berlin'],
    [
      'the usual city, where the place is of another part of the world',
      { ...nowhere, city: 'New York', country: 'United States' },
      'Europe/Berlin',
    ],
    ['the usual city, where a name only begins like one', { ...nowhere, name: 'Romeo' }, 'Europe/Berlin'],
  ] as const;
  for (const [by, place, zone] of places)
    it(`are told by ${by}, where a Windows name stands for many`, () => {
      assert.equal(zoneOfPlace(western, place), zone);
    });

  it('stay as Nexudus says where it names a city itself, or nothing that is known', () => {
    const rome = { name: 'Rome', city: 'Rome', country: 'Italy' };
    assert.equal(zoneOfPlace('Europe/Berlin', rome), 'Europe/Berlin');
    assert.equal(zoneOfPlace('Middle-earth Standard Time', rome), null);
    assert.equal(zoneOfPlace('', rome), null);
  });

  it('never get another clock by the choice of a city', () => {
    const at = Date.UTC(new Date().getUTCFullYear(), 6);
    for (const { windowsName, iana } of WINDOWS_TO_IANA_MAP)
      for (const zone of iana) {
        const city = zone.split('/').at(-1) ?? '';
        const chosen = zoneOfPlace(windowsName, { ...nowhere, city }) ?? '';
        const usual = ianaOf(windowsName) ?? '';
        const offsets = [chosen, usual].map((one) => IANAZone.create(one).offset(at));
        assert.equal(offsets[0], offsets[1], `${windowsName}: ${chosen}`);
      }
  });
});
