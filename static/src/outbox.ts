// Frames that the server has not acknowledged yet. Kept over a reload; sent again with the same id, which makes one event.

import type { ClientFrame, Verb } from "./frames";

const KEPT: ReadonlySet<Verb> = new Set<Verb>(["message.post", "answer.ask", "answer.stop", "answer.pause", "answer.resume", "answer.insert", "step.submit", "code.run", "hand.raise", "hand.lower"]);
const MOST = 50;

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Outbox {
  private frames: ClientFrame[];

  constructor(
    room: string,
    private readonly store: Store | null,
    private readonly key = `outbox:${room}`,
  ) {
    this.frames = this.stored();
  }

  get all(): readonly ClientFrame[] {
    return this.frames;
  }

  /** Keeps a frame until it is answered. False for those that are worth nothing later (typing, ping). */
  add(frame: ClientFrame): boolean {
    if (!KEPT.has(frame.type)) return false;
    this.frames = [...this.frames, frame].slice(-MOST);
    this.save();
    return true;
  }

  /** Takes out the frame that an ack or error answers. */
  take(ref: string | null): ClientFrame | null {
    const found = this.frames.find((frame) => frame.id === ref) ?? null;
    if (found) {
      this.frames = this.frames.filter((frame) => frame !== found);
      this.save();
    }
    return found;
  }

  private stored(): ClientFrame[] {
    try {
      const found: unknown = JSON.parse(this.store?.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found.filter(isFrame) : [];
    } catch {
      return [];
    }
  }

  private save(): void {
    try {
      if (this.frames.length) this.store?.setItem(this.key, JSON.stringify(this.frames));
      else this.store?.removeItem(this.key);
    } catch {
      // Full or forbidden storage: the frames live as long as the page does.
    }
  }
}

function isFrame(value: unknown): value is ClientFrame {
  const frame = value as Partial<ClientFrame> | null;
  return typeof frame?.id === "string" && typeof frame.type === "string" && KEPT.has(frame.type) && typeof frame.data === "object" && frame.data !== null;
}
