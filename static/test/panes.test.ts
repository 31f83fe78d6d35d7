// The bar and the panes: what is loaded when, what stays, and that the keyboard reaches all of it.

import axe from "axe-core";
import { html, LitElement } from "lit";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Pane, PaneElement } from "../src/panes";
import { Panes } from "../src/panes";
import { EMPTY } from "../src/store";

const loaded: string[] = [];
let isDown = false;

class Slate extends HTMLElement {}
customElements.define("x-slate", Slate);
customElements.define("x-pad", class extends HTMLElement {});
const pane = (id: string, tag: string): Pane => ({
  id, tag, label: id, icon: "board",
  load: async () => {
    if (isDown) throw new TypeError("no network");
    loaded.push(id);
  },
});
const TABLE = [pane("slate", "x-slate"), pane("pad", "x-pad")];
const asked: unknown[] = [];
const lent = { room: "r", view: EMPTY, send: () => "id", askAbout: (...words: unknown[]) => void asked.push(words) };

class Host extends LitElement {
  readonly panes: Panes = new Panes(this, sessionStorage, TABLE);
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
  protected override render(): unknown {
    return html`<div class="room ${this.panes.classes}">${this.panes.bar()}<div class="room-main"></div>${this.panes.area(lent)}</div>`;
  }
}
customElements.define("x-host", Host);

let host: Host;
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((done) => setTimeout(done, 0)).then(() => host.updateComplete);
};
const button = (id: string): HTMLButtonElement => host.querySelector(`[data-pane=${id}]`) as HTMLButtonElement;
const divider = (): HTMLElement => host.querySelector("[role=separator]") as HTMLElement;
async function enter(): Promise<void> {
  host = document.createElement("x-host") as Host;
  document.body.replaceChildren(host);
  await settled();
}

beforeEach(async () => {
  loaded.length = asked.length = 0;
  isDown = false;
  sessionStorage.clear();
  await enter();
});

describe("panes", () => {
  it("own the answers to what they have sent, each once", async () => {
    button("slate").click();
    await settled();
    const { context } = host.querySelector("x-slate") as PaneElement;
    expect(host.panes.owns("id")).toBe(false);
    expect(context.send("step.submit", { text: "1" })).toBe("id");
    expect([host.panes.owns(null), host.panes.owns("other"), host.panes.owns("id"), host.panes.owns("id")]).toEqual([false, false, true, false]);
  });
  it("load nothing until one is opened, and each once", async () => {
    expect(loaded).toEqual([]);
    expect(host.querySelector(".pane")).toBeNull();
    button("slate").click();
    await settled();
    const slate = host.querySelector("x-slate") as PaneElement;
    expect(loaded).toEqual(["slate"]);
    expect(slate.context.room).toBe("r");
    expect(slate.isShown).toBe(true);
    button("pad").click();
    await settled();
    expect([slate.hidden, slate.isShown]).toEqual([true, false]);
    button("slate").click();
    await settled();
    expect(host.querySelector("x-slate")).toBe(slate);
    expect(slate.hidden).toBe(false);
  });
  it("close by their own button beside the chat, and on a phone stay until another tab", async () => {
    button("slate").click();
    await settled();
    button("slate").click();
    await settled();
    expect(host.panes.open).toBeNull();
    vi.stubGlobal("matchMedia", () => ({ matches: false }));
    button("slate").click();
    button("slate").click();
    await settled();
    expect(host.panes.open).toBe("slate");
    button("chat").click();
    await settled();
    expect(host.panes.open).toBeNull();
    vi.unstubAllGlobals();
  });
  it("are as they were after a reload", async () => {
    button("pad").click();
    await settled();
    divider().dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
    await enter();
    await settled();
    expect(host.panes.open).toBe("pad");
    expect(divider().getAttribute("aria-valuenow")).toBe("76");
  });
  it("say when their code does not come, and try again", async () => {
    isDown = true;
    button("slate").click();
    await settled();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("could not be opened");
    isDown = false;
    host.querySelector<HTMLButtonElement>("[role=alert] button")?.click();
    await settled();
    expect(host.querySelector("x-slate")).not.toBeNull();
  });
  it("open when something in the room wants them, with what is to be shown", async () => {
    const wanted = (pane: string): boolean => host.querySelector(".room-main")?.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, detail: { pane, aim: { shape: "s" } } })) ?? false;
    wanted("slate");
    await settled();
    expect((host.querySelector("x-slate") as PaneElement).aim).toEqual({ shape: "s" });
    wanted("nonsense");
    await settled();
    expect(host.panes.open).toBe("slate");
    wanted("chat");
    await settled();
    expect(host.panes.open).toBeNull();
  });
  it("hear the room's frames until they have heard enough, and aim the composer", async () => {
    button("slate").click();
    await settled();
    const { listen, askAbout } = (host.querySelector("x-slate") as PaneElement).context;
    const heard: string[] = [];
    const end = listen((frame) => heard.push(frame.type));
    host.panes.heard({ type: "unknown", name: "board.changed", seq: 3 });
    end();
    host.panes.heard({ type: "unknown", name: "board.changed", seq: 4 });
    expect(heard).toEqual(["unknown"]);
    askAbout({ step: "s" }, "that");
    await vi.waitFor(() => expect(asked).toEqual([[{ step: "s" }, "that"]]));
  });
});

describe("the divider and full screen", () => {
  beforeEach(async () => {
    button("slate").click();
    await settled();
  });
  it("moves by arrow keys within its bounds, and back by a double click", async () => {
    const value = (): string | null => divider().getAttribute("aria-valuenow");
    for (const key of ["ArrowRight", "x"]) divider().dispatchEvent(new KeyboardEvent("keydown", { key }));
    await settled();
    expect(value()).toBe("40");
    divider().dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));
    divider().dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
    await settled();
    expect(value()).toBe("24");
    expect(host.querySelector<HTMLElement>(".room")?.style.getPropertyValue("--chat-width")).toBe("24%");
    divider().dispatchEvent(new MouseEvent("dblclick"));
    await settled();
    expect(value()).toBe("38");
  });
  it("fills the screen, and Escape leaves that unless something else took the key", async () => {
    host.querySelector<HTMLButtonElement>(".pane-size")?.click();
    await settled();
    expect(host.querySelector(".pane-full")).not.toBeNull();
    const taken = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true });
    taken.preventDefault();
    divider().dispatchEvent(taken);
    expect(host.panes.isFull).toBe(true);
    divider().dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await settled();
    expect(host.querySelector(".pane-full")).toBeNull();
  });
  it("has no fault that axe finds", async () => {
    const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map((one) => one.id)).toEqual([]);
  });
});
