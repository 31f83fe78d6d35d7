import { describe, expect, it } from "vitest";

import payloads from "../../tests/payloads.json";
import "../src/markdown-element";
import { copyClicked, linkOf, plainLine, renderInto } from "../src/markdown";
import { dangers } from "./safe";

function rendered(text: string): HTMLElement {
  const node = document.createElement("div");
  renderInto(node, text);
  return node;
}

describe("the payload corpus", () => {
  it("has at least 120 different payloads", () => {
    expect(new Set(payloads).size).toBeGreaterThanOrEqual(120);
  });
  it.each(payloads)("renders without anything that runs or loads: %s", (payload) => {
    expect(dangers(rendered(payload))).toEqual([]); // every prefix: stream.test.ts
    expect(dangers(rendered(`Before **${payload}** after`))).toEqual([]);
    expect(dangers(rendered(`- a\n- ${payload.replaceAll("\n", " ")}`))).toEqual([]);
    expect(dangers(rendered(`$x = ${payload}$`))).toEqual([]);
  });
  it("keeps markup visible as letters", () => {
    expect(rendered("a <script>alert(1)</script> b").textContent).toBe("a <script>alert(1)</script> b");
    expect(rendered("[x](javascript:alert(1))").textContent).toBe("[x](javascript:alert(1))");
  });
});

describe("links and pictures", () => {
  it("shows where a link goes", () => {
    const link = rendered("[my site](https://example.org/a)").querySelector("a");
    expect(link?.rel).toBe("noopener noreferrer");
    expect(link?.textContent).toBe("my site (example.org)");
  });
  it("does not repeat a host that can be read already", () => {
    expect(rendered("<https://example.org/a>").textContent).toBe("https://example.org/a");
  });
  it("names the true host when the words name another", () => {
    expect(rendered("[good.example](https://evil.example/)").textContent).toContain("(evil.example)");
  });
  it("shows the person of a mail link", () => {
    expect(rendered("[write](mailto:a@example.org)").textContent).toBe("write (a@example.org)");
  });
  it.each(["javascript:alert(1)", "/local", "//host", "data:text/html,x", "ftp://x", "https://", ""])("refuses %s", (address) => {
    expect(linkOf(address)).toBeNull();
  });
  it("loads no picture but says what it shows", () => {
    const node = rendered("![a **cat**](https://example.org/cat.png)");
    expect(node.querySelector("img")).toBeNull();
    expect(node.textContent).toContain("picture: a **cat**");
  });
});

describe("formulas", () => {
  it.each([
    ["$x^2$", 1],
    ["\\(x^2\\) and \\(y\\)", 2],
    ["so $$x=1$$ holds", 1],
    ["$$\nx = 1\n$$", 1],
    ["\\[\nx = 1\n\\]", 1],
    ["Text before\n$$\nx=1\n$$\nafter", 1],
    ["- one $a$\n- two $b$", 2],
    ["\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}", 1],
    ["$\\text{价格} = 5$", 1],
  ])("are found in %j", (text, count) => {
    expect(rendered(text).querySelectorAll(".katex").length).toBe(count);
  });
  it.each(["It costs $5 and $7.", "from $5-$10", "$80,000 and then $50,000 more", "makes $2 per fresh egg and $18", "100$", "a $ b $ c", "$18 each$"])("are not seen in money: %s", (text) => {
    const node = rendered(text);
    expect(node.querySelector(".katex")).toBeNull();
    expect(node.textContent).toBe(text);
  });
  it("show their source when TeX cannot read them", () => {
    const node = rendered("$\\frac{1$");
    expect(node.querySelector(".maths-source")?.textContent).toBe("\\frac{1");
  });
  it("stop at a bomb of macros, at once and as source", () => {
    expect(rendered("$\\def\\a{\\a\\a}\\a$").querySelector(".maths-source")).not.toBeNull();
    expect(rendered(`$${"{".repeat(3000)}x${"}".repeat(3000)}$`).textContent).toContain("{{{");
  });
  it("stay source when they are longer than any formula is", () => {
    expect(rendered(`$${"x".repeat(5000)}$`).querySelector(".maths-source")).not.toBeNull();
  });
  it("display when they stand alone, also inside a list", () => {
    expect(rendered("- so\n  $$\n  x\n  $$\n- b").querySelectorAll("li .katex-display").length).toBe(1);
  });
  it("are not looked for in code", () => {
    expect(rendered("`$x$`").querySelector(".katex")).toBeNull();
    expect(rendered("```\n$x$\n```").querySelector(".katex")).toBeNull();
  });
});

describe("text", () => {
  it("keeps a line break that a person typed", () => {
    expect(rendered("a\nb").querySelectorAll("br").length).toBe(1);
  });
  it("puts headings below the page's own", () => {
    expect(rendered("# a").querySelector("h3")?.textContent).toBe("a");
    expect(rendered("###### a").querySelector("h6")).not.toBeNull();
  });
  it("numbers a list from where it starts", () => {
    expect(rendered("3. a\n4. b").querySelector("ol")?.getAttribute("start")).toBe("3");
    expect(rendered("1. a\n2. b").querySelector("ol")?.hasAttribute("start")).toBe(false);
  });
  it("draws tables in a box that scrolls", () => {
    expect(rendered("|a|b|\n|-|-|\n|1|2|").querySelectorAll(".scroll > table td").length).toBe(2);
  });
  it("lets each paragraph choose its direction", () => {
    expect(rendered("שלום").querySelector("p")?.dir).toBe("auto");
  });
  it("makes one plain line for a tile", () => {
    expect(plainLine("**Hello** `x`\n\n- a")).toBe("Hello x a");
    expect(plainLine("<script>")).toBe("<script>");
    expect(plainLine("so $x = \\frac{1}{2}$ and\n\n$$\ny\n$$")).toBe("so x = \\frac{1}{2} and y");
  });
});

describe("code blocks", () => {
  it("copies what the block holds", async () => {
    let copied = "";
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: async (text: string) => void (copied = text) } });
    const node = rendered("```python\nprint(1)\n```");
    const button = node.querySelector("button") as HTMLButtonElement;
    await copyClicked({ target: button } as unknown as Event);
    expect(copied).toBe("print(1)\n");
    expect(button.textContent).toBe("Copied");
  });
  it("says so when copying is forbidden, and ignores other clicks", async () => {
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
    const button = rendered("```\nx\n```").querySelector("button") as HTMLButtonElement;
    await copyClicked({ target: button } as unknown as Event);
    expect(button.textContent).toBe("Not allowed");
    await copyClicked({ target: document.body } as unknown as Event);
  });
});

describe("<cs-markdown>", () => {
  it("renders the text that the server put into it, once", () => {
    document.body.innerHTML = "<cs-markdown>\n   **bold** &lt;script&gt;\n</cs-markdown>";
    const node = document.querySelector("cs-markdown") as HTMLElement;
    expect(node.querySelector("strong")?.textContent).toBe("bold");
    expect(node.textContent).toContain("<script>");
    const before = node.firstChild;
    document.body.append(node);
    expect(node.firstChild).toBe(before);
  });
  it("renders a text given to it later", () => {
    const node = document.createElement("cs-markdown") as HTMLElement & { text: string };
    node.text = "$x$";
    document.body.append(node);
    expect(node.querySelector(".katex")).not.toBeNull();
    node.text = "plain";
    expect(node.textContent).toBe("plain");
  });
});
