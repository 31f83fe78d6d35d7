// How what comes over the wire is looked at: one check for each field, and the name of the first one that is wrong.

export type Check = (value: unknown) => boolean;
export type Shape = Record<string, Check>;

export const text: Check = (value) => typeof value === "string";
export const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const amount: Check = (value) => typeof value === "number" && value >= 0;
export const flag: Check = (value) => typeof value === "boolean";
export const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const orMissing =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
export const shaped =
  (shape: Shape): Check =>
  (value) =>
    isRecord(value) && fault(shape, value) === null;

/** The first field of `value` that is not as `shape` says, or null. */
export function fault(shape: Shape, value: Record<string, unknown>): string | null {
  return Object.keys(shape).find((field) => !shape[field]?.(value[field])) ?? null;
}

export const person = shaped({ id: text, name: text, role: text });
