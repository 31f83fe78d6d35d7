// Edits without a line over a reload: merged on return, gone once saved or refused, and never somebody else's to find.

import { beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";

import { keptIn, NOWHERE } from "../src/board/kept";
import { BoardLine, type Refusal } from "../src/board/provider";
import { keeperCheck, personOf } from "../src/keeper";
import { BoardServer, BoardSocket, boardBrowser } from "./board-server";
import { type FakeBrowser, FakeStore } from "./browser";

let browser: FakeBrowser;
let server: BoardServer;
let store: FakeStore;
let line: BoardLine;
let refusals: Refusal[];
const words = (doc: Y.Doc = line.doc): string => doc.getText("code").toString();
const type = (text: string): void => line.doc.getText("code").insert(line.doc.getText("code").length, text);
const socket = (): BoardSocket => BoardSocket.opened.at(-1) as BoardSocket;
const keys = (): string[] => [...store.kept.keys()].filter((key) => key.startsWith("unsent:"));

/** A page of this tab, for a person. */
async function enter(person = "bob"): Promise<void> {
  line = new BoardLine("d", browser.env, { document: () => undefined, state: () => undefined, refused: (refusal) => refusals.push(refusal) }, keptIn(store, person, "d"));
  line.start();
  await browser.settle();
}
async function reload(person = "bob"): Promise<void> {
  globalThis.dispatchEvent(new Event("pagehide"));
  line.stop();
  await enter(person);
}

beforeEach(async () => {
  browser = boardBrowser();
  server = new BoardServer();
  store = new FakeStore();
  refusals = [];
  await enter();
  return () => line.stop();
});

describe("edits without a line", () => {
  it("come back after a reload, and merge with what others did meanwhile", async () => {
    type("one ");
    socket().drops();
    type("two ");
    server.doc.getText("code").insert(0, "zero ");
    expect(keys()).toEqual([]);
    await reload();
    expect(words()).toBe("zero one two ");
    expect(words(server.doc)).toBe("zero one two ");
    expect(socket().steps).toEqual([0, 1]);
    expect([line.now.isSaving, keys()]).toEqual([false, []]);
  });
  it("are kept while the network stays away, through any number of reloads", async () => {
    socket().drops();
    browser.tickets = "dead";
    type("a");
    await reload();
    expect([words(), line.now.phase]).toEqual(["", "waiting"]);
    await reload();
    type("b");
    await reload();
    browser.tickets = "open";
    await browser.pass(3000);
    expect([...words(server.doc)].sort().join("")).toBe("ab");
    expect(keys()).toEqual([]);
  });
  it("are kept soon, also where the page is not told that it ends", async () => {
    server.answers = "silent";
    type("x");
    await browser.pass(400);
    expect(keys()).toEqual(["unsent:bob:d"]);
    socket().tells("board.saved", { n: 1 });
    expect(keys()).toEqual([]);
  });
  it("that the server has by now send nothing", async () => {
    server.answers = "silent";
    type("x");
    Y.applyUpdate(server.doc, Y.encodeStateAsUpdate(line.doc));
    await reload();
    expect([words(), socket().edits, keys()]).toEqual(["x", 0, []]);
  });
  it("larger than a frame go edit by edit", async () => {
    socket().drops();
    for (let part = 0; part < 3; part++) type(`${part}`.repeat(30_000));
    await reload();
    expect(socket().steps).toEqual([0, 2, 2, 2]);
    expect(words(server.doc).length).toBe(90_000);
  });
  it("touch no storage while all is well", async () => {
    type("x");
    await browser.pass(1000);
    expect(store.kept.size).toBe(0);
    expect(NOWHERE.load()).toEqual([]);
    expect(keptIn(null, "bob", "d")).toBe(NOWHERE);
    expect(keptIn(store, "", "d")).toBe(NOWHERE);
  });
});

describe("what is kept goes", () => {
  beforeEach(async () => {
    socket().drops();
    type("mine");
    await browser.pass(300);
    line.lost();
    expect(keys().length).toBe(1);
  });
  it("when it is refused: the document begins anew without it", async () => {
    server.answers = "refused";
    await reload();
    expect(refusals.map(({ code }) => code)).toEqual(["forbidden"]);
    expect([words(), keys()]).toEqual(["", []]);
    server.answers = "saved";
    type("later");
    expect(words(server.doc)).toBe("later");
  });
  it.each([4403, 4404])("when its author may not read the document any more (%i)", async (code) => {
    BoardSocket.server = null;
    await reload();
    socket().drops(code);
    expect(keys()).toEqual([]);
    await reload();
    expect(words()).toBe("");
  });
  it("when it hangs on something that is lost", async () => {
    const other = new Y.Doc();
    const parts: Uint8Array[] = [];
    other.on("update", (update: Uint8Array) => parts.push(update));
    for (const part of "ab") other.getText("code").insert(0, part);
    line.stop();
    keptIn(store, "bob", "d").save(parts.slice(1));
    await enter();
    expect(refusals.map(({ code }) => code)).toEqual(["missing"]);
    expect([words(), keys(), line.now.isSynced]).toEqual(["", [], true]);
  });
  it("for another person at the same machine, who gets nothing of it", async () => {
    await reload("charlie");
    expect([words(), socket().edits]).toEqual(["", 0]);
    store.setItem("outbox:r", "[]");
    store.setItem("pane", "board");
    keeperCheck(store, "charlie");
    expect([...store.kept.keys()].sort()).toEqual(["pane", "person"]);
  });
  it("with whoever signs out, and stays for who only reloads", () => {
    keeperCheck(store, "bob");
    keptIn(store, "bob", "d").save([new Uint8Array([1])]);
    keeperCheck(store, "bob");
    expect(keys().length).toBe(1);
    keeperCheck(store, "");
    expect(keys()).toEqual([]);
    keeperCheck(null, "bob");
  });
  it("never in the way: full, forbidden or spoilt storage keeps nothing", () => {
    const fails = (): never => {
      throw new Error("full");
    };
    const full = { getItem: () => "{", setItem: fails, removeItem: () => undefined, key: () => null, length: 0 };
    const kept = keptIn(full, "bob", "d");
    expect(kept.load()).toEqual([]);
    kept.save([new Uint8Array([1])]);
    keeperCheck(full, "bob");
    store.setItem("unsent:bob:e", '{"a":1}');
    expect(keptIn(store, "bob", "e").load()).toEqual([]);
    document.body.dataset["person"] = "bob";
    expect(personOf(document)).toBe("bob");
  });
});
