import { beforeEach, describe, expect, it, vi } from "vitest";

import { pageStart, themeNow } from "../src/page";

let started = false;
const root = document.documentElement;

beforeEach(() => {
  localStorage.clear();
  delete root.dataset["theme"];
  document.body.innerHTML = `
    <button data-theme-toggle hidden><span data-theme-icon="light">l</span><span data-theme-icon="dark">d</span></button>
    <details data-menu open><summary>Menu</summary><a href="#x">x</a></details>
    <form data-confirm="Sure?"><select data-autosubmit><option>1</option></select><button>Go</button></form>
    <button data-copy="ABC">Copy code</button>`;
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query.includes("dark") }));
  if (!started) pageStart(document);
  started = true;
  return () => vi.unstubAllGlobals();
});

describe("the theme", () => {
  it("follows the system until somebody chooses", () => {
    expect(themeNow(root)).toBe("dark");
    root.dataset["theme"] = "light";
    expect(themeNow(root)).toBe("light");
  });
  it("is toggled, kept and told", () => {
    const own = document.implementation.createHTMLDocument();
    own.body.append(document.querySelector("[data-theme-toggle]") as Node);
    pageStart(own);
    const button = own.querySelector("button") as HTMLButtonElement;
    expect(button.hidden).toBe(false);
    expect(button.title).toBe("Change to light colours");
    button.click();
    expect(own.documentElement.dataset["theme"]).toBe("light");
    expect(localStorage.getItem("theme")).toBe("light");
    expect(button.querySelector<HTMLElement>("[data-theme-icon=light]")?.hidden).toBe(true);
  });
  it("is set before the page is painted", async () => {
    localStorage.setItem("theme", "dark");
    await import("../src/theme");
    expect(root.dataset["theme"]).toBe("dark");
  });
});

describe("small behaviours", () => {
  const submit = (): boolean => (document.querySelector("form") as HTMLFormElement).dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true }));
  it("ask before what cannot be undone", () => {
    vi.stubGlobal("confirm", () => false);
    expect(submit()).toBe(false);
    vi.stubGlobal("confirm", () => true);
    expect(submit()).toBe(true);
  });
  it("send a filter at once", () => {
    const sent = vi.fn();
    HTMLFormElement.prototype.requestSubmit = sent;
    document.querySelector("select")?.dispatchEvent(new Event("change", { bubbles: true }));
    expect(sent).toHaveBeenCalledOnce();
    document.querySelector("a")?.dispatchEvent(new Event("change", { bubbles: true }));
    expect(sent).toHaveBeenCalledOnce();
  });
  it("close a menu by a click elsewhere or Escape, not by one inside", () => {
    const menu = document.querySelector("details") as HTMLDetailsElement;
    menu.querySelector("a")?.click();
    expect(menu.open).toBe(true);
    document.body.click();
    expect(menu.open).toBe(false);
    menu.open = true;
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(menu.open).toBe(false);
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  });
  it("copy a join code, or say that it is not allowed", async () => {
    const button = document.querySelector("[data-copy]") as HTMLButtonElement;
    const copied: string[] = [];
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: async (text: string) => void copied.push(text) } });
    button.click();
    await vi.waitFor(() => expect(button.textContent).toBe("Copied"));
    expect(copied).toEqual(["ABC"]);
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
    button.click();
    await vi.waitFor(() => expect(button.textContent).toBe("Not allowed here"));
  });
});
