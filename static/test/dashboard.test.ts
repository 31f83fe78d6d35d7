import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";

import payloads from "../../tests/payloads.json";
import "../src/dashboard/dashboard-element";
import type { DashboardElement } from "../src/dashboard/dashboard-element";
import { agoWords, classesOf, sumsOf, type Tile, tilesShown, type Wall, wallChanged } from "../src/dashboard/wall";
import { dangers } from "./safe";

const NOW = Date.parse("2026-11-21T12:00:00Z");
function tile(room: string, change: Partial<Tile> = {}): Tile {
  return { room, title: `Room ${room}`, class: "Year 9", group: null, state: "open", present: [{ id: "b", name: "Bob Baker", role: "student" }], last: { by: "Bob Baker", text: "hello", at: "2026-11-21T11:58:00Z" }, answer: null, hands: [], idle: false, url: `/rooms/${room}/`, ...change };
}
const wallOf = (...tiles: unknown[]): Wall => wallChanged(new Map(), "tiles", JSON.stringify({ tiles }));
const ALL = { class: "", onlyWaiting: false };

describe("the wall as data", () => {
  it("is replaced, changed and cleared by its events", () => {
    let wall = wallOf(tile("1"), tile("2"));
    wall = wallChanged(wall, "tile", JSON.stringify(tile("2", { title: "New" })));
    wall = wallChanged(wall, "tile", JSON.stringify(tile("3")));
    wall = wallChanged(wall, "gone", '{"room":"1"}');
    expect([...wall.values()].map((one) => one.title)).toEqual(["New", "Room 3"]);
  });
  it.each(["{", "null", "7", '{"room":"x"}', JSON.stringify(tile("1", { url: "javascript:alert(1)" })), JSON.stringify(tile("1", { url: "//evil.example" })), JSON.stringify(tile("1", { url: "/\\evil.example" })), JSON.stringify(tile("1", { board: "//evil.example/x.png" }))])("is not moved by %s", (json) => {
    const wall = wallOf(tile("2"));
    expect([...wallChanged(wall, "tile", json).keys()]).toEqual(["2"]);
  });
  it("takes no tiles from something else", () => expect(wallChanged(new Map(), "tiles", '{"tiles":7}').size).toBe(0));
  it("puts raised hands first, then rooms with people, idle, empty and closed ones", () => {
    const wall = wallOf(tile("closed", { state: "closed" }), tile("empty", { present: [] }), tile("idle", { idle: true }), tile("busy"), tile("hands", { hands: ["Bob"] }));
    expect(tilesShown(wall, ALL).map((one) => one.room)).toEqual(["hands", "busy", "idle", "empty", "closed"]);
  });
  it("sorts by class and by number within", () => {
    const wall = wallOf(tile("a", { title: "Table 10" }), tile("b", { title: "Table 9" }), tile("c", { class: "Year 8" }));
    expect(tilesShown(wall, ALL).map((one) => one.room)).toEqual(["c", "b", "a"]);
  });
  it("is filtered by class and by hands", () => {
    const wall = wallOf(tile("1"), tile("2", { class: "Year 8", hands: ["Lin"] }));
    expect(tilesShown(wall, { class: "Year 9", onlyWaiting: false }).map((one) => one.room)).toEqual(["1"]);
    expect(tilesShown(wall, { class: "", onlyWaiting: true }).map((one) => one.room)).toEqual(["2"]);
    expect(classesOf(wall)).toEqual(["Year 8", "Year 9"]);
  });
  it("is summed, each person once", () => {
    expect(sumsOf([tile("1", { hands: ["a", "b"] }), tile("2", { answer: { state: "running", by: "x" } }), tile("3", { state: "closed" })])).toEqual({ people: 1, hands: 2, answers: 1, rooms: 2 });
  });
  it.each([["2026-11-21T11:59:40Z", "just now"], ["2026-11-21T11:40:00Z", "20 min ago"], ["2026-11-21T09:00:00Z", "3 h ago"], ["2026-11-18T12:00:00Z", "3 d ago"], ["x", ""]])("says how long ago: %s", (at, words) => expect(agoWords(at, NOW)).toBe(words));
});

class Stream extends EventTarget {
  static last: Stream;
  readyState = 1;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {
    super();
    Stream.last = this;
  }
  close(): void {
    this.readyState = 2;
  }
  gives(type: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
  }
}

describe("<cs-dashboard>", () => {
  let wall: DashboardElement;
  const texts = (selector: string): string[] => [...wall.querySelectorAll(selector)].map((node) => node.textContent?.replace(/\s+/g, " ").trim() ?? "");

  beforeEach(async () => {
    vi.stubGlobal("EventSource", Stream);
    document.body.innerHTML = '<main><h1>Dashboard</h1><cs-dashboard events="/dashboard/events/"><p>static list</p></cs-dashboard></main>';
    wall = document.querySelector("cs-dashboard") as DashboardElement;
    await wall.updateComplete;
    return () => {
      wall.remove();
      vi.unstubAllGlobals();
    };
  });

  async function shows(...tiles: Tile[]): Promise<void> {
    Stream.last.gives("tiles", { tiles });
    await wall.updateComplete;
  }

  it("listens where it is told to", () => {
    expect(Stream.last.url).toBe("/dashboard/events/");
    expect(wall.textContent).toContain("Connecting…");
    expect(wall.textContent).not.toContain("static list");
  });
  it("shows a tile a room, with who is there and what happens", async () => {
    await shows(tile("1", { group: "Group one", hands: ["林小雨", "Bob", "Mia", "Noah"], answer: { state: "running", by: "Bob" }, last: { by: null, text: "So **x** is $4$", at: new Date().toISOString() } }), tile("2", { state: "closed", present: [], last: null }), tile("3", { idle: true }));
    expect(texts(".tile h2")).toEqual(["Room 1", "Room 3", "Room 2"]);
    expect(texts(".tile-hands")[0]).toBe("林小雨, Bob, Mia and 1 more");
    expect(texts(".tile-last")[0]).toBe("Tutorjust nowSo x is 4");
    expect(texts(".tile .badge")).toEqual(["answering", "idle", "closed"]);
    expect(wall.querySelector<HTMLAnchorElement>(".tile")?.getAttribute("href")).toBe("/rooms/1/");
    expect(texts(".line-state")[0]).toBe("Live");
  });
  it("shows the room's board where there is one", async () => {
    const element = document.createElement("cs-dashboard") as DashboardElement;
    document.body.replaceChildren(element);
    element.wall = wallOf(tile("1", { board: "/dashboard/1/board.png?seq=4" }), tile("2"));
    await element.updateComplete;
    const pictures = [...element.querySelectorAll<HTMLImageElement>("img")];
    expect(pictures.map((one) => [one.getAttribute("src"), one.alt])).toEqual([["/dashboard/1/board.png?seq=4", "The board of Room 1"]]);
  });
  it("follows changes and says a new hand aloud", async () => {
    await shows(tile("1"), tile("2", { present: Array.from({ length: 9 }, (_, n) => ({ id: String(n), name: `P ${n}`, role: "student" })) }));
    expect(texts(".more")).toEqual(["+3"]);
    Stream.last.gives("tile", tile("2", { hands: ["Lin"] }));
    Stream.last.gives("gone", { room: "1" });
    await wall.updateComplete;
    expect(texts(".tile h2")).toEqual(["Room 2"]);
    expect(texts("[role=status]").at(-1)).toBe("Lin: hand up in Room 2");
  });
  it("filters", async () => {
    await shows(tile("1"), tile("2", { class: "Year 8" }));
    const select = wall.querySelector("select") as HTMLSelectElement;
    select.value = "Year 8";
    select.dispatchEvent(new Event("change"));
    await wall.updateComplete;
    expect(texts(".tile h2")).toEqual(["Room 2"]);
    wall.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
    await wall.updateComplete;
    expect(texts(".empty h2")).toEqual(["No hand is up"]);
    wall.querySelector<HTMLButtonElement>(".empty button")?.click();
    await wall.updateComplete;
    expect(texts(".tile h2").length).toBe(2);
  });
  it("says when there is nothing", async () => {
    await shows();
    expect(texts(".empty h2")).toEqual(["No rooms yet"]);
  });
  it("says that the line is lost, and opens it again when the browser will not", async () => {
    vi.useFakeTimers();
    const first = Stream.last;
    first.onerror?.();
    await wall.updateComplete;
    expect(texts(".line-state")[0]).toBe("Reconnecting…");
    vi.advanceTimersByTime(10_000);
    expect(Stream.last).toBe(first);
    first.readyState = 2;
    first.onerror?.();
    vi.advanceTimersByTime(10_000);
    expect(Stream.last).not.toBe(first);
    vi.useRealTimers();
  });
  it("runs nothing that anybody wrote", async () => {
    for (const payload of payloads) {
      await shows(tile("1", { title: payload, class: payload, group: payload, hands: [payload], last: { by: payload, text: payload, at: "" }, present: [{ id: "x", name: payload, role: payload }], answer: { state: "running", by: payload } }), tile("2"));
      for (const field of wall.querySelectorAll("select, input")) field.remove();
      expect(dangers(wall).filter((danger) => danger !== "A href=/rooms/1/" && danger !== "A href=/rooms/2/")).toEqual([]);
      document.body.innerHTML = "<cs-dashboard></cs-dashboard>";
      wall = document.querySelector("cs-dashboard") as DashboardElement;
      await wall.updateComplete;
    }
  });
  it("has no fault that axe finds", async () => {
    await shows(tile("1", { hands: ["Lin"] }), tile("2", { class: "Year 8" }));
    const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);
  });
});
