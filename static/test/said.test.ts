// @vitest-environment node
import { afterEach, describe, expect, it } from "vitest";

import { said, witnessed } from "../src/said";
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

const WITNESSES = [
  "x = 2 gives 9 ≠ 8", "13 ≠ 21", "x = 5 gives 13 ≠ 21 in the line before", "x ≈ 1.41 fits this line, not the one before", "x = -7 holds before, not here",
  "with y = 2, z = 1: x = 3 gives 4 ≠ 5 in the line before", "x = 1, y = 2 gives 3 ≠ 4 there", "put in, it gives 2 ≠ 3",
  "the left side is 1.41421, the right 1.5", "the real part 0 ≠ 1", "a number of 30 digits ≠ about 1.5e+31", "2 ≥ 1",
];

describe("what refutes a line", () => {
  it("is shown as it is on an English page", () => {
    for (const text of [...WITNESSES, "", "something new"]) expect(witnessed(text)).toBe(text);
  });
  it("is said in the page's language, part by part, and its maths stays", () => {
    catalogueSet({
      "with {a}: {b}": ["取 {a}：{b}"], "{a} gives {b} in the line before": ["{a} 代入上一行得 {b}"], "{a} gives {b}": ["{a} 得 {b}"], "the real part {a}": ["实部 {a}"],
      "a number of {a} digits": ["一个 {a} 位数"], "about {a}": ["约 {a}"],
    });
    expect(witnessed("x = 2 gives 9 ≠ 8")).toBe("x = 2 得 9 ≠ 8");
    expect(witnessed("with y = 2: x = 3 gives 4 ≠ 5 in the line before")).toBe("取 y = 2：x = 3 代入上一行得 4 ≠ 5");
    expect(witnessed("a number of 30 digits ≠ about 1.5e+31")).toBe("一个 30 位数 ≠ 约 1.5e+31");
    expect(witnessed("the real part 0 ≠ 1")).toBe("实部 0 ≠ 1");
    expect(witnessed("13 ≠ 21")).toBe("13 ≠ 21");
  });
});
