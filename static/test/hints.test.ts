import { render } from "lit";
import { describe, expect, it } from "vitest";

import type { HintItem, LadderState } from "../src/frames";
import { dateWords, hintChance, isTry, RUNG_NAMES, rungName } from "../src/ladder";
import { news } from "../src/room/announcer";
import { hintBar, type HintBarContext } from "../src/room/hint-bar";
import { itemLine } from "../src/room/items";
import { EMPTY, reduce, type RoomView } from "../src/store";
import { ALICE, answer, AT, BOB, frame, hello, LIN, roomState, snapshot, you, itemContext } from "./samples";

const NOW = Date.parse(AT);
function ladder(change: Partial<LadderState> = {}): LadderState {
  return { rung: 0, reached: 0, more: false, given: 0, ceiling: 4, budget: null, attempt_first: true, solution_at: null, tried: true, ...change };
}
function hint(change: Partial<HintItem> = {}): HintItem {
  return { kind: "hint", seq: 3, at: AT, by: null, rung: 1, text: "Start *inside*.", asked_by: LIN, ...change };
}

describe("whether a hint can be asked for (N3, N4)", () => {
  it.each<[string, Partial<LadderState>, string, string]>([
    ["the first", {}, "Hint 1 of 4", ""],
    ["without a try", { tried: false }, "Hint 1 of 4 · Show a try first", ""],
    ["with a bound", { rung: 1, reached: 1, given: 1, budget: 3 }, "Hint 2 of 4 · 2 left", ""],
    ["another one of the same rung", { rung: 2, reached: 2, more: true, ceiling: 2 }, "Hint 2 of 2", ""],
    ["at the ceiling", { rung: 2, reached: 2, ceiling: 2 }, "", "No hints left: ask your teacher."],
    ["none left", { given: 3, budget: 3 }, "", "No hints left: ask your teacher."],
    ["opened by staff", { rung: 5, reached: 2, given: 3, budget: 3, tried: false }, "Hint 5 of 5", ""],
    ["after the date", { rung: 4, reached: 4, ceiling: 1, budget: 0, tried: false, solution_at: AT }, "Hint 5 of 5", ""],
    ["before the date", { rung: 4, reached: 4, solution_at: "2026-11-21T09:00:00.001Z" }, "", "No hints left: ask your teacher."],
    ["after the solution", { rung: 5, reached: 5 }, "", "The solution has been given."],
  ])("%s", (_, change, words, why) => expect(hintChance(ladder(change), false, NOW)).toEqual({ words, why }));
  it("asks no try of staff, and tells them what they can do", () => {
    expect(hintChance(ladder({ tried: false }), true, NOW).words).toBe("Hint 1 of 4");
    expect(hintChance(ladder({ budget: 0 }), true, NOW).why).toBe("No hints left: set another level.");
  });
  it("names every rung", () => {
    expect(RUNG_NAMES).toHaveLength(6);
    expect([rungName(0), rungName(5), rungName(9)]).toEqual(["What have you tried?", "The solution", "Level 9"]);
    expect(dateWords("2026-12-01T08:00:00Z")).toMatch(/1/);
  });
  it("counts nobody's tries but students', and no other kind of line", () => {
    expect(isTry("message.posted", ALICE, "x = 7")).toBe(false);
    expect(isTry("message.posted", null, "x = 7")).toBe(false);
    expect(isTry("answer.inserted", BOB, "x = 7")).toBe(false);
    expect(isTry("step.submitted", BOB, "x")).toBe(true);
  });
});

describe("the bar above the composer", () => {
  const done: unknown[] = [];
  function bar(change: Partial<HintBarContext> = {}): HTMLElement {
    const host = document.createElement("div");
    const context = { ladder: ladder(), isStaff: false, isPending: false, now: NOW, ask: () => void done.push("ask"), move: (rung: number) => void done.push(rung), ...change };
    render(hintBar(context), host);
    return host;
  }
  const button = (host: HTMLElement): HTMLButtonElement => host.querySelector("button") as HTMLButtonElement;
  it("is not there without a problem", () => expect(bar({ ladder: null }).querySelector("*")).toBeNull());
  it("asks, and says beside the button where the room stands", () => {
    const host = bar();
    button(host).click();
    expect(done.splice(0)).toEqual(["ask"]);
    expect(host.querySelector("#hint-words")?.textContent).toBe("Hint 1 of 4");
    expect(button(host).getAttribute("aria-describedby")).toBe("hint-words");
  });
  it("asks once while it waits, and not when there is none", () => {
    expect(button(bar({ isPending: true })).disabled).toBe(true);
    const none = bar({ ladder: ladder({ budget: 0 }) });
    expect([button(none).disabled, none.querySelector(".hint-words")?.textContent]).toEqual([true, "No hints left: ask your teacher."]);
    expect(button(bar({ ladder: ladder({ tried: false }) })).disabled, "the tutor then asks what was tried").toBe(false);
  });
  it("tells when the solution comes", () => {
    expect(bar({ ladder: ladder({ solution_at: "2026-12-01T08:00:00.000Z" }) }).textContent).toContain("Solution from");
    expect(bar({ ladder: ladder({ solution_at: AT }) }).textContent).not.toContain("Solution from");
  });
  it("lets staff move the rung, and nobody else", () => {
    expect(bar().querySelector("select")).toBeNull();
    const select = bar({ isStaff: true, ladder: ladder({ rung: 2 }) }).querySelector("select") as HTMLSelectElement;
    expect([select.value, select.options.length, select.labels?.[0]?.textContent?.trim()]).toEqual(["2", 6, expect.stringContaining("How far the tutor may go")]);
    select.value = "5";
    select.dispatchEvent(new Event("change"));
    expect(done.splice(0)).toEqual([5]);
  });
});

describe("a hint in the log", () => {
  const context = itemContext();
  function shown(item: Parameters<typeof itemLine>[0]): HTMLElement {
    const list = document.createElement("ol");
    render(itemLine(item, undefined, context), list);
    return list;
  }
  it("is a card with its kind and who asked, its text by the one renderer", () => {
    const list = shown(hint({ text: "Start <b>inside</b>." }));
    expect(list.querySelector(".badge")?.textContent).toBe("A nudge");
    expect(list.querySelector(".what")?.textContent).toBe("for 林小雨");
    expect((list.querySelector("cs-markdown") as HTMLElement & { text: string }).text).toBe("Start <b>inside</b>.");
    expect(list.querySelector("b")).toBeNull();
    expect(list.querySelector("article")?.getAttribute("aria-label")).toMatch(/^Hint, A nudge, /);
  });
  it("is an answer with its mark when the tutor phrases it", () => {
    const list = shown(answer({ hint: 4, question: "A hint, please.", state: "failed" }));
    expect(list.querySelector(".answer-head")?.textContent).toContain("A similar example");
    expect(list.querySelector(".what")?.textContent).toBe("asked for a hint");
    expect(list.textContent).not.toContain("A hint, please.");
    expect(list.querySelector(".answer-foot button:not(.play-back)"), "the button above the composer asks again").toBeNull();
    expect(shown(answer({ state: "failed" })).querySelector(".answer-foot button:not(.play-back)")).not.toBeNull();
  });
});

describe("what is announced", () => {
  const start: RoomView = [hello(you(BOB)), snapshot(0, roomState([], { ladder: ladder() }))].reduce((view, one) => reduce(view, one, 0), EMPTY);
  const given = { ...ladder({ rung: 1, reached: 1, given: 1 }) } as Partial<LadderState>;
  delete given.tried;
  it("a hint with its kind, and who moved the rung", () => {
    const after = reduce(start, frame("hint.given", { rung: 1, text: "Start *inside*.", answer: null, asked_by: LIN, ladder: given as LadderState }, 1), 0);
    expect(news(start, after)).toEqual(["Hint, A nudge: Start inside."]);
    const moved = reduce(after, frame("rung.moved", { rung: 5, before: 1, ladder: given as LadderState }, 2, ALICE), 0);
    expect(news(after, moved)).toEqual(["Alice Archer set the hints to “The solution”."]);
    const ruled = reduce(moved, frame("rules.changed", { ladder: given as LadderState }, 3, ALICE), 0);
    expect(news(moved, ruled)).toEqual(["Alice Archer changed the rules for hints."]);
  });
  it("that somebody asks the tutor for one", () => {
    const asked = reduce(start, frame("answer.asked", { answer: "x", text: "A hint, please." }, 1, LIN), 0);
    const marked = reduce(asked, frame("hint.given", { rung: 4, text: "", answer: "x", asked_by: LIN, ladder: given as LadderState }, 2), 0);
    expect(news(start, marked)).toEqual(["林小雨 asks for a hint."]);
    expect(marked.state?.ladder?.tried).toBe(false);
  });
});
