// Keeps one room's line alive: which transport, when to try again, what must be sent again. Knows nothing of the page.

import { clientFrame, type ClientData, type Received, type Verb } from "./frames";
import { Outbox, type Store } from "./outbox";
import { type Cursor, type End, type Env, EventLine, type Kind, PollLine, SIGNED_OUT, SocketLine, type Transport } from "./transports";

export type Phase = "connecting" | "live" | "waiting" | "paused" | "ended";
export type EndReason = "removed" | "missing" | "signed_out";
export interface Status {
  phase: Phase;
  kind: Kind;
  /** When the next attempt begins (ms, the clock of `env.now`), while waiting. */
  retryAt: number | null;
  reason: EndReason | null;
}

export interface Options {
  room: string;
  env: Env;
  store: Store | null;
  cursor: () => Cursor;
  onFrame: (frame: Received) => void;
  onStatus: (status: Status) => void;
  /** Only this transport (for tests and for odd networks). */
  forced?: Kind | null;
}

const TERMINAL: Readonly<Record<number, EndReason>> = { 4403: "removed", 4404: "missing", [SIGNED_OUT]: "signed_out" };
const IDLE = 1000;
const RESYNC = 4410;
const RESUME = 4003; // ours: this page noticed that frames are missing
const AT_ONCE: ReadonlySet<number> = new Set([4401, RESYNC, RESUME]);
const DELAY_FIRST_MS = 1_000;
const DELAY_LEAST_MS = 500;
const DELAY_MOST_MS = 30_000;
const STEADY_MS = 10_000;
const OPENS_BEFORE_FALLBACK = 2;
const SOCKET_AGAIN_MS = 60_000;

export class Connection {
  readonly outbox: Outbox;
  private line: Transport | null = null;
  private probe: Transport | null = null;
  private kind: Kind;
  private status: Status;
  private attempts = 0;
  private failedOpens = 0;
  private liveSince = 0;
  private fresh = false;
  private timer: number | null = null;
  private probeTimer: number | null = null;

  constructor(private readonly options: Options) {
    this.kind = options.forced ?? "socket";
    this.outbox = new Outbox(options.room, options.store);
    this.status = { phase: "connecting", kind: this.kind, retryAt: null, reason: null };
  }

  start(): void {
    this.open();
  }

  stop(): void {
    this.cancel();
    this.line?.close();
    this.probe?.close();
    this.line = this.probe = null;
    if (this.probeTimer !== null) this.options.env.clearTimeout(this.probeTimer);
    this.probeTimer = null;
  }

  /** Sends a frame now, or as soon as the line is back if it must not be lost. Gives its id. */
  send<V extends Verb>(type: V, data: ClientData[V]): string {
    const frame = clientFrame(type, data);
    this.outbox.add(frame);
    if (this.status.phase === "live") this.line?.send(frame);
    return frame.id;
  }

  /** Frames are missing: join again, from the cursor or (`fresh`) from a snapshot. */
  resync(fresh: boolean): void {
    if (this.status.phase !== "live") return;
    this.fresh ||= fresh;
    this.line?.close();
    this.ended({ code: RESUME, retryMs: null });
  }

  /** The network came back or somebody looks again: no reason to wait. */
  wake(): void {
    if (this.status.phase === "waiting" || this.status.phase === "paused") this.open();
  }

  private open(): void {
    this.cancel();
    this.line?.close();
    this.tell({ phase: "connecting", retryAt: null });
    this.line = this.lineOf(this.kind, (frame) => this.heard(frame), (end) => this.ended(end));
    this.line.open(this.cursor());
  }

  private lineOf(kind: Kind, frame: (frame: Received) => void, end: (end: End) => void): Transport {
    const { env, room } = this.options;
    const listener = { frame, end };
    if (kind === "sse") return new EventLine(env, room, listener);
    if (kind === "poll") return new PollLine(env, room, listener, () => this.cursor());
    return new SocketLine(env, room, listener);
  }

  private cursor(): Cursor {
    const cursor = this.fresh ? { after: null, epoch: null } : this.options.cursor();
    this.fresh = false;
    return cursor;
  }

  private heard(frame: Received): void {
    if (frame.type === "hello" || (frame.type === "unknown" && frame.name === "polled")) this.greeted();
    else if (frame.type === "ack") this.outbox.take(frame.ref);
    // An error may concern a frame that came back after a reload: whoever listens needs to see it before it is dropped.
    this.options.onFrame(frame);
    if (frame.type === "error" && frame.ref !== null) this.outbox.take(frame.ref);
  }

  private greeted(): void {
    if (this.status.phase === "live") return;
    this.failedOpens = 0;
    this.liveSince = this.options.env.now();
    this.tell({ phase: "live", retryAt: null, kind: this.kind });
    for (const frame of this.outbox.all) this.line?.send(frame);
    if (this.kind !== "socket" && !this.options.forced) this.probeLater();
  }

  private ended(end: End): void {
    const wasLive = this.status.phase === "live";
    const { env, forced } = this.options;
    this.line = null;
    const reason = TERMINAL[end.code];
    if (reason) {
      this.stop();
      return this.tell({ phase: "ended", reason, retryAt: null });
    }
    if (end.code === IDLE && wasLive) return this.tell({ phase: "paused", retryAt: null });
    if (wasLive && env.now() - this.liveSince > STEADY_MS) this.attempts = 0;
    if (end.code === RESYNC) this.fresh = true;
    if (!wasLive && end.code < 4000 && !forced) this.fallBack();
    const isSoon = AT_ONCE.has(end.code) && this.attempts === 0;
    this.attempts++;
    if (isSoon) return this.open();
    this.wait(end.retryMs ?? this.delay());
  }

  /** Two opens without a hello: this network does not let such a line through. */
  private fallBack(): void {
    this.failedOpens++;
    if (this.failedOpens < OPENS_BEFORE_FALLBACK || this.kind === "poll") return;
    this.kind = this.kind === "socket" ? "sse" : "poll";
    this.failedOpens = 0;
    this.attempts = 0;
  }

  /** Full jitter: a whole class that lost the server does not come back in one moment. */
  private delay(): number {
    const most = Math.min(DELAY_MOST_MS, DELAY_FIRST_MS * 2 ** (this.attempts - 1));
    return DELAY_LEAST_MS + this.options.env.random() * (most - DELAY_LEAST_MS);
  }

  private wait(ms: number): void {
    this.cancel();
    this.tell({ phase: "waiting", retryAt: this.options.env.now() + ms });
    this.timer = this.options.env.setTimeout(() => this.open(), ms);
  }

  private cancel(): void {
    if (this.timer !== null) this.options.env.clearTimeout(this.timer);
    this.timer = null;
  }

  /** On a fallback: try a socket beside it now and then, and move over when it is greeted. */
  private probeLater(): void {
    if (this.probeTimer !== null) return;
    this.probeTimer = this.options.env.setTimeout(() => {
      this.probeTimer = null;
      if (this.kind !== "socket" && this.status.phase === "live") this.probeSocket();
    }, SOCKET_AGAIN_MS);
  }

  private probeSocket(): void {
    const failed = (): void => {
      this.probe = null;
      this.probeLater();
    };
    const adopt = (frame: Received): void => {
      if (this.probe) {
        if (frame.type !== "hello") return;
        this.cancel();
        this.line?.close();
        this.line = this.probe;
        this.probe = null;
        this.kind = "socket";
        this.tell({ phase: "connecting" });
      }
      this.heard(frame);
    };
    this.probe = this.lineOf("socket", adopt, (end) => (this.probe ? failed() : this.ended(end)));
    this.probe.open(this.cursor());
  }

  private tell(change: Partial<Status>): void {
    this.status = { ...this.status, kind: this.kind, ...change };
    this.options.onStatus(this.status);
  }
}
