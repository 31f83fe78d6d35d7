import { beforeEach, describe, expect, it, vi } from "vitest";

import "../src/room/composer";
import type { Composer, Wanted } from "../src/room/composer";
import { errorFrame } from "./samples";

let composer: Composer;
let wanted: Wanted[];
let others: string[];

const box = (): HTMLTextAreaElement => composer.querySelector("textarea") as HTMLTextAreaElement;
const send = (): HTMLButtonElement => composer.querySelector(".send") as HTMLButtonElement;
const fault = (): string => composer.querySelector(".composer-fault")?.textContent?.trim() ?? "";

async function type(text: string): Promise<void> {
  box().value = text;
  box().dispatchEvent(new InputEvent("input", { bubbles: true }));
  await composer.updateComplete;
}
async function press(change: KeyboardEventInit = {}): Promise<KeyboardEvent> {
  const event = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...change });
  box().dispatchEvent(event);
  await composer.updateComplete;
  return event;
}

beforeEach(async () => {
  vi.useFakeTimers();
  composer = document.createElement("cs-composer") as Composer;
  wanted = [];
  others = [];
  composer.addEventListener("wanted", (event) => void wanted.push((event as CustomEvent<Wanted>).detail));
  for (const name of ["typing", "takeback", "mode", "draft"]) composer.addEventListener(name, () => void others.push(name));
  document.body.replaceChildren(composer);
  await composer.updateComplete;
  return () => vi.useRealTimers();
});

describe("sending", () => {
  it("asks the tutor with Enter", async () => {
    await type("  why?  ");
    expect((await press()).defaultPrevented).toBe(true);
    expect(wanted).toEqual([{ mode: "tutor", text: "why?", into: null }]);
  });
  it("says it to the room with Control or Command and Enter", async () => {
    await type("hi");
    await press({ ctrlKey: true });
    vi.advanceTimersByTime(500);
    await press({ metaKey: true });
    expect(wanted.map((one) => one.mode)).toEqual(["room", "room"]);
  });
  it("turns around in chat mode", async () => {
    composer.querySelector<HTMLInputElement>("input[value=room]")?.click();
    await composer.updateComplete;
    expect(send().getAttribute("aria-label")).toBe("Say to the room");
    await type("hi");
    await press();
    vi.advanceTimersByTime(500);
    await press({ ctrlKey: true });
    expect(wanted.map((one) => one.mode)).toEqual(["room", "tutor"]);
    expect(others).toContain("mode");
  });
  it("leaves Shift+Enter and a composing input method alone", async () => {
    await type("你");
    for (const change of [{ shiftKey: true }, { isComposing: true }, { keyCode: 229 }, { key: "a" }]) expect((await press(change)).defaultPrevented).toBe(false);
    expect(wanted).toEqual([]);
  });
  it("sends once for a double Enter or click", async () => {
    await type("x");
    await press();
    await press();
    composer.querySelector("form")?.requestSubmit();
    expect(wanted.length).toBe(1);
    vi.advanceTimersByTime(401);
    await press();
    expect(wanted.length).toBe(2);
  });
  it("takes another text at once", async () => {
    await type("x");
    await press();
    await type("y");
    await press();
    expect(wanted.map((one) => one.text)).toEqual(["x", "y"]);
  });
  it("sends nothing that is empty or too long, and counts near the end", async () => {
    await press();
    await type("   ");
    await press();
    composer.limit = 10;
    await type("x".repeat(9));
    expect(composer.querySelector(".count")?.textContent).toBe("9 / 10");
    await type("👍🏽".repeat(6));
    await press();
    expect(wanted).toEqual([]);
    expect(fault()).toBe("The text is 2 characters too long: 10 fit.");
    expect(box().getAttribute("aria-invalid")).toBe("true");
  });
  it("works by the button", async () => {
    await type("x");
    send().click();
    expect(wanted.length).toBe(1);
  });
});

describe("until the server has it", () => {
  beforeEach(async () => {
    await type("a question");
    await press();
    composer.sent("id1");
    composer.isLive = true;
    await composer.updateComplete;
    vi.advanceTimersByTime(500);
  });
  it("keeps the text and the button", async () => {
    await composer.updateComplete;
    expect([box().value, box().readOnly, send().disabled]).toEqual(["a question", true, true]);
    await press();
    expect(wanted.length).toBe(1);
  });
  it("empties the box with the ack of this frame only", async () => {
    expect(composer.settled("other")).toBe(false);
    expect(composer.settled("id1")).toBe(true);
    await composer.updateComplete;
    expect([box().value, box().readOnly]).toEqual(["", false]);
  });
  it("keeps the text and names the field after an error", async () => {
    composer.refused(errorFrame("id1"), "a question");
    await composer.updateComplete;
    expect([box().value, box().readOnly, fault()]).toEqual(["a question", false, "The text is wrong."]);
    await type("a question, better");
    expect(fault()).toBe("");
  });
  it("can be taken back while there is no line", async () => {
    composer.isLive = false;
    await composer.updateComplete;
    composer.querySelector<HTMLButtonElement>(".composer-waits button")?.click();
    await composer.updateComplete;
    expect(others).toContain("takeback");
    expect([box().value, box().readOnly]).toEqual(["a question", false]);
  });
  it("does not lose it to a suggestion", () => {
    composer.suggest("another", "tutor");
    expect(composer.text).toBe("a question");
  });
});

describe("what may not be", () => {
  it("says why nothing can be written", async () => {
    composer.closedReason = "This room is closed.";
    await composer.updateComplete;
    expect(composer.querySelector("textarea")).toBeNull();
    expect(composer.textContent).toContain("This room is closed.");
  });
  it("does not ask a tutor that is away, but lets people talk", async () => {
    composer.tutorReason = "The tutor is away.";
    await type("x");
    expect(send().disabled).toBe(true);
    await press();
    expect(wanted).toEqual([]);
    expect(fault()).toBe("The tutor is away.");
    await press({ ctrlKey: true });
    expect(wanted.map((one) => one.mode)).toEqual(["room"]);
  });
  it("knows the rights to ask and to post", async () => {
    composer.canAsk = composer.canPost = false;
    await type("x");
    await press();
    expect(fault()).toMatch(/not ask the tutor/);
    await press({ ctrlKey: true });
    expect(fault()).toMatch(/may not write/);
    expect(wanted).toEqual([]);
  });
  it("shows a text that was refused after a reload", async () => {
    composer.refused(errorFrame("older"), "what I wrote");
    await composer.updateComplete;
    expect(box().value).toBe("what I wrote");
  });
});

describe("typing", () => {
  it("is told once in three seconds, and not for blanks", async () => {
    await type(" ");
    await type("a");
    await type("ab");
    expect(others.filter((name) => name === "typing").length).toBe(1);
    vi.advanceTimersByTime(3001);
    await type("abc");
    expect(others.filter((name) => name === "typing").length).toBe(2);
  });
  it("puts a suggestion into the empty box", async () => {
    composer.suggest("again?", "tutor");
    await composer.updateComplete;
    expect(box().value).toBe("again?");
  });
  it("[A16] shows the others what was selected on the board, as it asks about it", async () => {
    const about = { document: "d", shapes: ["s"] };
    composer.aimAt({ kind: "about", about, text: "a line" });
    await composer.updateComplete;
    for (const mode of ["room", "tutor", "room"]) {
      composer.querySelector<HTMLInputElement>(`input[value=${mode}]`)?.dispatchEvent(new Event("change"));
      await composer.updateComplete;
    }
    expect(send().getAttribute("aria-label")).toBe("Say to the room");
    expect(composer.querySelector(".composer-into")?.textContent).toContain("a line");
    await type("Look");
    await press();
    expect(wanted.at(-1)).toEqual({ mode: "room", text: "Look", into: null, about });
  });
  it.each([["a step", { step: "s" }, "room"], ["shapes in a step", { document: "d", shapes: ["s"] }, "step"]] as const)("points at %s in nothing but a question", async (_, about, mode) => {
    composer.aimAt({ kind: "about", about: about as never, text: "it" });
    await composer.updateComplete;
    composer.querySelector<HTMLInputElement>(`input[value=${mode}]`)?.dispatchEvent(new Event("change"));
    await composer.updateComplete;
    expect([composer.aim, composer.querySelector(".composer-into")]).toEqual([null, null]);
  });
});
