// Three ways to the same log. Each opens at a cursor, gives frames, and ends once with a code. None of them retries:
// that is the connection's affair.

import { clientFrame, type ClientFrame, decode, encode, read, type Received, SERVER_TYPES, SUBPROTOCOL } from "./frames";

export type Kind = "socket" | "sse" | "poll";

/** What the browser lends; tests lend their own. */
export interface Env {
  WebSocket: typeof WebSocket;
  EventSource: typeof EventSource;
  fetch: typeof fetch;
  setTimeout: (run: () => void, ms: number) => number;
  clearTimeout: (timer: number) => void;
  now: () => number;
  random: () => number;
  origin: string;
  csrf: () => string;
}

export interface Cursor {
  after: number | null;
  epoch: string | null;
}

/** Why a transport ended. Codes below 4000 are the network's; 4000 and above the room's (see PROTOCOL.md). */
export interface End {
  code: number;
  retryMs: number | null;
}

export interface Listener {
  frame(frame: Received): void;
  end(end: End): void;
}

export interface Transport {
  readonly kind: Kind;
  open(cursor: Cursor): void;
  send(frame: ClientFrame): void;
  close(): void;
}

export const NETWORK = 1006;
export const SIGNED_OUT = 4001; // ours, never on the wire: the page's session is over
export const NO_TICKET = 4002; // ours: the server did not answer at all, so nothing is known about sockets
const HELLO_MS = 10_000;
const POLL_WAIT_S = 25;
const POLL_PAUSE_MS = 300;
const POST_RETRY_MS = 2_000;

const codeOfStatus = (status: number): number => (status === 401 || status === 403 ? SIGNED_OUT : status === 404 ? 4404 : NETWORK);

/** What all three share: one end, whatever comes afterwards. */
abstract class Line {
  protected isOver = false;
  private timers = new Set<number>();

  constructor(
    protected readonly env: Env,
    protected readonly room: string,
    protected readonly listener: Listener,
  ) {}

  protected finish(code: number, retryMs: number | null = null): void {
    if (this.isOver) return;
    this.close();
    this.listener.end({ code, retryMs });
  }

  close(): void {
    this.isOver = true;
    for (const timer of this.timers) this.env.clearTimeout(timer);
    this.timers.clear();
  }

  protected later(ms: number, run: () => void): number {
    const timer = this.env.setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  protected forget(timer: number): void {
    this.env.clearTimeout(timer);
    this.timers.delete(timer);
  }

  protected give(frame: Received): void {
    if (!this.isOver) this.listener.frame(frame);
  }

  protected post(url: string, body: string): Promise<Response> {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.env.csrf() };
    return this.env.fetch(url, { method: "POST", credentials: "same-origin", headers, body });
  }
}

export class SocketLine extends Line implements Transport {
  readonly kind = "socket";
  private socket: WebSocket | null = null;
  private heardAt = 0;
  private heartbeatMs = 25_000;

  open(cursor: Cursor): void {
    void this.dial(cursor);
  }

  private async dial(cursor: Cursor): Promise<void> {
    const ticket = await this.ticket();
    if (ticket === null || this.isOver) return;
    const address = `${this.env.origin.replace(/^http/, "ws")}/ws/rooms/${this.room}/`;
    const socket = new this.env.WebSocket(address, [SUBPROTOCOL, `ticket.${ticket}`]);
    this.socket = socket;
    const late = this.later(HELLO_MS, () => this.finish(NETWORK));
    socket.onmessage = ({ data }: MessageEvent) => {
      this.heardAt = this.env.now();
      const frame = decode(String(data));
      if (frame.type === "hello") {
        this.forget(late);
        this.heartbeatMs = frame.data.limits.heartbeat_s * 1000;
        this.write(clientFrame("join", { after: cursor.after, epoch: cursor.epoch }));
        this.beat();
      }
      this.give(frame);
    };
    socket.onclose = ({ code, reason }: CloseEvent) => {
      const wait = /retry_ms=(\d+)/.exec(reason)?.[1];
      this.finish(code, wait ? Number(wait) : null);
    };
  }

  private async ticket(): Promise<string | null> {
    try {
      const reply = await this.post("/api/tickets/", "{}");
      if (reply.ok) return String(((await reply.json()) as { ticket: string }).ticket);
      this.finish(reply.status === 401 || reply.status === 403 ? SIGNED_OUT : NO_TICKET);
    } catch {
      this.finish(NO_TICKET);
    }
    return null;
  }

  /** A dead network closes no socket: after two silent heartbeats we do. */
  private beat(): void {
    this.later(this.heartbeatMs, () => {
      if (this.env.now() - this.heardAt > 2.5 * this.heartbeatMs) return this.finish(NETWORK);
      this.write(clientFrame("ping", {}));
      this.beat();
    });
  }

  send(frame: ClientFrame): void {
    this.write(frame);
  }

  private write(frame: ClientFrame): void {
    if (this.socket?.readyState === 1) this.socket.send(encode(frame));
  }

  override close(): void {
    super.close();
    if (!this.socket) return;
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }
}

/** Sending for the lines that only receive: each frame is one POST, its reply the ack or error. */
abstract class PostingLine extends Line {
  protected get address(): string {
    return `${this.env.origin}/api/rooms/${this.room}/events/`;
  }

  send(frame: ClientFrame): void {
    void this.deliver(frame, 1);
  }

  private async deliver(frame: ClientFrame, attempt: number): Promise<void> {
    try {
      const reply = read(await (await this.post(this.address, encode(frame))).json());
      if (reply.type === "ack" || reply.type === "error") return this.give(reply);
    } catch {
      // Nothing came back: whether it arrived is unknown, and the same id cannot happen twice.
    }
    const isLasting = frame.type !== "typing.show" && attempt < 8;
    if (!this.isOver && isLasting) this.later(POST_RETRY_MS * attempt, () => void this.deliver(frame, attempt + 1));
  }

  protected query(cursor: Cursor, extra: Record<string, string> = {}): string {
    const query = new URLSearchParams(extra);
    if (cursor.after !== null) query.set("after", String(cursor.after));
    if (cursor.epoch !== null) query.set("epoch", cursor.epoch);
    return `${this.address}?${query}`;
  }
}

export class EventLine extends PostingLine implements Transport {
  readonly kind = "sse";
  private source: EventSource | null = null;

  open(cursor: Cursor): void {
    const source = new this.env.EventSource(this.query(cursor));
    this.source = source;
    const late = this.later(HELLO_MS, () => this.finish(NETWORK));
    const take = (event: Event): void => {
      const frame = decode(String((event as MessageEvent).data));
      if (frame.type === "hello") this.forget(late);
      this.give(frame);
    };
    // "error" is the browser's own event for a broken line: the server sends no frame of that name here.
    for (const type of [...SERVER_TYPES, "ack", "message"]) source.addEventListener(type, take);
    source.addEventListener("closed", (event) => this.finish(closeCode((event as MessageEvent).data)));
    source.onerror = () => this.finish(NETWORK);
  }

  override close(): void {
    super.close();
    this.source?.close();
  }
}

function closeCode(data: unknown): number {
  try {
    const { code } = JSON.parse(String(data)) as { code?: unknown };
    return typeof code === "number" ? code : NETWORK;
  } catch {
    return NETWORK;
  }
}

export class PollLine extends PostingLine implements Transport {
  readonly kind = "poll";
  private readonly stop = new AbortController();

  /** `where` gives the cursor for each round: the frames of the last one have moved it. */
  constructor(env: Env, room: string, listener: Listener, private readonly where: () => Cursor) {
    super(env, room, listener);
  }

  open(cursor: Cursor): void {
    void this.round(cursor);
  }

  private async round(cursor: Cursor): Promise<void> {
    try {
      const url = this.query(cursor, { wait: String(POLL_WAIT_S) });
      const reply = await this.env.fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" }, signal: this.stop.signal });
      if (!reply.ok) return this.finish(codeOfStatus(reply.status));
      const { frames, closed } = (await reply.json()) as { frames: unknown[]; closed?: number };
      this.give({ type: "unknown", name: "polled", seq: null });
      for (const frame of frames) this.give(read(frame));
      if (closed) return this.finish(closed);
      // An empty answer that came at once must not become a storm.
      if (!this.isOver) this.later(frames.length ? 0 : POLL_PAUSE_MS, () => void this.round(this.where()));
    } catch {
      return this.finish(NETWORK);
    }
      }

  override close(): void {
    super.close();
    this.stop.abort();
  }
}
