// @vitest-environment node
import { afterEach, describe, expect, it } from "vitest";

import { said } from "../src/said";
import { catalogueSet } from "../src/translate";

afterEach(() => catalogueSet({}));

describe("a sentence of the server", () => {
  it("is shown as it is on an English page, and where it is not known", () => {
    for (const text of ["It is equal.", "It needs division by zero, which has no value.", "CUDA out of memory", "", "It holds ."]) expect(said(text)).toBe(text);
  });
  it("is said in the page's language, whole or by its pattern", () => {
    catalogueSet({
      "It is equal.": ["相等。"], "division by zero": ["除以零"], "It needs {a}, which has no value.": ["需要“{a}”。"],
      "I can't read this as maths: {a}.": ["无法识别：{a}。"], "“{a}” is a word": ["“{a}”是文字"],
    });
    expect(said("It is equal.")).toBe("相等。");
    expect(said("It needs division by zero, which has no value.")).toBe("需要“除以零”。");
    expect(said("I can't read this as maths: “hello” is a word.")).toBe("无法识别：“hello”是文字。");
    expect(said("I can't read this as maths: something new.")).toBe("无法识别：something new。");
    expect(said("a witness: x = 2")).toBe("a witness: x = 2");
  });
});
