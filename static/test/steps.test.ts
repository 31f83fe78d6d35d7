import { beforeEach, describe, expect, it, vi } from "vitest";

import "../src/room/composer";
import type { StepItem } from "../src/frames";
import { news } from "../src/room/announcer";
import type { Composer, Wanted } from "../src/room/composer";
import { itemLine } from "../src/room/items";
import { stepLook, stepSentence } from "../src/room/step-line";
import { stepTex } from "../src/step-tex";
import { EMPTY, reduce, type RoomView } from "../src/store";
import { render } from "lit";
import { ALICE, AT, BOB, frame, hello, LIN, snapshot, you, itemContext } from "./samples";

function step(change: Partial<StepItem> = {}): StepItem {
  return { kind: "step", seq: 1, at: AT, by: BOB, step: "s", text: "2x = 4", after: null, verdict: null, reason: "", witness: null, column: null, ...change };
}
const REFUTED = { verdict: "refuted", reason: "This line allows what the line before does not.", witness: "x = 5 gives 13 ≠ 21 in the line before", column: null } as const;

describe("a line as TeX", () => {
  it.each([
    ["2x + 3 = 7", "2x + 3 = 7"],
    ["x <= 3", "x \\le  3"],
    ["x >= 3 and y != 2", "x \\ge  3 \\text{ and } y \\ne  2"],
    ["3*4 ÷ 2", "3\\cdot 4 \\div  2"],
    ["1/2 + 3/4", "\\frac{1}{2} + \\frac{3}{4}"],
    ["x/2", "x/2"],
    ["(1)/2x", "(1)/2x"],
    ["x^10 + 2^(n+1)", "x^{10} + 2^{n+1}"],
    ["x**2", "x^{2}"],
    ["sqrt(2x+3) = 5", "\\sqrt{2x+3} = 5"],
    ["sqrt(1+sqrt(x))", "\\sqrt{1+\\sqrt{x}}"],
    ["sin x + ln(2)", "\\sin  x + \\ln (2)"],
    ["25%", "25\\%"],
    ["\\frac{1}{2} x", "\\frac{1}{2} x"],
    ["$$x=7$$", "x=7"],
  ])("%s", (text, tex) => expect(stepTex(text)).toBe(tex));
  it.each(["", "   ", "20 apples + 3", "the answer", "sqrt(2", "a $5 and $6", "x = 1\ny = 2"])("leaves %j as it was typed", (text) => expect(stepTex(text)).toBeNull());
});

describe("the look of a step", () => {
  const context = itemContext();
  function shown(item: StepItem): HTMLElement {
    const list = document.createElement("ol");
    render(itemLine(item, undefined, context), list);
    return list;
  }
  it.each([
    [null, "Checking…"],
    ["verified", "Verified"],
    ["refuted", "Not right"],
    ["unknown", "Cannot tell"],
  ] as const)("says %s in words, with a sign beside them", (verdict, words) => {
    const list = shown(step({ verdict, reason: verdict ? "Why." : "" }));
    expect(list.querySelector(".badge")?.textContent).toBe(words);
    expect(list.querySelector(".badge svg")?.getAttribute("aria-hidden")).toBe("true");
    expect(list.querySelector(".step")?.getAttribute("data-verdict")).toBe(verdict ?? "waiting");
  });
  it("shows the line as maths, the reason and the witness", () => {
    const list = shown(step(REFUTED));
    expect(list.querySelector(".step-text math")).not.toBeNull();
    expect(list.querySelector(".step-witness")?.textContent).toBe(REFUTED.witness);
    expect(list.querySelector(".step-reason")?.textContent).toContain(REFUTED.reason);
    expect(list.querySelector("article")?.getAttribute("aria-label")).toContain("Step by Bob Baker");
  });
  it("shows what is no maths as it was typed, and where reading stopped", () => {
    const list = shown(step({ text: "2x + <b>bold</b>", verdict: "unknown", reason: "I can't read this as maths.", column: 6 }));
    expect(list.querySelector(".step-text code")?.textContent).toBe("2x + <b>bold</b>");
    expect(list.querySelector("b")).toBeNull();
    expect(list.querySelector("mark")?.textContent).toBe("<");
    expect(list.querySelector(".step-place")?.textContent).toContain("character 6");
  });
  it("lets the keyboard scroll a long line, and says what it is", () => {
    const long = shown(step({ text: `${"1 + ".repeat(20)}1` })).querySelector(".step-text");
    expect([long?.getAttribute("tabindex"), long?.getAttribute("aria-label")]).toEqual(["0", "The step"]);
    expect(shown(step()).querySelector(".step-text")?.hasAttribute("tabindex")).toBe(false);
  });
  it("marks the end of the line when it ends too early", () => {
    const list = shown(step({ text: "a very long line that goes on +", verdict: "unknown", reason: "No.", column: 32 }));
    expect(list.querySelector("mark")?.textContent).toBe("⎵");
    expect(list.querySelector(".step-place code")?.textContent).toMatch(/^…/);
  });
  it("has a sentence for those who listen", () => {
    expect(stepSentence(step(REFUTED))).toBe(`The step 2x = 4: not right. ${REFUTED.reason} ${REFUTED.witness}.`);
    expect(stepLook(step()).words).toBe("Checking…");
  });
});

describe("what is announced", () => {
  function room(): RoomView {
    return reduce(reduce(EMPTY, hello(you(BOB)), 0), snapshot(0), 0);
  }
  const submitted = (seq: number, by: typeof BOB): ReturnType<typeof frame> => frame("step.submitted", { step: `s${seq}`, text: "x = 5", after: null }, seq, by);
  it("a step of somebody else, and each verdict once", () => {
    const start = room();
    const own = reduce(start, submitted(1, BOB), 0);
    expect(news(start, own)).toEqual([]);
    const others = reduce(own, submitted(2, LIN), 0);
    expect(news(own, others)).toEqual(["林小雨 shows a step: x = 5"]);
    const checked = reduce(others, frame("step.checked", { step: "s1", ...REFUTED }, 3), 0);
    expect(news(others, checked)[0]).toContain("The step x = 5: not right.");
    const spoken = reduce(checked, frame("message.posted", { text: "oh" }, 4, ALICE), 0);
    expect(news(checked, spoken)).toEqual(["Alice Archer: oh"]);
  });
  it("ends the sign of who was writing", () => {
    const typing = reduce(room(), frame("typing.shown", {}, null, LIN), 0);
    expect(typing.typing).toHaveLength(1);
    expect(reduce(typing, submitted(1, LIN), 1).typing).toEqual([]);
  });
});

describe("the composer's third mode", () => {
  let composer: Composer;
  let wanted: Wanted[];
  const box = (): HTMLTextAreaElement => composer.querySelector("textarea") as HTMLTextAreaElement;
  async function type(text: string): Promise<void> {
    box().value = text;
    box().dispatchEvent(new InputEvent("input", { bubbles: true }));
    await composer.updateComplete;
  }
  async function enter(change: KeyboardEventInit = {}): Promise<void> {
    box().dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...change }));
    await composer.updateComplete;
  }
  beforeEach(async () => {
    vi.useFakeTimers();
    composer = document.createElement("cs-composer") as Composer;
    wanted = [];
    composer.addEventListener("wanted", (event) => void wanted.push((event as CustomEvent<Wanted>).detail));
    document.body.replaceChildren(composer);
    await composer.updateComplete;
    composer.querySelector<HTMLInputElement>("input[value=step]")?.click();
    await composer.updateComplete;
    return () => vi.useRealTimers();
  });
  it("sends a step with Enter, and asks the tutor with Control and Enter", async () => {
    expect(box().getAttribute("aria-label")).toBe("Your next line of maths");
    expect(composer.querySelector(".send")?.getAttribute("aria-label")).toBe("Check the step");
    await type(" 2x = 4 ");
    await enter();
    vi.advanceTimersByTime(500);
    await enter({ ctrlKey: true });
    expect(wanted).toEqual([
      { mode: "step", text: "2x = 4", into: null },
      { mode: "tutor", text: "2x = 4", into: null },
    ]);
  });
  it("works while the tutor is away, and not for who may not write", async () => {
    composer.tutorReason = "The tutor is away.";
    await type("2x = 4");
    await enter();
    expect(wanted).toHaveLength(1);
    composer.canPost = false;
    vi.advanceTimersByTime(500);
    await type("2x = 6");
    await enter();
    expect(wanted).toHaveLength(1);
  });
  it("says when a line is too long for a step", async () => {
    await type("1+".repeat(501));
    expect(composer.querySelector(".composer-fault")?.textContent).toContain("1,000 fit");
    await enter();
    expect(wanted).toEqual([]);
  });
});
