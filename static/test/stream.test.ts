import { beforeEach, describe, expect, it } from "vitest";

import payloads from "../../tests/payloads.json";
import { renderInto } from "../src/markdown";
import { closedEmphasis, patched, StreamText } from "../src/stream";
import { dangers } from "./safe";

const ANSWER = [
  "Let us solve **$2x + 3 = 11$** step by step.",
  "## Step 1",
  "Subtract 3 from both sides:",
  "$$\n2x = 11 - 3 = 8\n$$",
  "- divide by *two*\n- so \\(x = 4\\)\n\n- check with `2*4+3`",
  "1. one\n\n2. two costs $5\n\n3. three",
  "```python\nx = (11 - 3) / 2\n\nprint(x)\n```",
  "> a quote\n> goes on",
  "| a | b |\n|---|---|\n| 1 | $y$ |",
  "\\[\n\\begin{aligned} x &= 4 \\\\ y &= 5 \\end{aligned}\n\\]",
  "价格是 $18$ 元。 שלום",
  "#hashtag\n#\nIt costs $5 and $7 in total.",
].join("\n\n");

function whole(text: string): string {
  const node = document.createElement("div");
  renderInto(node, text);
  return node.innerHTML;
}

function stream(host: Element): StreamText {
  return new StreamText(host, (paint) => paint());
}

describe("StreamText", () => {
  let host: HTMLElement;
  beforeEach(() => {
    host = document.createElement("div");
    document.body.replaceChildren(host);
  });

  it("never touches a finished block again", async () => {
    const text = stream(host);
    let touched = 0;
    const finished = new Set<Node>();
    const observer = new MutationObserver(() => undefined);
    observer.observe(host, { childList: true, subtree: true, characterData: true, attributes: true });
    for (let length = 1; length <= ANSWER.length; length++) {
      text.update(ANSWER.slice(0, length), false);
      for (const record of observer.takeRecords()) {
        for (const block of finished) {
          if (block.contains(record.target) || [...record.removedNodes].includes(block as ChildNode)) touched++;
        }
      }
      if (ANSWER.slice(0, length).endsWith("\n\n")) continue;
      const settled = (text as unknown as { finished: { node: Node }[] }).finished;
      for (const { node } of settled) finished.add(node);
    }
    expect(finished.size).toBeGreaterThan(9);
    expect(touched).toBe(0);
    text.update(ANSWER, true);
    const records = observer.takeRecords();
    expect(records.filter((record) => [...finished].some((block) => block.contains(record.target)))).toEqual([]);
  });

  it.each([1, 3, 7, 40])("ends as if rendered at once, in pieces of %i", (size) => {
    const text = stream(host);
    for (let length = 0; length < ANSWER.length; length += size) text.update(ANSWER.slice(0, length), false);
    text.update(ANSWER, true);
    expect(host.innerHTML).toBe(whole(ANSWER));
  });

  it("ends as if rendered at once for every payload", () => {
    for (const payload of payloads) {
      const both = `Start.\n\n${payload}\n\nEnd.`;
      const node = document.createElement("div");
      const text = stream(node);
      for (let length = 1; length <= both.length; length++) {
        text.update(both.slice(0, length), false);
        expect(dangers(node)).toEqual([]);
      }
      text.update(both, true);
      expect(node.innerHTML).toBe(whole(both));
    }
  });

  it.each(["so $\\frac{1}{2", "so $$\\frac{1}", "so \\(\\frac{1}", "$$\nx = \\frac{1", "\\[\n\\frac{1", "\\begin{align}\na &="])("holds an open formula back: %j", (open) => {
    const text = stream(host);
    text.update(open, false);
    expect(host.querySelector(".pending")).not.toBeNull();
    expect(host.querySelector(".katex")).toBeNull();
  });

  it("shows an open formula as it is when the text ends there", () => {
    const text = stream(host);
    text.update("so $\\frac{1", false);
    text.update("so $\\frac{1", true);
    expect(host.querySelector(".pending")).toBeNull();
    expect(host.textContent).toBe("so $\\frac{1");
  });

  it("does not hold money back", () => {
    const text = stream(host);
    text.update("She earns $18 every day at the", false);
    expect(host.querySelector(".pending")).toBeNull();
  });

  it("never shows a formula that is broken for a moment", () => {
    const text = stream(host);
    for (let length = 1; length <= ANSWER.length; length++) {
      text.update(ANSWER.slice(0, length), false);
      expect(host.querySelector(".maths-source")).toBeNull();
    }
  });

  it("replaces everything when the text is not the same any more", () => {
    const text = stream(host);
    text.update("one\n\ntwo\n\nthree", false);
    text.update("another\n\ntwo", true);
    expect(host.innerHTML).toBe(whole("another\n\ntwo"));
  });

  it("paints once a frame, with the newest text", () => {
    const paints: (() => void)[] = [];
    const text = new StreamText(host, (paint) => paints.push(paint));
    for (const part of ["a", "ab", "abc"]) text.update(part, false);
    expect(paints.length).toBe(1);
    paints[0]?.();
    expect(host.textContent).toBe("abc");
    text.update("abc", false);
    expect(paints.length).toBe(1);
  });

  it("uses the page's frames when it is seen and a timer when it is hidden", async () => {
    const text = new StreamText(host);
    text.update("x", false);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(host.textContent).toBe("x");
    Object.defineProperty(document, "hidden", { configurable: true, value: !document.hidden });
    text.update("xy", false);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(host.textContent).toBe("xy");
  });
});

describe("closedEmphasis", () => {
  it.each([
    ["a **bo", "a **bo**"],
    ["a **bo ", "a **bo** "],
    ["a **", "a"],
    ["a **b** c", "a **b** c"],
    ["a `co", "a `co`"],
    ["a `", "a "],
    ["```\n**", "```\n**"],
    ["**a\n\nb", "**a\n\nb"],
    ["`**` x", "`**` x"],
  ])("%j → %j", (open, closed) => expect(closedEmphasis(open)).toBe(closed));
});

describe("patched", () => {
  it("keeps what is equal and changes what is not", () => {
    const old = document.createElement("p");
    old.innerHTML = "one <em>two</em> three <b>x</b>";
    const em = old.querySelector("em");
    const wanted = document.createElement("p");
    wanted.innerHTML = "one <em>two</em> four";
    document.body.append(old);
    expect(patched(old, wanted)).toBe(old);
    expect(old.querySelector("em")).toBe(em);
    expect(old.innerHTML).toBe(wanted.innerHTML);
  });
  it("replaces another kind of node", () => {
    const old = document.createElement("p");
    document.body.append(old);
    const wanted = document.createElement("h3");
    expect(patched(old, wanted)).toBe(wanted);
    expect(wanted.isConnected).toBe(true);
  });
});
