// Edits that are not in the log yet, kept in this tab over a reload. Only what this page has drawn itself is here, never what
// others drew; it goes as soon as the server has it or refuses it, and whoever else uses this machine never gets it (see ../keeper.ts).

import { fromBase64, toBase64 } from "lib0/buffer";

import { UNSENT } from "../keeper";
import type { Store } from "../outbox";

export interface Kept {
  load(): Uint8Array[];
  /** Takes the place of what was kept before; nothing clears it. */
  save(updates: readonly Uint8Array[]): void;
}
export const NOWHERE: Kept = { load: () => [], save: () => undefined };

export function keptIn(store: Store | null, person: string, document: string): Kept {
  const key = `${UNSENT}${person}:${document}`;
  if (!store || !person) return NOWHERE;
  return {
    load: () => {
      try {
        const found: unknown = JSON.parse(store.getItem(key) ?? "[]");
        return Array.isArray(found) ? found.map((one) => fromBase64(String(one))) : [];
      } catch {
        return [];
      }
    },
    save: (updates) => {
      try {
        if (updates.length) store.setItem(key, JSON.stringify(updates.map(toBase64)));
        else if (store.getItem(key) !== null) store.removeItem(key);
      } catch {
        // Full or forbidden storage: the edits live as long as the page does.
      }
    },
  };
}
