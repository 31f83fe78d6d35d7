// Sentences that the server writes into facts: the log keeps them in English, and each page says them in its own language.
// What is not in these tables, such as a model's reason or a new sentence, is shown as it was written.

import { mark, translated } from "./translate";

const SENTENCES: readonly string[] = [
  // why there is no tutor (tutor/availability.py) and the first rung (tutor/hints.py)
  mark("The tutor cannot be reached just now."),
  mark("The tutor is not running."),
  mark("The tutor's model cannot be used just now."),
  mark("The tutor is starting: its model is being loaded."),
  mark("What have you tried so far? Write your first line, or say in your own words what you know and where you are stuck. After that there is a hint."),
  mark("A hint, please."),
  // the checker's reasons (tutor/checker)
  mark("A solution of the line before is lost here."),
  mark("Both sides are equal for every value."),
  mark("How near is near enough, I cannot tell."),
  mark("It is right only when rounded to one decimal place."),
  mark("Rounded to one decimal place, it is right."),
  mark("Rounded to a whole number, it is right."),
  mark("I can't read this as maths: it is nested too deeply."),
  mark("I cannot tell whether the two sides are equal."),
  mark("I cannot tell which side is larger."),
  mark("I cannot work this out."),
  mark("I compare expressions with expressions and equations with equations."),
  mark("I do not calculate with these."),
  mark("I found no difference between the sides, and no proof that there is none."),
  mark("I found no difference to the line before, and no proof that there is none."),
  mark("I found no difference, and no proof that there is none."),
  mark("I found nothing wrong, and no proof that it is right."),
  mark("It fits the line before; whether that is all, I cannot tell."),
  mark("It follows from the line before."),
  mark("It has the same solutions."),
  mark("It is equal to the line before."),
  mark("It is equal."),
  mark("It is not equal."),
  mark("It is the problem's own line."),
  mark("It says the same."),
  mark("Neither line has an unknown to compare."),
  mark("Nothing is accepted."),
  mark("Nothing is lost, but a solution is new that the line before has not: test it at the end."),
  mark("The accepted answer cannot be read as maths."),
  mark("The calculation is right."),
  mark("The checker could not be started."),
  mark("The comparison does not hold."),
  mark("The comparison holds."),
  mark("The sides are not equal."),
  mark("The two are of different kinds, and I cannot compare them."),
  mark("The units differ, and I do not convert units."),
  mark("There are not as many values."),
  mark("There is no line before it to compare it with."),
  mark("These are words; I check maths only."),
  mark("This does not fit the line before."),
  mark("This is not equal to the line before."),
  mark("This is too large to work out."),
  mark("This line allows what the line before does not."),
  mark("This takes too long to work out."),
  // why it cannot be read
  mark("it is nested too deeply"),
  mark("there is nothing to read"),
  mark("two numbers stand side by side"),
  mark("the line ends where a number or a letter should"),
  // what has no value
  mark("division by zero"),
  mark("division by what may be zero"),
  mark("0 to the power 0"),
  mark("the root of a negative number"),
  mark("a root of a negative number"),
  mark("the logarithm of a number that is not positive"),
  mark("the factorial of this number"),
];

/** {a} stands for text that may be a sentence of the table itself. */
const PATTERNS: readonly string[] = [
  mark("I can't read this as maths: {a}."),
  mark("I cannot work this out: {a}."),
  mark("It needs {a}, which has no value."),
  mark("It holds {a}."),
  mark("Put into the line before, it needs {a}."),
  mark("It is right only when rounded to {a} places."),
  mark("Rounded to {a} places, it is right."),
  mark("Both give the same {a}."),
  mark("This gives another {a} than the line before."),
  mark("This {a} does not fit the line before."),
  mark("“{a}” does not belong here"),
  mark("“{a}” is not closed"),
  mark("“{a}” is a word"),
  mark("“{a}” is not known"),
  mark("“{a}” stands where a number or a letter should"),
];

/** What refutes, in the order in which it is tried: {a} and {b} are lines of maths, or stand for such a text again. */
const WITNESSES: readonly string[] = [
  mark("with {a}: {b}"),
  mark("{a} gives {b} in the line before"),
  mark("{a} gives {b} there"),
  mark("{a} fits this line, not the one before"),
  mark("{a} holds before, not here"),
  mark("put in, it gives {a}"),
  mark("{a} gives {b}"),
  mark("the left side is {a}, the right {b}"),
  mark("the real part {a}"),
  mark("the imaginary part {a}"),
  mark("a number of {a} digits"),
  mark("about {a}"),
];
const SIGN = / ([≠≥≤<>=]) /;

const known = new Set(SENTENCES);
const halves = PATTERNS.map((pattern) => [pattern, ...pattern.split("{a}")] as [string, string, string]);

/** A sentence of the server in the page's language, or as it is. */
export function said(text: string): string {
  if (known.has(text)) return translated(text);
  for (const [pattern, before, after] of halves) {
    if (text.length <= before.length + after.length || !text.startsWith(before) || !text.endsWith(after)) continue;
    return translated(pattern, { a: said(text.slice(before.length, text.length - after.length)) });
  }
  return text;
}

const holes = WITNESSES.map((pattern) => [pattern, new RegExp(`^${pattern.replace("{a}", "(.+?)").replace("{b}", "(.+)")}$`, "s")] as const);

/** What refutes a line, in the page's language; the maths in it stays as it is. */
export function witnessed(text: string): string {
  for (const [pattern, shape] of holes) {
    const found = shape.exec(text);
    if (found) return translated(pattern, { a: witnessed(found[1] as string), b: witnessed(found[2] ?? "") });
  }
  const sign = SIGN.exec(text);
  if (!sign) return text;
  return `${witnessed(text.slice(0, sign.index))}${sign[0]}${witnessed(text.slice(sign.index + sign[0].length))}`;
}
