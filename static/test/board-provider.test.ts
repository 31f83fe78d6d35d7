// The line of one document: joining, saving, offline work, refusals. The outsider gets a close code and nothing else.

import { beforeEach, describe, expect, it } from "vitest";
import { Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";

import { BoardLine, type BoardState, type Refusal } from "../src/board/provider";
import { BoardServer, BoardSocket, boardBrowser } from "./board-server";
import type { FakeBrowser } from "./browser";

let browser: FakeBrowser;
let server: BoardServer;
let line: BoardLine;
let docs: Y.Doc[];
let refusals: Refusal[];
const state = (): BoardState => line.now;
const socket = (): BoardSocket => BoardSocket.opened.at(-1) as BoardSocket;
const words = (doc: Y.Doc = line.doc): string => doc.getText("code").toString();
const type = (text: string): void => line.doc.getText("code").insert(line.doc.getText("code").length, text);

function lineNew(): BoardLine {
  return new BoardLine("d", browser.env, { document: (doc) => docs.push(doc), state: () => undefined, refused: (refusal) => refusals.push(refusal) });
}
async function enter(): Promise<void> {
  line.start();
  await browser.settle();
}

beforeEach(() => {
  browser = boardBrowser();
  server = new BoardServer();
  docs = [];
  refusals = [];
  line = lineNew();
  return () => line.stop();
});

describe("joining", () => {
  it("offers the protocol and a ticket, and gets what is there", async () => {
    server.doc.getText("code").insert(0, "before");
    await enter();
    expect(socket().url).toBe("ws://school.test/ws/boards/d/");
    expect(socket().protocols).toEqual(["board.v1", "ticket.t1"]);
    expect(words()).toBe("before");
    expect(state()).toMatchObject({ phase: "live", isSynced: true, isSaving: false, mayWrite: true, mode: "open" });
  });
  it("sends nothing that it has not got, so that a reader is never refused", async () => {
    server.mayWrite = false;
    await enter();
    expect(socket().steps).toEqual([0]);
    expect(state().mayWrite).toBe(false);
  });
  it("waits longer each time, and not at all when it is woken", async () => {
    await enter();
    socket().drops();
    expect(state()).toMatchObject({ phase: "waiting", retryAt: 1000 });
    line.wake();
    await browser.settle();
    expect(state().phase).toBe("live");
    socket().drops(1012, "retry_ms=4321");
    expect(state().retryAt).toBe(4321);
    await browser.pass(4321);
    expect(state().phase).toBe("live");
  });
  it("is gone at once when the browser says that the network is", async () => {
    line.start();
    line.lost();
    await browser.settle();
    line.lost();
    expect(state().phase).toBe("waiting");
    line.lost();
    expect(state().phase).toBe("waiting");
  });
  it.each([[4403, "removed"], [4404, "missing"]])("ends for good with %i", async (code, reason) => {
    await enter();
    socket().drops(code);
    expect(state()).toMatchObject({ phase: "ended", reason, mayWrite: false });
    await browser.pass(60_000);
    expect(BoardSocket.opened.length).toBe(1);
  });
  it("ends where the page is signed out, and waits where there is no network", async () => {
    browser.tickets = 403;
    await enter();
    expect(state()).toMatchObject({ phase: "ended", reason: "signed_out" });
    line.stop();
    browser.tickets = "dead";
    line = lineNew();
    await enter();
    expect(state().phase).toBe("waiting");
    browser.tickets = "open";
    await browser.pass(2000);
    expect(state().phase).toBe("live");
  });
  it("comes back at once with a fresh ticket, once", async () => {
    await enter();
    socket().drops(4401);
    await browser.settle();
    expect(state().phase).toBe("live");
  });
  it("gives up on a server that says nothing", async () => {
    BoardSocket.server = null;
    await enter();
    await browser.pass(10_000);
    expect(state().phase).toBe("waiting");
  });
  it("pings, and notices a line that is dead", async () => {
    await enter();
    await browser.pass(25_000);
    expect(socket().texts).toEqual(['{"type":"ping"}']);
    await browser.pass(50_000);
    expect(state().phase).not.toBe("live");
  });
  it("passes over what it cannot read", async () => {
    await enter();
    for (const data of ["{", "[]", '{"type":"hello"}', '{"type":"board.saved","data":{"n":-1}}', '{"type":"news"}', '{"type":"board.rights","data":{}}']) socket().onmessage?.({ data });
    socket().onmessage?.({ data: new Uint8Array([9, 0]).buffer });
    expect(state()).toMatchObject({ phase: "live", mode: "open" });
  });
});

describe("edits", () => {
  it("are sent, and saved when the server says so", async () => {
    server.answers = "silent";
    await enter();
    type("a");
    type("b");
    expect(state().isSaving).toBe(true);
    socket().tells("board.saved", { n: 1 });
    expect(state().isSaving).toBe(true);
    socket().tells("board.saved", { n: 2 });
    expect(state().isSaving).toBe(false);
  });
  it("of others arrive without becoming ours", async () => {
    await enter();
    const other = new Y.Doc();
    other.getText("code").insert(0, "theirs");
    socket().gives(2, Y.encodeStateAsUpdate(other));
    expect(words()).toBe("theirs");
    expect(state().isSaving).toBe(false);
    expect(socket().edits).toBe(0);
  });
  it("made without a line are kept, and merged with what happened meanwhile", async () => {
    await enter();
    type("one ");
    socket().drops();
    type("two ");
    expect(state().isSaving).toBe(true);
    server.doc.getText("code").insert(0, "zero ");
    await browser.pass(1500);
    expect(words()).toBe("zero one two ");
    expect(words(server.doc)).toBe("zero one two ");
    expect(state().isSaving).toBe(false);
    expect(socket().steps).toEqual([0, 1]);
  });
  it("that do not fit into one frame go one by one", async () => {
    await enter();
    socket().drops();
    for (let part = 0; part < 3; part++) type(`${part}`.repeat(30_000));
    await browser.pass(1500);
    expect(socket().steps).toEqual([0, 2, 2, 2]);
    expect(words(server.doc).length).toBe(90_000);
    expect(state().isSaving).toBe(false);
  });
  it("that were sent but not saved when the line broke are sent again", async () => {
    server.answers = "silent";
    await enter();
    type("x");
    socket().drops();
    server.answers = "saved";
    await browser.pass(1500);
    expect(words(server.doc)).toBe("x");
    expect(state().isSaving).toBe(false);
  });
});

describe("a refusal", () => {
  it("takes the edit back: another document under a new client id, synced anew", async () => {
    server.doc.getText("code").insert(0, "kept");
    await enter();
    const [before] = docs as [Y.Doc];
    server.answers = "refused";
    type(" and mine");
    await browser.settle();
    expect(refusals.map(({ code }) => code)).toEqual(["forbidden"]);
    expect(docs.length).toBe(2);
    expect(line.doc.clientID).not.toBe(before.clientID);
    expect(words()).toBe("kept");
    expect(state()).toMatchObject({ phase: "live", isSaving: false });
    server.answers = "saved";
    type(", later");
    expect(words(server.doc)).toBe("kept, later");
  });
  it.each([1009, 4400])("is also a close with %i while something is unsaved", async (code) => {
    server.answers = "silent";
    await enter();
    type("spoilt");
    socket().drops(code);
    expect(refusals.length).toBe(1);
    server.answers = "saved";
    await browser.pass(2000);
    expect(words()).toBe("");
    socket().drops(code);
    expect(refusals.length).toBe(1);
  });
  it("of rights is told as soon as they change", async () => {
    await enter();
    server.rights("view", false);
    expect(state()).toMatchObject({ mode: "view", mayWrite: false });
  });
});

describe("passing signs", () => {
  it("are told of this page alone, seen of others, and gone with the line", async () => {
    await enter();
    line.awareness.setLocalStateField("pointer", { page: "1", x: 1, y: 2 });
    expect(socket().states.length).toBeGreaterThan(0);
    const other = new Awareness(new Y.Doc());
    other.setLocalState({ user: { id: "n", name: "Noah", colour: "#112233" }, pointer: { page: "1", x: 3, y: 4 } });
    const told = socket().states.length;
    socket().points(encodeAwarenessUpdate(other, [other.clientID]));
    expect(line.awareness.getStates().get(other.clientID)?.["user"].name).toBe("Noah");
    expect(socket().states.length).toBe(told);
    socket().drops();
    expect(line.awareness.getStates().has(other.clientID)).toBe(false);
    other.destroy();
  });
  it("outlive a refusal", async () => {
    await enter();
    line.awareness.setLocalStateField("laser", true);
    server.answers = "refused";
    type("x");
    await browser.settle();
    expect(line.awareness.getLocalState()).toEqual({ laser: true });
  });
});
