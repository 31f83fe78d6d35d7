import { afterEach, describe, expect, it } from "vitest";

import { catalogueSet, locale, mark, t, tn, translated } from "../src/translate";

afterEach(() => {
  catalogueSet({});
  document.documentElement.lang = "";
});

describe("what scripts say", () => {
  it("is what the code has, without a catalogue", () => {
    expect(t("Stopped by {name}.", { name: "Bob" })).toBe("Stopped by Bob.");
    expect([tn("{n} hand up", "{n} hands up", 1), tn("{n} hand up", "{n} hands up", 0)]).toEqual(["1 hand up", "0 hands up"]);
  });
  it("is the catalogue's, with one form or with two", () => {
    catalogueSet({ "Stopped by {name}.": ["由{name}停止。"], "{n} hand up": ["{n} 人举手"], "{n} word": ["{n} Wort", "{n} Wörter"] });
    expect(t("Stopped by {name}.", { name: "林小雨" })).toBe("由林小雨停止。");
    expect([tn("{n} hand up", "{n} hands up", 1), tn("{n} hand up", "{n} hands up", 3)]).toEqual(["1 人举手", "3 人举手"]);
    expect([tn("{n} word", "{n} words", 1), tn("{n} word", "{n} words", 2)]).toEqual(["1 Wort", "2 Wörter"]);
    expect(translated(mark("unknown"))).toBe("unknown");
  });
  it("fills a name once: what a person is called is not read again", () => {
    expect(t("{name} and {other}", { name: "{other}", other: "Bob" })).toBe("{other} and Bob");
    expect(t("{name}", {})).toBe("{name}");
    expect(t("constructor")).toBe("constructor");
  });
});

describe("the form of dates", () => {
  it("is the browser's own where it speaks the page's language, else the language's", () => {
    document.documentElement.lang = "en";
    expect(locale()).toBe("en-US");
    document.documentElement.lang = "zh-hans";
    expect(locale()).toBe("zh-hans");
  });
});
