import { afterEach, describe, expect, it, vi } from "vitest";

import { Follow } from "../src/room/follow";

afterEach(() => void vi.unstubAllGlobals());

describe("following the end", () => {
  function boxOf(height: number): HTMLElement {
    const box = document.createElement("div");
    Object.defineProperty(box, "scrollHeight", { configurable: true, value: height });
    Object.defineProperty(box, "clientHeight", { value: 100 });
    return box;
  }
  it("stops when the reader goes up and starts again at the end", () => {
    let grow = (): void => undefined;
    vi.stubGlobal("ResizeObserver", class {
      constructor(run: () => void) { grow = run; }
      observe(): void {}
      disconnect(): void {}
    });
    const box = boxOf(1000);
    let changes = 0;
    const follow = new Follow(box, document.createElement("div"), () => changes++);
    grow();
    expect(box.scrollTop).toBe(1000);
    box.scrollTop = 300;
    box.dispatchEvent(new Event("scroll"));
    expect([follow.isFollowing, changes]).toEqual([false, 1]);
    Object.defineProperty(box, "scrollHeight", { configurable: true, value: 2000 });
    grow();
    expect(box.scrollTop).toBe(300);
    box.scrollTop = 1900;
    box.dispatchEvent(new Event("scroll"));
    expect(follow.isFollowing).toBe(true);
    follow.toEnd();
    expect(box.scrollTop).toBe(2000);
    follow.stop();
  });
  it("does not take the browser's own scrolling for the reader's", () => {
    const box = boxOf(1000);
    const follow = new Follow(box, document.createElement("div"), () => undefined);
    box.dispatchEvent(new Event("scroll"));
    expect(follow.isFollowing).toBe(true);
  });
});
