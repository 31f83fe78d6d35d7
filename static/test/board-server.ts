// A document's other end in memory: reads and writes the contract's frames, so that what the page sends is held to them.

import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";

import { FakeBrowser } from "./browser";

export class BoardSocket {
  static opened: BoardSocket[] = [];
  static server: BoardServer | null = null;
  readyState = 1;
  binaryType = "";
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  /** Sync frames that came over this socket, by step, and how many of them are edits. */
  steps: number[] = [];
  texts: string[] = [];
  states: Uint8Array[] = [];
  edits = 0;

  readonly document: string;

  constructor(readonly url: string, readonly protocols: string[]) {
    this.document = url.split("/").at(-2) ?? "";
    BoardSocket.opened.push(this);
    BoardSocket.server?.joined(this);
  }
  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.texts.push(data);
    else BoardSocket.server?.received(this, data);
  }
  close(): void {
    this.readyState = 3;
    BoardSocket.server?.sockets.delete(this);
  }
  tells(type: string, data: unknown): void {
    this.onmessage?.({ data: JSON.stringify({ type, data }) });
  }
  gives(step: number, content: Uint8Array): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, content);
    this.onmessage?.({ data: new Uint8Array(encoding.toUint8Array(encoder)).buffer });
  }
  points(content: Uint8Array): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, content);
    this.onmessage?.({ data: new Uint8Array(encoding.toUint8Array(encoder)).buffer });
  }
  drops(code = 1006, reason = ""): void {
    this.readyState = 3;
    BoardSocket.server?.sockets.delete(this);
    this.onclose?.({ code, reason });
  }
}

export class BoardServer {
  private readonly docs = new Map<string, Y.Doc>();
  mode = "open";
  mayWrite = true;
  /** Whether edits are taken; else they wait to be saved by hand, or are refused. */
  answers: "saved" | "silent" | "refused" = "saved";
  readonly sockets = new Set<BoardSocket>();

  constructor() {
    BoardSocket.opened = [];
    BoardSocket.server = this;
  }
  /** The document `d`, unless another one is asked for. */
  doc = this.of("d");

  of(id: string): Y.Doc {
    const doc = this.docs.get(id) ?? new Y.Doc();
    this.docs.set(id, doc);
    return doc;
  }
  joined(socket: BoardSocket): void {
    this.sockets.add(socket);
    queueMicrotask(() => socket.tells("hello", { v: 1, document: "d", kind: "board", mode: this.mode, may_write: this.mayWrite, limits: {} }));
  }
  received(socket: BoardSocket, frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame);
    const type = decoding.readVarUint(decoder);
    if (type === 1) return void socket.states.push(decoding.readVarUint8Array(decoder));
    const step = decoding.readVarUint(decoder);
    const content = decoding.readVarUint8Array(decoder);
    const doc = this.of(socket.document);
    socket.steps.push(step);
    if (step === 0) {
      socket.gives(1, Y.encodeStateAsUpdate(doc, content));
      return socket.gives(0, Y.encodeStateVector(doc));
    }
    socket.edits++;
    const n = socket.edits;
    if (this.answers === "refused") return queueMicrotask(() => socket.tells("board.refused", { n, code: "forbidden", message: "", retryable: false }));
    if (this.answers === "silent") return;
    Y.applyUpdate(doc, content);
    queueMicrotask(() => socket.tells("board.saved", { n }));
    for (const other of this.sockets) if (other !== socket && other.document === socket.document) other.gives(2, content);
  }
  rights(mode: string, mayWrite: boolean): void {
    [this.mode, this.mayWrite] = [mode, mayWrite];
    for (const socket of this.sockets) socket.tells("board.rights", { mode, may_write: mayWrite });
  }
}

/** A browser whose sockets end at a board's server. */
export function boardBrowser(): FakeBrowser {
  const browser = new FakeBrowser();
  (browser.env as { WebSocket: unknown }).WebSocket = BoardSocket;
  return browser;
}
