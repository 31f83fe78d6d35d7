import { beforeEach, describe, expect, it } from "vitest";
import { render } from "lit";

import payloads from "../../tests/payloads.json";
import "../src/markdown-element";
import type { MarkdownElement } from "../src/markdown-element";
import { SAID, TAUGHT } from "../src/marks";
import { news } from "../src/room/announcer";
import { marksDressing, once } from "../src/room/dress";
import { itemLine } from "../src/room/items";
import "../src/room/stream-element";
import type { LineMark } from "../src/steps";
import { EMPTY, reduce } from "../src/store";
import { StreamText } from "../src/stream";
import { dangers } from "./safe";
import { answer, BOB, frame, hello, LIN, message, snapshot, you, itemContext } from "./samples";

const GOOD: Omit<LineMark, "start" | "end"> = { verdict: "verified", reason: "The calculation is right.", witness: null };
const WRONG: Omit<LineMark, "start" | "end"> = { verdict: "refuted", reason: "The two sides are not equal.", witness: "7 · 8 = 56, not 54" };
function on(text: string, line: string, what: Omit<LineMark, "start" | "end">, from = 0): LineMark {
  const at = [...text.slice(0, text.indexOf(line, from))].length;
  return { ...what, start: at, end: at + [...line].length };
}
function shown(text: string, ...marks: LineMark[]): MarkdownElement {
  const node = document.createElement("cs-markdown") as MarkdownElement;
  node.dressing = marksDressing(marks, text, SAID);
  node.text = text;
  document.body.replaceChildren(node);
  return node;
}
const marksOf = (node: Element): Element[] => [...node.querySelectorAll(".line-mark")];

describe("[V7] marks beside the lines of a message", () => {
  it("stand behind plain text, also behind signs of two units", () => {
    const text = "😀 look\n2x = 4\nand so on";
    const [mark, ...more] = marksOf(shown(text, on(text, "2x = 4", GOOD)));
    expect(more).toEqual([]);
    expect(mark?.previousSibling?.textContent).toBe("2x = 4");
    expect(mark?.getAttribute("data-verdict")).toBe("verified");
    expect(mark?.querySelector(".visually-hidden")?.textContent).toBe("Verified");
  });
  it("stand behind their formula, the second behind the second", () => {
    const text = "I say $x=1$ and again $x=1$.";
    const node = shown(text, on(text, "$x=1$", GOOD), on(text, "$x=1$", WRONG, 12));
    expect(marksOf(node).map((mark) => [mark.getAttribute("data-verdict"), mark.previousElementSibling?.className])).toEqual([["verified", "maths"], ["refuted", "maths"]]);
    expect(marksOf(node)[1]?.textContent).toBe("✗Not right: 7 · 8 = 56, not 54");
  });
  it("stand at the end of a block in which the line cannot be found, in a list in its last line", () => {
    const text = "2*3*4 = 24\n\n- a\n- 5*2*2 = 21";
    const node = shown(text, on(text, "2*3*4 = 24", GOOD), on(text, "5*2*2 = 21", { ...WRONG, witness: null }));
    const [first, second] = marksOf(node);
    expect(first?.parentElement?.tagName).toBe("P");
    expect(second?.parentElement?.tagName).toBe("LI");
    expect(second?.textContent).toContain("Not right.");
  });
  it("are made of text alone", () => {
    for (const payload of payloads as string[]) {
      const node = shown(`${payload}\n\n2 = 3`, { ...WRONG, witness: payload, start: 0, end: 3 }, { ...WRONG, reason: payload, start: [...payload].length + 2, end: [...payload].length + 7 });
      expect(dangers(node)).toEqual([]);
    }
  });
});

describe("[V8] marks in an answer", () => {
  it("come to blocks that were finished, and change no other block", () => {
    const host = document.createElement("div");
    const text = "First.\n\n$$7 \\cdot 8 = 54$$\n\nLast words";
    let paint = (): void => undefined;
    const stream = new StreamText(host, (later) => void (paint = later));
    stream.update(text, false);
    paint();
    const before = [...host.children];
    const marks = [on(text, "$$7 \\cdot 8 = 54$$", WRONG)];
    const dressing = once(marks, "part 0", () => marksDressing(marks, text, TAUGHT));
    expect(once(marks, "part 0", () => null)).toBe(dressing);
    stream.update(text, false, dressing);
    paint();
    expect(host.children[0]).toBe(before[0]);
    expect(host.querySelector(".line-why")?.textContent).toBe("The tutor's line does not hold: 7 · 8 = 56, not 54");
    stream.update(`${text} and more`, true, dressing);
    paint();
    expect(host.querySelectorAll(".line-mark")).toHaveLength(1);
    expect(host.textContent).toContain("Last words and more");
  });
  it("stand in the part of the answer to which they belong", async () => {
    const text = "2 = 2\n\n3 = 4";
    const item = answer({ state: "completed", text, inserts: [{ offset: 7, text: "why?", by: BOB }], checks: [on(text, "3 = 4", { ...WRONG, witness: "3 ≠ 4" })] });
    const list = document.createElement("ol");
    render(itemLine(item, undefined, itemContext()), list);
    document.body.replaceChildren(list);
    await new Promise((done) => setTimeout(done, 60));
    const [first, second] = list.querySelectorAll("cs-stream");
    expect([first?.querySelectorAll(".line-mark").length, second?.querySelectorAll(".line-mark").length]).toEqual([0, 1]);
  });
});

describe("what is announced of marks", () => {
  let room = reduce(reduce(EMPTY, hello(you(BOB)), 0), snapshot(0), 0);
  beforeEach(() => (room = reduce(reduce(EMPTY, hello(you(BOB)), 0), snapshot(0), 0)));
  it("of everybody's messages", () => {
    const said = reduce(room, frame("message.posted", { text: "2x = 4" }, 1, LIN), 0);
    const checked = reduce(said, frame("lines.checked", { message: 1, answer: null, checks: [{ ...GOOD, start: 0, end: 6 }] }, 2), 0);
    expect(news(said, checked)).toEqual(["The line of 林小雨: Verified"]);
  });
  it("of the tutor what does not hold", () => {
    const asked = reduce(room, snapshot(2, { ...room.state!, items: [answer({ seq: 1 }), message(2, BOB, "hm")] }), 0);
    const checked = reduce(asked, frame("lines.checked", { message: null, answer: "x", checks: [{ ...WRONG, start: 0, end: 2 }, { ...GOOD, start: 3, end: 4 }] }, 3), 0);
    expect(news(asked, checked)).toEqual(["The tutor's line does not hold: 7 · 8 = 56, not 54"]);
  });
});
