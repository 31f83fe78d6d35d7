import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Item, Received, StepItem } from "../src/frames";
import type { PaneContext } from "../src/panes";
import { ask, chatShow } from "../src/panes/asking";
import { lineOf, nextAfter, solutionsOf, tallyOf } from "../src/panes/solution";
import "../src/panes/solution-element";
import type { SolutionElement } from "../src/panes/solution-element";
import { stepBody } from "../src/room/step-line";
import { EMPTY, type RoomView } from "../src/store";
import { render } from "lit";
import { ALICE, AT, BOB, errorFrame, LIN, message, ROOM, roomState, you } from "./samples";
import { dangers } from "./safe";

let count = 0;
function step(id: string, after: string | null, change: Partial<StepItem> = {}): StepItem {
  return { kind: "step", seq: ++count, at: AT, by: BOB, step: id, text: `${id} = 1`, after, verdict: "verified", reason: "It says the same.", witness: null, column: null, ...change };
}
beforeEach(() => void (count = 0));

describe("solutions out of steps", () => {
  it("puts every step behind the one it follows, in one solution each", () => {
    const items = [step("a", null), message(90, LIN, "hm"), step("b", "a"), step("x", null, { by: LIN }), step("c", "b"), step("y", "x", { by: LIN })];
    const found = solutionsOf(items);
    expect(found.map(({ lines }) => lines.map(({ item, number }) => `${number}${item.step}`))).toEqual([["1a", "2b", "3c"], ["1x", "2y"]]);
    expect(found.flatMap(({ lines }) => lines.map(({ follows }) => follows))).toEqual([null, null, null, null, null]);
  });
  it("says where a line goes on from one further up, or from one that is not here", () => {
    const [first, second] = solutionsOf([step("a", null), step("b", "a"), step("c", "a"), step("d", "gone")]);
    expect(first?.lines.map(({ follows }) => follows)).toEqual([null, null, 1]);
    expect(second?.lines[0]?.isAfterElsewhere).toBe(true);
  });
  it("counts a step once, whatever comes twice", () => {
    const twice = step("a", null);
    expect(solutionsOf([twice, { ...twice, seq: 9 }])).toHaveLength(1);
  });
  it("counts verdicts", () => {
    const [one] = solutionsOf([step("a", null), step("b", "a", { verdict: null }), step("c", "b", { verdict: "refuted" }), step("d", "c", { verdict: "unknown" })]);
    expect(one && tallyOf(one)).toEqual({ verified: 1, refuted: 1, unknown: 1, waiting: 1 });
  });
  it("goes on where this person wrote last, else where anybody did", () => {
    const found = solutionsOf([step("a", null), step("x", null, { by: LIN }), step("b", "a", { by: LIN }), step("y", "x", { by: ALICE })]);
    expect(nextAfter(found, BOB.id)?.item.step).toBe("b");
    expect(nextAfter(found, LIN.id)?.item.step).toBe("b");
    expect(nextAfter(found, "nobody")?.item.step).toBe("y");
    expect(nextAfter([], BOB.id)).toBeNull();
    expect(lineOf(found, "y")?.number).toBe(2);
    expect(lineOf(found, "z")).toBeNull();
  });
});

class FakeRoom {
  sent: { type: string; data: unknown; id: string }[] = [];
  asked: unknown[] = [];
  private ears = new Set<(frame: Received) => void>();
  context(view: RoomView): PaneContext {
    return {
      room: ROOM, view,
      send: (type, data) => {
        this.sent.push({ type, data, id: `id${this.sent.length}` });
        return `id${this.sent.length - 1}`;
      },
      listen: (hear) => (this.ears.add(hear), () => void this.ears.delete(hear)),
      askAbout: (about, words) => void this.asked.push([about, words]),
    };
  }
  hears(frame: Received): void {
    for (const ear of [...this.ears]) ear(frame);
  }
  get listeners(): number {
    return this.ears.size;
  }
}

describe("a frame of a pane", () => {
  it("resolves with its own ack and with no other", async () => {
    const room = new FakeRoom();
    const heard = vi.fn();
    void ask(room.context(EMPTY), "step.submit", { text: "1" }).then(heard);
    room.hears({ type: "ack", ref: "other", seq: 1 });
    room.hears({ type: "ack", ref: "id0", seq: 7 });
    await Promise.resolve();
    expect(heard).toHaveBeenCalledWith(7);
    expect(room.listeners).toBe(0);
  });
  it("rejects with the server's error", async () => {
    const room = new FakeRoom();
    const asked = ask(room.context(EMPTY), "step.submit", { text: "1" });
    room.hears(errorFrame("id0"));
    await expect(asked).rejects.toMatchObject({ code: "bad_field" });
  });
});

describe("the pane", () => {
  let room: FakeRoom;
  let pane: SolutionElement;
  const view = (items: StepItem[], who = you(BOB), change = {}): RoomView => ({ ...EMPTY, you: who, state: roomState(items, change) });
  const all = (selector: string): HTMLElement[] => [...pane.querySelectorAll<HTMLElement>(selector)];
  const words = (selector: string): string => pane.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? "";
  const press = (name: string, at = 0): void => all(`button[aria-label="${name}"]`)[at]?.click();
  async function shown(next: RoomView): Promise<void> {
    pane.context = room.context(next);
    await pane.updateComplete;
  }
  async function write(text: string): Promise<void> {
    const input = pane.querySelector("input") as HTMLInputElement;
    input.value = text;
    input.dispatchEvent(new InputEvent("input"));
    await pane.updateComplete;
    pane.querySelector("form")?.requestSubmit();
    await pane.updateComplete;
  }
  beforeEach(() => {
    room = new FakeRoom();
    pane = document.createElement("cs-solution") as SolutionElement;
    Element.prototype.scrollTo = () => undefined;
    Element.prototype.scrollIntoView = vi.fn();
    document.body.replaceChildren(pane);
  });
  const three = (): StepItem[] => [
    step("a", null, { text: "2x + 3 = 7", verdict: "unknown", reason: "There is no line before it to compare it with." }),
    step("b", "a", { text: "2x = 4", by: LIN }),
    step("c", "b", { text: "x = 5", verdict: "refuted", reason: "This line allows what the line before does not.", witness: "x = 5 gives 10 ≠ 4 in the line before" }),
  ];

  const said = (seq: number, id: string): Item => ({ ...message(seq, LIN, "so 3x = 9"), checks: [{ start: 3, end: 9, verdict: "verified", reason: "It is so.", witness: null, step: id }] }) as Item;

  it("leads from a line to the message whose line it follows, and from there to it", async () => {
    await shown({ ...view([]), state: roomState([said(7, "m"), step("a", "m"), step("z", "gone")]) });
    const line = document.createElement("p");
    line.id = "seq-7";
    document.body.append(line);
    Object.assign(line, { getClientRects: () => [1] });
    const [button, ...others] = all(".solution-by .button");
    expect([button?.textContent, others.length, words(".solution-by > .muted")]).toEqual(["follows a line of the chat", 0, "follows a line of the chat"]);
    button?.click();
    await vi.waitFor(() => expect(line.classList.contains("pointed")).toBe(true));
    pane.aim = "m";
    await pane.updateComplete;
    expect(pane.querySelector(".pointed-at")?.getAttribute("data-line")).toBe("a");
  });
  it("goes on from a line of a message that nothing follows yet", async () => {
    await shown({ ...view([]), state: roomState([said(7, "m")]) });
    pane.aim = "m";
    await pane.updateComplete;
    expect(words(".solution-behind-words")).toBe("Goes on from a line of the chat");
    await write("x = 3");
    expect(room.sent.at(-1)).toMatchObject({ type: "step.submit", data: { text: "x = 3", after: "m" } });
    room.hears({ type: "ack", ref: "id0", seq: 8 });
    await vi.waitFor(() => expect(pane.place).toEqual({ kind: "usual" }));
    pane.aim = "nobody knows it";
    await pane.updateComplete;
    expect(pane.place).toEqual({ kind: "usual" });
  });

  it("shows each line with its verdict, reason, witness and writer", async () => {
    await shown(view(three()));
    expect(all(".solution-line").map((line) => line.dataset["verdict"])).toEqual(["unknown", "verified", "refuted"]);
    expect(all(".solution-line .badge").map((badge) => badge.textContent)).toEqual(["Cannot tell", "Verified", "Not right"]);
    expect(words(".solution-line:nth-child(3)")).toContain("x = 5 gives 10 ≠ 4");
    expect(words(".solution-line:nth-child(2) .solution-by")).toContain("林小雨");
    expect(words(".solution-tally")).toBe("1 verified · 1 not right · 1 cannot tell");
    expect(all("math").length).toBeGreaterThan(2);
  });
  it("is accessible", async () => {
    await shown(view(three()));
    const { violations } = await axe.run(pane, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });
  it("says what to do in an empty room, and sends the first line as it comes", async () => {
    await shown(view([]));
    expect(words(".empty")).toContain("line by line");
    await write(" 2x = 4 ");
    expect(room.sent.map(({ type, data }) => [type, data])).toEqual([["step.submit", { text: "2x = 4" }]]);
  });
  it("goes on from the last line, and empties the box when the server has it", async () => {
    await shown(view(three()));
    expect(words(".solution-behind-words")).toContain("Goes on from line 3");
    await write("x = 2");
    expect(room.sent[0]?.data).toEqual({ text: "x = 2", after: "c" });
    expect(pane.querySelector("input")?.readOnly).toBe(true);
    room.hears({ type: "ack", ref: "id0", seq: 9 });
    await vi.waitFor(() => expect(pane.querySelector("input")?.value).toBe(""));
    await vi.waitFor(() => expect(pane.querySelector("input")?.readOnly).toBe(false));
  });
  it("goes on from a line that was chosen, and back", async () => {
    await shown(view(three()));
    press("Go on from this line", 1);
    await pane.updateComplete;
    expect(words(".solution-behind-words")).toContain("line 2");
    expect(pane.querySelector(".chosen")?.getAttribute("data-line")).toBe("b");
    all(".solution-behind button")[0]?.click();
    await pane.updateComplete;
    expect(words(".solution-behind-words")).toContain("line 3");
  });
  it("begins a new solution", async () => {
    await shown(view(three()));
    all(".solution-behind button").at(-1)?.click();
    await pane.updateComplete;
    expect(words(".solution-behind-words")).toBe("Begins a new solution");
    await write("y = 1");
    expect(room.sent[0]?.data).toEqual({ text: "y = 1", fresh: true });
  });
  it("keeps the text and says why when the server refuses it", async () => {
    await shown(view(three()));
    await write("x = 2");
    room.hears(errorFrame("id0", { code: "slow_down", message: "Too fast.", retryable: true, retry_ms: 2000 }));
    await vi.waitFor(() => expect(words(".composer-fault")).not.toBe(""));
    expect(pane.querySelector("input")?.value).toBe("x = 2");
  });
  it("shows the line as maths while it is written, and refuses one that is too long", async () => {
    await shown(view([]));
    await write("x^2 = 4");
    expect(pane.querySelector(".solution-preview math")).not.toBeNull();
    room.hears({ type: "ack", ref: "id0", seq: 1 });
    await vi.waitFor(() => expect(pane.querySelector("input")?.readOnly).toBe(false));
    await write("1".repeat(1001));
    expect(words(".composer-fault")).toContain("1 characters too long");
    expect(room.sent).toHaveLength(1);
  });
  it("asks the tutor about a line, where this room lets this person", async () => {
    await shown(view(three()));
    press("Ask about this step", 2);
    expect(room.asked).toEqual([[{ step: "c" }, "x = 5"]]);
    const controls = { stop: "everybody", pause: "everybody", insert: "everybody", highlight: "everybody", about: "asker" } as const;
    await shown(view(three(), you(BOB), { controls }));
    expect(all(`button[aria-label="Ask about this step"]`)).toHaveLength(2);
  });
  it("has nothing to write with for an observer or in a closed room", async () => {
    await shown(view(three(), you(BOB, { can: { post: false, ask: false, stop: false } })));
    expect(pane.querySelector("form")).toBeNull();
    expect(words(".solution-closed")).not.toBe("");
    await shown(view(three(), you(BOB), { room: { id: ROOM, title: "T", state: "closed", class: "Y" } }));
    expect(pane.querySelector("form")).toBeNull();
    expect(all(`button[aria-label="Go on from this line"]`)).toHaveLength(0);
  });
  it("shows a line that the chat points at", async () => {
    await shown(view(three()));
    pane.aim = "b";
    await pane.updateComplete;
    expect(pane.querySelector(".pointed-at")?.getAttribute("data-line")).toBe("b");
    expect(Element.prototype.scrollIntoView).toHaveBeenCalled();
  });
  it("makes no markup of a line", async () => {
    await shown(view([step("a", null, { text: "<img src=x onerror=alert(1)>", verdict: null, reason: "" })]));
    expect(dangers(pane.querySelector(".solution-lines") as Element)).toEqual([]);
    expect(words(".solution-said")).toBe("<img src=x onerror=alert(1)>");
  });
});

describe("between chat and solution", () => {
  it("a step in the chat opens the solution at its line", () => {
    const box = document.createElement("div");
    document.body.replaceChildren(box);
    render(stepBody(step("a", null)), box);
    const wanted = vi.fn();
    box.addEventListener("panewanted", (event) => wanted((event as CustomEvent).detail));
    box.querySelector<HTMLElement>(`[aria-label="Show it in the solution"]`)?.click();
    expect(wanted).toHaveBeenCalledWith({ pane: "solution", aim: "a" });
  });
  it("a line in the solution shows the chat's, on a phone by opening the chat", async () => {
    const line = document.createElement("p");
    line.id = "seq-4";
    line.scrollIntoView = vi.fn();
    line.getClientRects = () => [{}] as unknown as DOMRectList;
    document.body.replaceChildren(line);
    const wanted = vi.fn();
    document.body.addEventListener("panewanted", wanted, { once: true });
    vi.stubGlobal("matchMedia", () => ({ matches: false }));
    chatShow(document.body, 4);
    await vi.waitFor(() => expect(line.scrollIntoView).toHaveBeenCalled());
    expect(wanted).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });
});
