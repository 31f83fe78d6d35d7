// A pane sends a frame and waits for the server's word on it.

import type { ClientData, ErrorFrame, Verb } from "../frames";
import type { PaneContext } from "../panes";

/** Resolves with the seq of the ack; rejects with the ErrorFrame. While the line is down it waits, as the frame does. */
export function ask<V extends Verb>(context: PaneContext, type: V, data: ClientData[V]): Promise<number | null> {
  return new Promise((done, failed: (error: ErrorFrame) => void) => {
    let id = "";
    const end = context.listen((frame) => {
      if ((frame.type !== "ack" && frame.type !== "error") || frame.ref !== id) return;
      end();
      if (frame.type === "ack") done(frame.seq);
      else failed(frame);
    });
    id = context.send(type, data);
  });
}

/** Scrolls the chat to a line of the log; on a phone, where the pane covers the chat, the chat is shown first. */
export function chatShow(pane: HTMLElement, seq: number): void {
  const isWide = window.matchMedia?.("(min-width: 56.25em)").matches ?? true;
  if (!isWide) pane.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, composed: true, detail: { pane: "chat" } }));
  reveal(seq, 60);
}

/** Waits until the line is on the page: a chat that was hidden first scrolls itself to its end. */
function reveal(seq: number, frames: number): void {
  requestAnimationFrame(() => {
    const line = document.getElementById(`seq-${seq}`);
    if (frames > 0 && !line?.getClientRects().length) return reveal(seq, frames - 1);
    requestAnimationFrame(() => requestAnimationFrame(() => pointAt(line)));
  });
}

function pointAt(line: HTMLElement | null): void {
  line?.scrollIntoView({ block: "center" });
  line?.classList.add("pointed");
  line?.addEventListener("animationend", () => line.classList.remove("pointed"), { once: true });
}
