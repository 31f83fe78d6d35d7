// A browser for connection tests: sockets, event streams, requests and time, all in the test's hands.

import type { Received } from "../src/frames";
import type { Env } from "../src/transports";
import { json } from "./samples";

export class FakeSocket {
  static opened: FakeSocket[] = [];
  readyState = 1;
  sent: { type: string; id: string; data: Record<string, unknown> }[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  constructor(readonly url: string, readonly protocols: string[]) {
    FakeSocket.opened.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as FakeSocket["sent"][number]);
  }
  close(): void {
    this.readyState = 3;
  }
  gives(frame: Received): void {
    this.onmessage?.({ data: json(frame) });
  }
  drops(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
  sentOf(type: string): FakeSocket["sent"] {
    return this.sent.filter((frame) => frame.type === type);
  }
}

export class FakeStream {
  static opened: FakeStream[] = [];
  isClosed = false;
  onerror: (() => void) | null = null;
  private readonly listeners = new Map<string, (event: { data: string }) => void>();
  constructor(readonly url: string) {
    FakeStream.opened.push(this);
  }
  addEventListener(type: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.isClosed = true;
  }
  gives(frame: Received): void {
    this.listeners.get(frame.type)?.({ data: json(frame) });
  }
  ends(data: string): void {
    this.listeners.get("closed")?.({ data });
  }
}

export interface Request {
  url: string;
  init: RequestInit;
  reply: (body: unknown, status?: number) => void;
  fail: () => void;
}

export class FakeBrowser {
  time = 0;
  readonly requests: Request[] = [];
  /** Whether tickets are given at once: most tests are not about them. */
  tickets: number | "open" | "dead" = "open";
  private timers = new Map<number, { at: number; run: () => void }>();
  private next = 1;

  constructor() {
    FakeSocket.opened = [];
    FakeStream.opened = [];
  }

  get socket(): FakeSocket {
    return FakeSocket.opened.at(-1) as FakeSocket;
  }
  get stream(): FakeStream {
    return FakeStream.opened.at(-1) as FakeStream;
  }
  get request(): Request {
    return this.requests.at(-1) as Request;
  }

  readonly env: Env = {
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    EventSource: FakeStream as unknown as typeof EventSource,
    fetch: ((url: string, init: RequestInit) => this.fetched(url, init)) as typeof fetch,
    setTimeout: (run, ms) => {
      this.timers.set(this.next, { at: this.time + ms, run });
      return this.next++;
    },
    clearTimeout: (timer) => void this.timers.delete(timer),
    now: () => this.time,
    random: () => 1,
    origin: "http://school.test",
    csrf: () => "csrf",
  };

  private fetched(url: string, init: RequestInit): Promise<Response> {
    if (url === "/api/tickets/" && this.tickets !== "open") {
      return this.tickets === "dead" ? Promise.reject(new TypeError("network")) : Promise.resolve(new Response("{}", { status: this.tickets }));
    }
    if (url === "/api/tickets/") return Promise.resolve(new Response(JSON.stringify({ ticket: "t1", expires_in: 30 })));
    return new Promise((resolve, reject) => {
      const reply = (body: unknown, status = 200): void => resolve(new Response(JSON.stringify(body), { status }));
      this.requests.push({ url, init, reply, fail: () => reject(new TypeError("network")) });
    });
  }

  /** Lets promises settle. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await Promise.resolve();
    await new Promise((done) => setTimeout(done, 0));
  }

  async pass(ms: number): Promise<void> {
    await this.settle();
    const until = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= until).sort((one, other) => one[1].at - other[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].run();
      await this.settle();
    }
    this.time = until;
    await this.settle();
  }
}

export class FakeStore {
  readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
  key(at: number): string | null {
    return [...this.kept.keys()][at] ?? null;
  }
  get length(): number {
    return this.kept.size;
  }
}
