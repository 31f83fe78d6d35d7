// @vitest-environment node
import { describe, expect, it } from "vitest";

import type { Connection } from "../src/connection";
import { FakeSocket, FakeStream } from "./browser";
import { browser, connect, frames, standsAt, status } from "./line";
import { errorFrame, frame, hello, ROOM, snapshot } from "./samples";

describe("where sockets are blocked", () => {
  async function blocked(): Promise<Connection> {
    const connection = connect();
    await browser.settle();
    browser.socket.drops();
    await browser.pass(1000);
    browser.socket.drops();
    await browser.pass(1000);
    return connection;
  }

  it("an event stream takes over after two failed opens", async () => {
    standsAt(5);
    await blocked();
    expect(FakeSocket.opened.length).toBe(2);
    expect(browser.stream.url).toBe(`http://school.test/api/rooms/${ROOM}/events/?after=5&epoch=e`);
    browser.stream.gives(hello());
    browser.stream.gives(frame("message.posted", { text: "x" }, 6));
    expect(status).toMatchObject({ phase: "live", kind: "sse" });
    expect(frames.map((one) => one.type)).toEqual(["hello", "message.posted"]);
  });
  it("one failed open alone changes nothing", async () => {
    connect();
    await browser.settle();
    browser.socket.drops();
    await browser.pass(1000);
    expect(FakeSocket.opened.length).toBe(2);
    browser.socket.gives(hello());
    browser.socket.drops();
    await browser.pass(2000);
    expect(FakeStream.opened.length).toBe(0);
  });
  it("sends by POST with the page's proof, and the reply is the ack", async () => {
    const connection = await blocked();
    browser.stream.gives(hello());
    const id = connection.send("message.post", { text: "x" });
    await browser.settle();
    const { url, init } = browser.request;
    expect(url).toBe(`http://school.test/api/rooms/${ROOM}/events/`);
    expect(init.headers).toMatchObject({ "X-CSRFToken": "csrf" });
    expect(JSON.parse(String(init.body))).toEqual({ type: "message.post", id, data: { text: "x" } });
    browser.request.reply({ type: "ack", ref: id, seq: 6 });
    await browser.settle();
    expect(connection.outbox.all).toEqual([]);
  });
  it("posts again when nothing came back, but not what is of the moment", async () => {
    const connection = await blocked();
    browser.stream.gives(hello());
    connection.send("typing.show", {});
    await browser.settle();
    browser.request.fail();
    const id = connection.send("message.post", { text: "x" });
    await browser.settle();
    browser.request.fail();
    await browser.pass(2000);
    expect(browser.requests.map((one) => JSON.parse(String(one.init.body)) as { type: string; id: string }).map((one) => one.type)).toEqual(["typing.show", "message.post", "message.post"]);
    browser.request.reply(errorFrame(id, { code: "room_closed" }), 409);
    await browser.settle();
    expect(frames.at(-1)).toMatchObject({ type: "error", code: "room_closed" });
  });
  it.each([['{"code":4403}', "ended"], ['{"code":4410}', "connecting"], ["{}", "waiting"], ["x", "waiting"]] as const)("the stream's end %s is understood", async (data, phase) => {
    await blocked();
    browser.stream.gives(hello());
    await browser.pass(11_000);
    browser.stream.ends(data);
    expect(status.phase).toBe(phase);
  });
  it("long-poll takes over when streams fail too", async () => {
    await blocked();
    browser.stream.onerror?.();
    await browser.pass(2000);
    browser.stream.onerror?.();
    await browser.pass(2000);
    expect(FakeStream.opened.every((stream) => stream.isClosed)).toBe(true);
    expect(browser.request.url).toContain("?wait=25");
    browser.request.reply({ frames: [hello(), snapshot(5)] });
    await browser.settle();
    expect(status).toMatchObject({ phase: "live", kind: "poll" });
  });
  it("a socket is tried again each minute, and taken when it greets", async () => {
    const connection = await blocked();
    browser.stream.gives(hello());
    await browser.pass(60_000);
    expect(FakeSocket.opened.length).toBe(3);
    browser.socket.drops();
    expect(status).toMatchObject({ phase: "live", kind: "sse" });
    await browser.pass(60_000);
    browser.socket.gives(hello());
    expect(status).toMatchObject({ phase: "live", kind: "socket" });
    expect(browser.stream.isClosed).toBe(true);
    connection.send("hand.raise", {});
    expect(browser.socket.sentOf("hand.raise").length).toBe(1);
    browser.socket.gives(frame("message.posted", { text: "x" }, 6));
    browser.socket.drops(4403);
    expect(status.phase).toBe("ended");
  });
});

describe("a forced transport", () => {
  it("sse stays with streams", async () => {
    connect("sse");
    for (let n = 0; n < 4; n++) {
      browser.stream.onerror?.();
      await browser.pass(30_000);
    }
    expect(FakeSocket.opened.length).toBe(0);
    expect(FakeStream.opened.length).toBeGreaterThan(3);
    expect(browser.requests).toEqual([]);
  });
  it("poll asks again from the cursor that the last frames moved", async () => {
    connect("poll");
    standsAt(5);
    browser.request.reply({ frames: [hello(), snapshot(5)] });
    await browser.pass(0);
    expect(browser.requests.length).toBe(2);
    expect(browser.request.url).toContain("after=5&epoch=e");
    browser.request.reply({ frames: [] });
    await browser.pass(100);
    expect(browser.requests.length).toBe(2);
    await browser.pass(300);
    expect(browser.requests.length).toBe(3);
    await browser.pass(60_000);
    expect(FakeSocket.opened.length).toBe(0);
  });
  it.each([[404, "missing"], [401, "signed_out"]] as const)("poll ends at %i", async (code, reason) => {
    connect("poll");
    browser.request.reply({}, code);
    await browser.settle();
    expect(status).toMatchObject({ phase: "ended", reason });
  });
  it("poll ends where the room says so", async () => {
    connect("poll");
    browser.request.reply({ frames: [], closed: 4403 });
    await browser.settle();
    expect(status).toMatchObject({ phase: "ended", reason: "removed" });
  });
  it("poll tries again after a broken answer", async () => {
    connect("poll");
    browser.request.fail();
    await browser.settle();
    expect(status.phase).toBe("waiting");
    browser.requests.length = 0;
    await browser.pass(1000);
    browser.request.reply({}, 503);
    await browser.settle();
    expect(status.phase).toBe("waiting");
  });
});
