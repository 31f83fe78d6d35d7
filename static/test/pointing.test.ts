import { render } from "lit";
import { describe, expect, it, vi } from "vitest";

import references from "../../tests/tutor/references.json";
import payloads from "../../tests/payloads.json";
import type { Item } from "../src/frames";
import "../src/markdown-element";
import { findIn, pointing, pointPressed, referenceOf, withoutReferences } from "../src/pointing";
import { itemLine } from "../src/room/items";
import "../src/room/stream-element";
import { StreamText } from "../src/stream";
import { dangers } from "./safe";
import { answer, AT, BOB, itemContext, message } from "./samples";

const [FIRST, SECOND] = references as [(typeof references)[0], (typeof references)[0]];
const SHAPE = FIRST.id;
const STEP = SECOND.id;
const about = { seq: 1, step: null, answer: null, start: null, end: null, text: "1. line", document: "d", shapes: [SHAPE] };
const step: Item = { kind: "step", seq: 1, at: AT, by: BOB, step: STEP, text: "x = 2", after: null, verdict: null, reason: "", witness: null, column: null };
const ITEMS: Item[] = [step, answer({ about })];
const find = (kind: "shape" | "step", reference: string): string | null => findIn(ITEMS, kind, reference);

function shown(text: string, isDone = true): HTMLElement {
  const host = document.body.appendChild(document.createElement("div"));
  const stream = new StreamText(host, (paint) => paint());
  stream.update(text, isDone, pointing(null, find));
  return host;
}
const links = (node: Element): string[][] => [...node.querySelectorAll<HTMLElement>(".point-to")].map(({ dataset, textContent }) => [dataset["point"] ?? "", dataset["id"] ?? "", textContent ?? ""]);

describe("[A15] a reference", () => {
  it.each(references.map(({ id, reference }) => [id, reference]))("to %s is what the server makes of it", (id, reference) => expect(referenceOf(id as string)).toBe(reference));
  it("stands for the one thing of its kind that the room has named", () => {
    expect(find("shape", FIRST.reference)).toBe(SHAPE);
    expect(find("step", SECOND.reference)).toBe(STEP);
    expect(find("step", FIRST.reference)).toBeNull();
    const board = { call: 1, tool: "draw", asked: "", offset: 0, put_ins: 0, outcome: "done", text: "", tex: "", drawing: null, board: [STEP] } as const;
    const drawn = answer({ tools: [{ ...board, board: [STEP] }] });
    expect(findIn([drawn], "shape", SECOND.reference)).toBe(STEP);
    const twin = `${SHAPE.slice(0, 8)}-ffff-4fff-bfff-ffffffffffff`;
    expect(findIn([answer({ about: { ...about, shapes: [SHAPE, twin] } })], "shape", FIRST.reference), "two of them").toBeNull();
    expect(findIn([answer({ about }), answer({ about })], "shape", FIRST.reference), "the same one named twice").toBe(SHAPE);
  });
});

describe("[A15] a sentence that points", () => {
  it("has a button in place of the reference, whatever its case", () => {
    const node = shown(`The red [shape ${FIRST.reference}] and **[Shape ${FIRST.reference.toUpperCase()}]** follow \`[step ${SECOND.reference}]\`.`);
    expect(links(node)).toEqual([["shape", SHAPE, "this shape"], ["shape", SHAPE, "this shape"], ["step", STEP, "this step"]]);
    expect(node.textContent).toBe("The red this shape and this shape follow this step.");
    expect(node.querySelector("button")?.getAttribute("title")).toBe("Show it on the board");
  });
  it.each([`[shape bcdf]`, `[shape 3]`, `[step ${FIRST.reference}]`, `[shape ${FIRST.reference}`, `[shape ${FIRST.reference}x]`, "[shape]"])("leaves %s as it was written", (text) => {
    const node = shown(`See ${text} here`);
    expect(links(node)).toEqual([]);
    expect(node.textContent).toBe(`See ${text} here`);
  });
  it("leaves code, links and formulas alone", () => {
    const reference = `[shape ${FIRST.reference}]`;
    expect(links(shown(`\`a${reference}\` [${reference}](https://example.org) $x$\n\n    ${reference}`))).toEqual([]);
  });
  it("may come piece by piece, and nothing else of the text is touched", () => {
    const host = document.body.appendChild(document.createElement("div"));
    const stream = new StreamText(host, (paint) => paint());
    const dress = pointing(null, find);
    const text = `One.\n\nThe [shape ${FIRST.reference}] is round.`;
    for (let end = 1; end <= text.length; end++) stream.update(text.slice(0, end), end === text.length, dress);
    expect(links(host)).toEqual([["shape", SHAPE, "this shape"]]);
    expect(host.textContent).toBe("One.The this shape is round.");
  });
  it("keeps the dress that the text had", () => {
    const inner = vi.fn(() => ({ key: "k", apply: (node: Element) => node.classList.add("dressed") }));
    const dress = pointing(inner, find);
    expect(dress(0, 1, "no reference")?.key).toBe("k");
    const node = document.createElement("p");
    node.textContent = `[shape ${FIRST.reference}]`;
    dress(0, 1, node.textContent)?.apply(node);
    expect([node.className, links(node).length]).toEqual(["dressed", 1]);
  });
  it.each(payloads.slice(0, 12))("has nothing dangerous in it: %j", (payload) => {
    expect(dangers(shown(`${payload} [shape ${FIRST.reference}] ${payload}`))).toEqual([]);
  });
});

describe("[A15] in the room", () => {
  it("an answer and a message have such links, by what the room has named", () => {
    const list = document.createElement("ol");
    document.body.replaceChildren(list);
    const context = itemContext({ find });
    render([itemLine(answer({ state: "completed", text: `Look at [shape ${FIRST.reference}].` }), undefined, context), itemLine(message(3, BOB, `I mean [shape ${FIRST.reference}]`), undefined, context)], list);
    for (const stream of list.querySelectorAll("cs-stream")) expect(stream.isConnected).toBe(true);
    return vi.waitFor(() => expect(links(list)).toEqual([["shape", SHAPE, "this shape"], ["shape", SHAPE, "this shape"]]));
  });
  it("a press opens the pane and says what is wanted there", () => {
    const node = shown(`[shape ${FIRST.reference}] [step ${SECOND.reference}]`);
    const heard: unknown[] = [];
    node.addEventListener("panewanted", (event) => heard.push((event as CustomEvent).detail));
    const presses: boolean[] = [];
    node.addEventListener("click", (event) => presses.push(pointPressed(event)));
    for (const made of node.querySelectorAll<HTMLElement>(".point-to svg, .point-to")) made.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    node.click();
    expect(heard).toEqual([{ pane: "board", aim: { shapes: [SHAPE] } }, { pane: "board", aim: { shapes: [SHAPE] } }, { pane: "solution", aim: STEP }, { pane: "solution", aim: STEP }]);
    expect(presses).toEqual([true, true, true, true, false]);
  });
  it("[V7] the mark of a checked line of a message leads to the solution, and is a sign with a name", async () => {
    const list = document.createElement("ol");
    document.body.replaceChildren(list);
    const checks = [{ start: 0, end: 6, verdict: "verified", reason: "It is so.", witness: null, step: STEP }] as const;
    const said = { ...message(3, BOB, "3x = 9 it is"), checks: [...checks] } as Item;
    render(itemLine(said, undefined, itemContext({ find })), list);
    const mark = await vi.waitFor(() => list.querySelector<HTMLElement>(".line-mark .point-to") ?? Promise.reject(new Error("not yet")));
    expect([mark.textContent, mark.getAttribute("aria-label"), mark.dataset["id"]]).toEqual(["", "Show it in the solution", STEP]);
    expect(list.querySelector("#seq-3")).not.toBeNull();
    expect(findIn([said], "step", SECOND.reference), "and the tutor may point at it").toBe(STEP);
  });
  it("[A16] a message shows what it points at, with the way there, as text", () => {
    const hostile = `1. text, saying “${payloads[0]}”`;
    const said = { ...message(3, BOB, "Look"), about: { ...about, text: hostile } } as Item;
    const list = document.createElement("ol");
    document.body.replaceChildren(list);
    render(itemLine(said, undefined, itemContext({ find })), list);
    const quote = list.querySelector(".about-shapes") as HTMLElement;
    expect([quote.querySelector(".about-text")?.textContent, dangers(quote)]).toEqual([hostile, []]);
    const heard: unknown[] = [];
    list.addEventListener("panewanted", (event) => heard.push((event as CustomEvent).detail));
    quote.querySelector<HTMLButtonElement>(".button")?.click();
    expect(heard).toEqual([{ pane: "board", aim: { shapes: [SHAPE] } }]);
    expect(findIn([said], "shape", FIRST.reference)).toBe(SHAPE);
  });
  it("is said in words where there are no links", () => expect(withoutReferences("[shape bcdf] and [Step bcdf]")).toBe("this shape and this step"));
});
