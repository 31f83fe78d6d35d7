// @vitest-environment node
import { describe, expect, it } from "vitest";

import type { Received } from "../src/frames";
import { FakeSocket, FakeStream } from "./browser";
import { browser, connect, frames, live, standsAt, status, store } from "./line";
import { errorFrame, frame, hello, ROOM } from "./samples";

describe("a socket", () => {
  it("is opened with a ticket in the sub-protocols, never in the address", async () => {
    connect();
    expect(status.phase).toBe("connecting");
    await browser.settle();
    expect(browser.socket.url).toBe(`ws://school.test/ws/rooms/${ROOM}/`);
    expect(browser.socket.protocols).toEqual(["classroom.v1", "ticket.t1"]);
  });
  it("joins after hello, at the cursor, and is live", async () => {
    standsAt(4);
    await live();
    expect(browser.socket.sent[0]).toMatchObject({ type: "join", data: { after: 4, epoch: "e" } });
    expect(status).toMatchObject({ phase: "live", kind: "socket" });
    expect(frames.map((one) => one.type)).toEqual(["hello", "snapshot"]);
  });
  it("pings every heartbeat and gives up after two silent ones", async () => {
    await live();
    const { socket } = browser;
    await browser.pass(25_000);
    expect(socket.sentOf("ping").length).toBe(1);
    socket.gives(frame("pong", {}));
    await browser.pass(50_000);
    expect(status.phase).toBe("live");
    await browser.pass(50_000);
    expect(FakeSocket.opened.length).toBeGreaterThan(1);
  });
  it("that never says hello is not waited for", async () => {
    connect();
    await browser.pass(10_000);
    expect(status.phase).toBe("waiting");
  });
  it("gives up its timers when it is stopped", async () => {
    const connection = await live();
    const { socket } = browser;
    connection.stop();
    await browser.pass(120_000);
    expect(socket.sentOf("ping")).toEqual([]);
    expect(FakeSocket.opened.length).toBe(1);
  });
});

describe("trying again", () => {
  it("waits with full jitter between half a second and thirty", async () => {
    await live();
    await browser.pass(1);
    const waits: number[] = [];
    browser.tickets = "dead";
    browser.socket.drops();
    for (let n = 0; n < 8; n++) {
      waits.push((status.retryAt ?? 0) - browser.time);
      await browser.pass(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
    browser.env.random = () => 0;
    await browser.pass(30_000);
    expect((status.retryAt ?? 0) - browser.time).toBe(500);
  });
  it("starts small again after a line that held", async () => {
    await live();
    await browser.pass(11_000);
    browser.socket.drops();
    expect((status.retryAt ?? 0) - browser.time).toBe(1000);
  });
  it("goes on at the cursor", async () => {
    await live();
    standsAt(5);
    browser.socket.drops();
    await browser.pass(1000);
    browser.socket.gives(hello());
    expect(browser.socket.sent[0]?.data).toEqual({ after: 5, epoch: "e" });
  });
  it("waits as long as a restarting server asks", async () => {
    await live();
    browser.socket.drops(1012, "retry_ms=4321");
    expect((status.retryAt ?? 0) - browser.time).toBe(4321);
  });
  it("does not wait when somebody wakes it", async () => {
    const connection = await live();
    connection.wake();
    expect(FakeSocket.opened.length).toBe(1);
    browser.socket.drops();
    connection.wake();
    await browser.settle();
    expect(FakeSocket.opened.length).toBe(2);
    await browser.pass(5000);
    expect(FakeSocket.opened.length).toBe(2);
  });
  it("gets a new ticket at once when the old one was too old, but not for ever", async () => {
    connect();
    await browser.settle();
    browser.socket.drops(4401);
    await browser.settle();
    expect(FakeSocket.opened.length).toBe(2);
    browser.socket.drops(4401);
    expect(status.phase).toBe("waiting");
  });
  it("joins from nothing after 4410", async () => {
    standsAt(5);
    await live();
    await browser.pass(11_000);
    browser.socket.drops(4410);
    await browser.settle();
    browser.socket.gives(hello());
    expect(browser.socket.sent[0]?.data).toEqual({ after: null, epoch: null });
  });
  it("joins again at the cursor when the page found a hole, from nothing when that is no help", async () => {
    const connection = await live();
    standsAt(5);
    const first = browser.socket;
    connection.resync(false);
    await browser.settle();
    browser.socket.gives(hello());
    expect(first.readyState).toBe(3);
    expect(browser.socket.sent[0]?.data).toEqual({ after: 5, epoch: "e" });
    connection.resync(true);
    connection.resync(true);
    await browser.pass(2000);
    browser.socket.gives(hello());
    expect(browser.socket.sent[0]?.data).toEqual({ after: null, epoch: null });
  });
  it.each([[4403, "removed"], [4404, "missing"]] as const)("never happens after %i", async (code, reason) => {
    await live();
    browser.socket.drops(code);
    await browser.pass(300_000);
    expect(status).toMatchObject({ phase: "ended", reason });
    expect(FakeSocket.opened.length).toBe(1);
  });
  it.each([401, 403])("never happens for somebody who is signed out (%i)", async (code) => {
    browser.tickets = code;
    connect();
    await browser.pass(300_000);
    expect(status).toMatchObject({ phase: "ended", reason: "signed_out" });
    expect(FakeSocket.opened.length).toBe(0);
  });
  it("pauses after the polite close until somebody looks again", async () => {
    const connection = await live();
    browser.socket.drops(1000);
    await browser.pass(300_000);
    expect(status.phase).toBe("paused");
    connection.wake();
    await browser.settle();
    expect(FakeSocket.opened.length).toBe(2);
  });
  it.each([500, 502, 503])("is no reason to leave sockets when the server is away (%i)", async (code) => {
    browser.tickets = code;
    connect();
    await browser.pass(60_000);
    expect(status).toMatchObject({ phase: "waiting", kind: "socket" });
    expect(FakeStream.opened.length).toBe(0);
  });
});

describe("what is sent", () => {
  it("is kept until the ack, over a reload, with the same id", async () => {
    const connection = await live();
    const id = connection.send("message.post", { text: "x" });
    expect(browser.socket.sentOf("message.post").map((one) => one.id)).toEqual([id]);
    connection.stop();
    await live();
    expect(browser.socket.sentOf("message.post")).toMatchObject([{ id, data: { text: "x" } }]);
    browser.socket.gives({ type: "ack", ref: id, seq: 6 });
    expect(store.kept.size).toBe(0);
  });
  it("goes out after the join, never before", async () => {
    const connection = connect();
    connection.send("hand.raise", {});
    await browser.settle();
    expect(browser.socket.sent).toEqual([]);
    browser.socket.gives(hello());
    expect(browser.socket.sent.map((one) => one.type)).toEqual(["join", "hand.raise"]);
  });
  it("is given up after an error, once the page has seen it", async () => {
    const connection = await live();
    const id = connection.send("message.post", { text: "x" });
    let seen = 0;
    frames.push = ((...added: Received[]) => (seen += connection.outbox.all.length * added.length)) as typeof frames.push;
    browser.socket.gives(errorFrame(id));
    expect(seen).toBe(1);
    expect(connection.outbox.all).toEqual([]);
  });
  it("is not kept when it is of the moment", async () => {
    const connection = await live();
    browser.socket.drops();
    connection.send("typing.show", {});
    expect(connection.outbox.all).toEqual([]);
  });
});
