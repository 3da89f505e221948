import assert from 'node:assert/strict';
import type { ShownHealth } from '../../desk/health.js';
import { HealthLine } from '../../desk/pages/health-line.js';
import { alertsOf } from '../../monitoring/alerts.js';
import type { Facts } from '../../monitoring/facts.js';
import { firstOrders } from '../../messages/to-control.js';
import { api, facts, hour, minute, noon } from '../monitoring/facts.js';
import { htmlOf } from '../support/html.js';

function shown(over: Partial<Facts> = {}, more: Partial<ShownHealth> = {}): string {
  const known = facts(over);
  const health: ShownHealth = {
    value: { facts: known, inForce: null, standing: alertsOf(known, noon).standing },
    ...{ readAt: noon, problem: null, isReading: false, now: noon },
    temporal: { answers: true, since: noon - hour },
    verified: { value: null, readAt: null, problem: null, isReading: false },
    ...more,
  };
  return htmlOf(HealthLine({ health, viewer: { name: 'Mia', role: 'viewer', account: 'mia@desk-1' } }));
}

describe('the health line', () => {
  it('says in one line that all is well, and opens to what that stands on', () => {
    const html = shown();
    const [, summary = ''] = /<summary>(.*?)<\/summary>/s.exec(html) ?? [];
    assert.match(
      summary,
      /class="state good">All is well\.<\/strong> Mode live: the keys of all are written/,
    );
    assert.match(summary, /Nexudus was polled 20 s ago\. Kisi was compared 480 s ago|compared 8 min ago/);
    for (const line of [
      /Nexudus: answers since/,
      /The API key was accepted/,
      /Temporal answers this desk since/,
    ])
      assert.match(html, line);
    assert.match(html, /This desk is Latchkey \d+\.\d+\.\d+/);
    assert.doesNotMatch(html, /class="bad"/);
  });

  it('says what is wrong, and what to do, with times of the location instead of UTC', () => {
    const why = 'Kisi gave no answer (ETIMEDOUT) to GET /user.';
    const down = { since: noon - 20 * minute, lastAt: noon, why };
    const html = shown({ apis: { nexudus: api(), kisi: api({ down, reachableSince: null }) } });
    assert.match(html, /class="state bad">1 thing needs somebody\./);
    assert.match(html, /<li class="bad">.*Sat 28 Nov(?: 2026)? 11:40, UTC/s);
    assert.doesNotMatch(html, /2026-11-28 11:40 UTC/);
  });

  it('marks a pause, and a mode in which not all is written, in words', () => {
    const orders = firstOrders('observe', noon - hour);
    assert.match(
      shown({ orders }),
      /class="state attention">All is well\.<\/strong> Mode observe: nothing is written/,
    );
    const stop = { level: 'revokes', by: 'Mia <b>', why: 'the owner asks', since: noon } as const;
    const paused = shown({ orders: { ...firstOrders('live', noon), stop } });
    assert.match(paused, /class="state attention">Paused\./);
    assert.match(
      paused,
      /no key is taken away; keys are given as ever\. Ordered by Mia &lt;b&gt;: the owner asks/,
    );
  });

  it('says that it cannot be told, and since when Temporal does not answer', () => {
    const lost = { answers: false, since: noon - minute };
    const html = shown({}, { problem: 'Temporal did not do what was asked: 14 UNAVAILABLE', temporal: lost });
    assert.match(html, /class="state bad">How things stand cannot be told now\./);
    assert.match(html, /Temporal does not answer this desk since/);
    const first = shown({}, { value: null, readAt: null, temporal: null });
    assert.match(first, /It is being read for the first time/);
  });

  describe('says how both APIs were verified to be', () => {
    const verified = { at: noon - 30 * hour, release: '1.2.3', holds: 58, untold: 3, differs: [] };
    const say = (value: ShownHealth['verified']['value'], more: Partial<ShownHealth['verified']> = {}) =>
      shown({}, { verified: { value, readAt: noon, problem: null, isReading: false, ...more } });

    it('when, and how many assumptions hold', () => {
      assert.match(
        say(verified),
        /was verified <time[^>]*>Fri 27 Nov[^<]*06:00, UTC<\/time>, by Latchkey 1\.2\.3: 58 hold, 0 differ, 3 could not be told\.<\/li>/,
      );
    });

    it('with each that differs, in red where somebody must do something', () => {
      const differs = [
        { name: 'a', words: 'Kisi: “A” is not so here. Nothing is to be done.', needsSomebody: false },
        { name: 'b', words: 'Kisi: “B” is not so here. Tell the makers of Latchkey.', needsSomebody: true },
      ];
      const html = say({ ...verified, differs });
      assert.match(html, /<li>Kisi: “A” is not so here\. Nothing is to be done\.<\/li>/);
      assert.match(html, /<li class="bad">Kisi: “B” is not so here\. Tell the makers of Latchkey\.<\/li>/);
    });

    it('or that nobody has looked, that it may not be used, or that it cannot be read', () => {
      assert.match(say(null), /was never verified here: run <code>latchkey verify<\/code>\./);
      assert.match(say('it is of another login'), /is not used: it is of another login\. Run/);
      assert.match(
        say(null, { problem: 'the disk is full', readAt: null }),
        /<li class="bad">[^<]*could not be read: the disk is full/,
      );
      assert.doesNotMatch(say(null, { readAt: null }), /verified/);
    });
  });
});
