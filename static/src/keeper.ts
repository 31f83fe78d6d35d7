// Whose tab this is. What a page keeps for a reload (unsent messages, unsaved strokes) belongs to one person: pupils share
// machines, so whoever comes next, or signs out, finds nothing of it.

type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

export const UNSENT = "unsent:";
const OWNER = "person";
const OWNED = [UNSENT, "outbox:"];

export function sessionStore(): Storage | null {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null;
  }
}

/** Who is signed in, as the page says; "" where nobody is. */
export const personOf = (page: Document): string => page.body?.dataset["person"] ?? "";

/** Throws away what was kept for anybody else. */
export function keeperCheck(store: Keep | null, person: string): void {
  if (!store || store.getItem(OWNER) === person) return;
  const keys = Array.from({ length: store.length }, (_, at) => store.key(at) ?? "");
  for (const key of keys) if (OWNED.some((start) => key.startsWith(start))) store.removeItem(key);
  try {
    store.setItem(OWNER, person);
  } catch {
    // Full or forbidden storage keeps nothing either.
  }
}
