import { render } from "lit";
import { describe, expect, it } from "vitest";

import type { RunItem } from "../src/frames";
import { EVERYBODY } from "../src/passages";
import { news } from "../src/room/announcer";
import { itemLine } from "../src/room/items";
import { runLook, runSentence } from "../src/room/run-line";
import { EMPTY, reduce } from "../src/store";
import { dangers } from "./safe";
import { ALICE, AT, BOB, frame, hello, itemContext, LIN, snapshot, you } from "./samples";

const RAN = { sha256: "a".repeat(64), ok: true, output: "hello\n", cut: false, ending: "done", tests: null } as const;
function run(change: Partial<RunItem> = {}): RunItem {
  return { kind: "run", seq: 3, at: AT, by: BOB, ...RAN, ...change };
}
function shown(item: RunItem): HTMLElement {
  const list = document.createElement("ol");
  render(itemLine(item, undefined, itemContext()), list);
  return list;
}

describe("a run of the code", () => {
  it.each([
    [{}, "Ran to the end", ""],
    [{ ok: false }, "Error", "danger"],
    [{ ok: false, ending: "time" }, "Ended: it took too long", "warn"],
    [{ ok: false, ending: "stopped" }, "Stopped", "warn"],
    [{ tests: { passed: 2, total: 3, failed: ["x"] } }, "2 of 3 tests passed", "warn"],
    [{ tests: { passed: 3, total: 3, failed: [] } }, "3 of 3 tests passed", "info"],
  ] as const)("%j is said as %s", (change, words, tone) => {
    expect(runLook(run(change as Partial<RunItem>))).toMatchObject({ words, tone });
  });
  it("shows the output as it is, and who ran it", () => {
    const list = shown(run({ output: "<b>1</b>\n2\n", cut: true }));
    expect(list.querySelector("pre")?.textContent).toBe("<b>1</b>\n2\n");
    expect(dangers(list)).toEqual([]);
    expect(list.querySelector("article")?.getAttribute("aria-label")).toContain("Run by Bob Baker");
    expect(list.textContent).toContain("only the beginning is kept");
    expect(list.textContent).not.toContain("no proof");
  });
  it("says that tests are what a browser reports, never that they verify anything", () => {
    const list = shown(run({ output: "", tests: { passed: 1, total: 2, failed: ["assert f(1) == 2"] } }));
    expect(list.textContent).toContain("as this browser reports it; no proof");
    expect(list.textContent).toContain("assert f(1) == 2");
    expect(list.textContent).toContain("It printed nothing.");
    expect(list.textContent?.toLowerCase()).not.toContain("verified");
  });
  it("is told to those who did not do it", () => {
    const start = reduce(reduce(EMPTY, hello(you(BOB)), 0), snapshot(0), 0);
    const own = reduce(start, frame("code.ran", RAN, 1, BOB), 0);
    expect(news(start, own)).toEqual([]);
    const others = reduce(own, frame("code.ran", { ...RAN, ok: false }, 2, LIN), 0);
    expect(news(own, others)).toEqual(["林小雨 ran the code: error."]);
    expect(runSentence(run({ by: null }))).toContain("Somebody");
  });
  it("keeps who may run when an older rule does not say", () => {
    const start = reduce(reduce(EMPTY, hello(you(BOB)), 0), snapshot(0), 0);
    const { run: _, ...older } = { ...EVERYBODY, stop: "staff" as const };
    const now = reduce(start, frame("controls.changed", { controls: older as typeof EVERYBODY }, 1, ALICE), 0);
    expect(now.state?.controls).toEqual({ ...older, run: "everybody" });
  });
});
