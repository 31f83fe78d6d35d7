// @vitest-environment node
import { describe, expect, it } from "vitest";

import { clientFrame } from "../src/frames";
import { Outbox } from "../src/outbox";
import { FakeStore } from "./browser";

describe("Outbox", () => {
  it("keeps what must not be lost until it is answered", () => {
    const store = new FakeStore();
    const box = new Outbox("r", store);
    const frame = clientFrame("message.post", { text: "x" });
    expect(box.add(frame)).toBe(true);
    expect(new Outbox("r", store).all).toEqual([frame]);
    expect(box.take(frame.id)).toEqual(frame);
    expect(box.take(frame.id)).toBeNull();
    expect(box.take(null)).toBeNull();
    expect(store.kept.size).toBe(0);
  });
  it("keeps nothing of a moment's worth", () => {
    const box = new Outbox("r", new FakeStore());
    expect(box.add(clientFrame("typing.show", {}))).toBe(false);
    expect(box.add(clientFrame("ping", {}))).toBe(false);
    expect(box.all).toEqual([]);
  });
  it("keeps rooms apart", () => {
    const store = new FakeStore();
    new Outbox("r", store).add(clientFrame("hand.raise", {}));
    expect(new Outbox("charlie's room", store).all).toEqual([]);
  });
  it.each(["{", "7", '{"a":1}', '[1,null,{"id":1},{"id":"x","type":"ping","data":{}},{"id":"x","type":"message.post","data":null}]'])("drops a store that somebody broke: %s", (kept) => {
    const store = new FakeStore();
    store.setItem("outbox:r", kept);
    expect(new Outbox("r", store).all).toEqual([]);
  });
  it("lives without a store, and with one that is full", () => {
    const box = new Outbox("r", null);
    box.add(clientFrame("hand.raise", {}));
    expect(box.all.length).toBe(1);
    const full = new FakeStore();
    full.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    expect(new Outbox("r", full).add(clientFrame("hand.raise", {}))).toBe(true);
  });
  it("forgets the oldest when nothing is answered for ever", () => {
    const box = new Outbox("r", null);
    for (let n = 0; n < 60; n++) box.add(clientFrame("message.post", { text: String(n) }));
    expect(box.all.length).toBe(50);
    expect(box.all[0]?.data).toEqual({ text: "10" });
  });
});
