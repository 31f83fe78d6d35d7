// What the scripts say, in the language of the page. English is what stands in the code; the page brings the other language
// as a block of data (see classroom/people/templatetags/languages.py). Texts are written out in each call, so that the
// catalogue can be made from the sources: t("Stopped by {name}.", { name }).

export type Values = Readonly<Record<string, string | number>>;
type Catalogue = Readonly<Record<string, readonly string[]>>;

function blockRead(): Catalogue {
  try {
    return JSON.parse(globalThis.document?.getElementById("page-words")?.textContent || "{}") as Catalogue;
  } catch {
    return {};
  }
}

let catalogue: Catalogue = blockRead();

/** Other words from now on; for tests. */
export function catalogueSet(words: Catalogue): void {
  catalogue = words;
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

function own(text: string): readonly string[] | undefined {
  return Object.hasOwn(catalogue, text) ? catalogue[text] : undefined;
}

/** `text` in the page's language, with the {names} of `values` in their places. */
export function t(text: string, values: Values = {}): string {
  return filled(own(text)?.[0] ?? text, values);
}

/** The form for `n`, which fills {n}. Languages of one form or of two as in English; one with more needs its rule here. */
export function tn(one: string, many: string, n: number, values: Values = {}): string {
  const forms = own(one) ?? [one, many];
  return filled(forms[n === 1 || forms.length === 1 ? 0 : 1] ?? many, { n, ...values });
}

/** Marks a text of a table for the catalogue; `translated` turns it into the page's language when it is shown. */
export function mark(text: string): string {
  return text;
}

export function translated(text: string, values: Values = {}): string {
  return t(text, values);
}

/** For dates and numbers: the browser's own form of the page's language, so that en-GB stays en-GB. */
export function locale(): string {
  const language = globalThis.document?.documentElement.lang || "en";
  const base = language.split("-")[0] as string;
  return (globalThis.navigator?.languages ?? []).find((one) => one.split("-")[0] === base) ?? language;
}
