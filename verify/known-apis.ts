import { unknownKisi, type KnownKisi } from '../kisi/known.js';
import { assumptions, type AssumptionName } from './assumptions.js';
import type { Profile } from './profile.js';

/** What the product makes of a verified profile: the one place where its answers become switches. */
export interface KnownApis {
  kisi: KnownKisi;
  /**
   * Assumptions that safety stands on and that are false, a sentence each. While there is one, no key is taken away by the
   * rules.
   */
  falseHere: readonly string[];
}

/** Where there is no profile that may be used. */
export const nothingKnown: KnownApis = { kisi: unknownKisi, falseHere: [] };

/** By these a list is believed to be whole, and to be of the member who was asked for: what a list lacks may cost a key. */
const safetyStandsOn: readonly AssumptionName[] = [
  'nexudusPaging',
  'nexudusFilters',
  'orderByObeyed',
  'kisiPaging',
  'kisiFilters',
];

/** The switches that the product uses, by a profile of the account that it works with. */
export function knownApis(profile: Profile): KnownApis {
  const mindsCase = flag(profile, 'userEmailCaseSensitive');
  // How a filter compares that finds parts of e-mails too is not known.
  const isExact = flag(profile, 'emailFilterExact') === true;
  return {
    kisi: {
      filterFindsEveryCase: mindsCase === false && !isExact ? null : negated(mindsCase),
      patchMovesEnd: flag(profile, 'patchMovesValidity'),
    },
    falseHere: assumptions
      .filter(({ name }) => safetyStandsOn.includes(name) && isFalse(profile, name))
      .map(({ api, says }) => `${api}: not so here: “${says}”`),
  };
}

function isFalse({ answers }: Profile, name: AssumptionName): boolean {
  const answer = answers[name];
  return answer?.result === 'differs' && !answer.copes;
}

/** What was told of a yes-or-no question; null: it was not. */
function flag({ answers }: Profile, name: AssumptionName): boolean | null {
  const answer = answers[name];
  return answer !== undefined && answer.result !== 'untold' && typeof answer.value === 'boolean'
    ? answer.value
    : null;
}

const negated = (value: boolean | null): boolean | null => (value === null ? null : !value);
