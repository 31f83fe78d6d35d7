// What the page and its sandbox say to each other. The sandbox runs code of people: the page believes nothing it hears.

export interface Parts {
  wasm: ArrayBuffer;
  stdlib: ArrayBuffer;
}
export type ToSandbox = { kind: "load"; parts: Parts } | { kind: "run"; code: string; tests: string };

export interface TestReport {
  passed: number;
  total: number;
  /** What failed first, in a line each. */
  failed: string[];
}
export type FromSandbox =
  | { kind: "ready" }
  | { kind: "out"; text: string }
  | { kind: "done"; ok: boolean; tests: TestReport | null }
  | { kind: "broken"; why: string };

export const FAILED_MOST = 5;
export const FAILED_LENGTH = 200;
export const TESTS_MOST = 100;

const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** A message of the sandbox as it should be, or null. */
export function heard(value: unknown): FromSandbox | null {
  if (typeof value !== "object" || value === null) return null;
  const { kind, text, why, ok, tests } = value as Record<string, unknown>;
  if (kind === "ready") return { kind };
  if (kind === "out" && typeof text === "string") return { kind, text };
  if (kind === "broken") return { kind, why: String(why).slice(0, FAILED_LENGTH) };
  if (kind !== "done" || typeof ok !== "boolean") return null;
  return { kind, ok, tests: reportOf(tests) };
}

function reportOf(value: unknown): TestReport | null {
  const { passed, total, failed } = (value ?? {}) as Record<string, unknown>;
  if (!whole(passed) || !whole(total) || total < 1 || total > TESTS_MOST || passed > total || !Array.isArray(failed)) return null;
  return { passed, total, failed: failed.slice(0, FAILED_MOST).map((line) => tidy(String(line)).slice(0, FAILED_LENGTH)) };
}

/** Text as a database and a screen take it: no zero bytes, no control signs but line ends and tabs, no half pairs. */
export function tidy(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "").replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}
