/** What acts and their fields are called, in addresses and forms. */
export type ActName =
  | 'resync'
  | 'allow'
  | 'block'
  | 'resend'
  | 'withdraw'
  | 'approve'
  | 'reject'
  | 'repair'
  | 'adopt'
  | 'ignore'
  | 'pause'
  | 'resume'
  | 'mode';

/** Everything that can be typed or chosen on the page of an act. `why` is on each. */
export const fieldNames = [
  'group',
  'until',
  'untilAt',
  'level',
  'mode',
  'locations',
  'members',
  'why',
] as const;
export type FieldName = (typeof fieldNames)[number];
