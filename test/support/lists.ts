/** The lists of Nexudus that bear on a member, by their paths. */
export const memberLists = [
  '/api/spaces/coworkers',
  '/api/billing/coworkercontracts',
  '/api/billing/contractpausedperiods',
  '/api/billing/coworkertimepasses',
  '/api/billing/timepasses',
  '/api/billing/tarifftimepasses',
  '/api/spaces/teams',
] as const;
