// Between the line and the page: folds frames into the view, asks again for what is missing, and wakes with the browser.

import { Connection, type Status } from "../connection";
import type { ClientData, ErrorFrame, Received, Verb } from "../frames";
import type { Store } from "../outbox";
import { EMPTY, reduce, type RoomView } from "../store";
import type { Env, Kind } from "../transports";

export interface LinkListener {
  changed(view: RoomView, before: RoomView): void;
  /** Every frame, behind what it changed. */
  heard(frame: Received): void;
  status(status: Status): void;
  acked(ref: string): void;
  /** `text`: what the refused frame said, if it is still known. */
  refused(error: ErrorFrame, text: string): void;
}

export class RoomLink {
  view: RoomView = EMPTY;
  private readonly connection: Connection;
  private readonly wake = (): void => {
    if (!document.hidden) this.connection.wake();
  };

  constructor(
    room: string,
    private readonly env: Env,
    store: Store | null,
    forced: Kind | null,
    private readonly listener: LinkListener,
  ) {
    this.connection = new Connection({
      room,
      env,
      store,
      forced,
      cursor: () => ({ after: this.view.seq, epoch: this.view.epoch }),
      onFrame: (frame) => {
        this.take(frame);
        listener.heard(frame);
      },
      onStatus: (status) => this.told(status),
    });
  }

  start(): void {
    this.connection.start();
    globalThis.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    globalThis.addEventListener("pageshow", this.wake);
  }

  stop(): void {
    this.connection.stop();
    globalThis.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    globalThis.removeEventListener("pageshow", this.wake);
  }

  now(): void {
    this.connection.wake();
  }

  send<V extends Verb>(type: V, data: ClientData[V]): string {
    return this.connection.send(type, data);
  }

  forget(id: string): void {
    this.connection.outbox.take(id);
  }

  private take(frame: Received): void {
    if (frame.type === "ack") return this.listener.acked(frame.ref);
    if (frame.type === "error") return this.refused(frame);
    const before = this.view;
    this.view = reduce(before, frame, this.env.now());
    if (this.view.gap !== "none" && before.gap === "none") this.connection.resync(this.view.gap === "everything");
    if (frame.type === "unreadable") console.warn(`A frame could not be read: ${frame.why}`);
    if (this.view !== before) this.listener.changed(this.view, before);
  }

  private refused(frame: ErrorFrame): void {
    const sent = this.connection.outbox.all.find((kept) => kept.id === frame.ref);
    this.listener.refused(frame, sent && "text" in sent.data ? sent.data.text : "");
  }

  private told(status: Status): void {
    // A screen that somebody looks at (a projector) does not stay paused.
    if (status.phase === "paused" && !document.hidden) this.env.setTimeout(() => this.connection.wake(), 0);
    // The next line joins from the cursor, and what it sends closes the gap.
    if (status.phase === "connecting" && this.view.gap !== "none") this.view = { ...this.view, gap: "none" };
    this.listener.status(status);
  }
}

/** The browser as the connection needs it. */
export function browserEnv(): Env {
  return {
    WebSocket: globalThis.WebSocket,
    EventSource: globalThis.EventSource,
    fetch: (input, init) => globalThis.fetch(input, init),
    setTimeout: (run, ms) => globalThis.setTimeout(run, ms) as unknown as number,
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    now: () => Date.now(),
    random: () => Math.random(),
    origin: location.origin,
    csrf: () => document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "",
  };
}

export function forcedKind(search: string): Kind | null {
  const wanted = new URLSearchParams(search).get("transport");
  return wanted === "sse" || wanted === "poll" || wanted === "socket" ? wanted : null;
}

