// A run of the room's code in the log: how it went, what its tests said, its output. It is what a browser says, and is said so.

import { html, nothing, type TemplateResult } from "lit";

import type { RunItem } from "../frames";
import { icon, type IconName } from "../icons";
import { t } from "../translate";

interface Look {
  words: string;
  tone: string;
  icon: IconName;
}

export function runLook({ ok, ending, tests }: Pick<RunItem, "ok" | "ending" | "tests">): Look {
  if (ending === "time") return { words: t("Ended: it took too long"), tone: "warn", icon: "clock" };
  if (ending === "stopped") return { words: t("Stopped"), tone: "warn", icon: "stop" };
  if (!ok) return { words: t("Error"), tone: "danger", icon: "warning" };
  if (!tests) return { words: t("Ran to the end"), tone: "", icon: "play" };
  const words = t("{passed} of {total} tests passed", { passed: tests.passed, total: tests.total });
  return tests.passed === tests.total ? { words, tone: "info", icon: "check" } : { words, tone: "warn", icon: "close" };
}

/** What a screen reader hears of a run. */
export function runSentence(item: RunItem): string {
  return t("{name} ran the code: {words}.", { name: item.by?.name ?? t("Somebody"), words: runLook(item).words.toLowerCase() });
}

export function runBody(item: RunItem): TemplateResult {
  const look = runLook(item);
  return html`<div class="run" data-ok=${item.ok ? "yes" : "no"}>
    <div class="run-head"><span class="badge ${look.tone}">${icon(look.icon)}${look.words}</span>
      ${item.tests ? html`<span class="muted">${t("as this browser reports it; no proof")}</span>` : nothing}</div>
    ${item.tests?.failed.length ? html`<ul class="run-failed">${item.tests.failed.map((line) => html`<li><code dir="ltr">${line}</code></li>`)}</ul>` : nothing}
    ${item.output
      ? html`<pre class="run-output" tabindex="0" role="group" aria-label=${t("What it printed")} dir="ltr">${item.output}</pre>`
      : html`<p class="muted small-text">${t("It printed nothing.")}</p>`}
    ${item.cut ? html`<p class="muted small-text">${t("There was more; only the beginning is kept.")}</p>` : nothing}
  </div>`;
}
