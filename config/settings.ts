/** A setting is declared once: how its text is read, what holds where nobody sets it, and what it means. */
import { z } from 'zod';

/** A setting as the documentation shows it. */
export interface SettingRow {
  name: string;
  /** As people write it; null: none. */
  default: string | null;
  means: string;
}

/** A setting with a default, which is written as people write it. */
export function setting<S extends z.ZodType>(
  reads: S,
  byDefault: z.input<S>,
  means: string,
): z.ZodPrefault<S> {
  return z.prefault(reads, byDefault).describe(means);
}

/** A setting without a default. */
export function unset<S extends z.ZodType>(reads: S, means: string): z.ZodOptional<S> {
  return z.optional(reads).describe(means);
}

/** The rows of all settings of an object, with those of objects in it as `outer.inner`. */
export function settingRows(shape: Readonly<Record<string, z.ZodType>>, prefix = ''): SettingRow[] {
  return Object.entries(shape).flatMap(([key, reads]) => {
    const name = `${prefix}${key}`;
    const isPrefault = reads instanceof z.ZodPrefault;
    if (isPrefault && reads.def.innerType instanceof z.ZodObject)
      return settingRows(reads.def.innerType.shape, `${name}.`);
    const byDefault = isPrefault ? String(reads.def.defaultValue) : null;
    return [{ name, default: byDefault, means: reads.description ?? '' }];
  });
}
