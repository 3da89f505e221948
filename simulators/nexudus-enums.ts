/** A few of the enums that `GET /utils/enums?name=` tells, by number. */
export const enums: Record<string, Record<number, string>> = {
  eCoworkerType: { 1: 'Individual', 2: 'Company' },
  eTimeSpanWeekMonth: { 1: 'Week', 2: 'CalendarMonth', 3: 'TariffMonth', 4: 'Year', 5: 'Day' },
  eRecurrentChargePattern: {
    1: 'PricePlan',
    2: 'Day',
    3: 'Week',
    4: 'Month',
    5: 'Year',
    6: 'LastDayOfMonth',
  },
  eCheckinSource: {
    0: 'None',
    1: 'Manual',
    2: 'DoorAccess',
    3: 'NetworkActivity',
    4: 'Tile',
    5: 'Sensor',
  },
  eTariffType: {
    1: 'FullTimePrivateOffice',
    2: 'PartTimePrivateOffice',
    3: 'FullTimeDedicatedDesk',
    4: 'PartTimeDedicatedDesk',
    5: 'FullTimeHotDesk',
    6: 'PartTimeHotDesk',
    7: 'FullTimeOther',
    8: 'PartTimeOther',
    9: 'Storage',
    10: 'VirtualOffice',
    11: 'Virtual',
    99: 'Other',
  },
};

/** The values of an enum as the API lists them; none when it is not known. */
export function enumValues(name: string): { Id: number; Name: string }[] {
  return Object.entries(enums[name] ?? {}).map(([id, value]) => ({ Id: Number(id), Name: value }));
}
