// What a document's line tells: how it stands, what it refused, and which document is the one to show.

import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";

export type BoardMode = "open" | "view" | "isolated" | "locked";
export type LinePhase = "connecting" | "live" | "waiting" | "ended";
export interface BoardState {
  phase: LinePhase;
  /** Whether what the server had when this page joined is here. */
  isSynced: boolean;
  /** Whether edits of this page are not in the log yet. */
  isSaving: boolean;
  mayWrite: boolean;
  mode: BoardMode;
  /** When the next attempt begins (ms, the clock of `env.now`), while waiting. */
  retryAt: number | null;
  /** Why it has ended. */
  reason: "removed" | "missing" | "signed_out" | null;
}
export interface Refusal {
  code: string;
  message: string;
  retryable: boolean;
}
export interface BoardListener {
  /** A document that takes the place of the one before: at the start, and after a refusal. */
  document(doc: Y.Doc, awareness: Awareness): void;
  state(state: BoardState): void;
  /** An edit was refused: what this page had not saved is gone. */
  refused(refusal: Refusal): void;
}
