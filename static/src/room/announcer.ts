// What a screen reader is told: whole messages and finished answers, never the pieces of a stream.

import type { Item, MessageItem, StepItem } from "../frames";
import type { RoomView } from "../store";
import { plainLine } from "../markdown";
import { rungName } from "../ladder";
import { markWords, SAID, TAUGHT } from "../marks";
import { withoutReferences } from "../pointing";
import { noticeWords } from "../words";
import { runSentence } from "./run-line";
import { stepSentence } from "./step-line";
import { t } from "../translate";
import { said } from "../said";

const LONGEST = 600;

/** Sentences for what is new between two views of the same room; none for a first snapshot or a jump. */
export function news(before: RoomView, after: RoomView): string[] {
  if (!before.state || !after.state || before.state === after.state || before.epoch !== after.epoch) return [];
  const known = new Map(before.state.items.map((item) => [item.seq, item]));
  const newest = before.state.items.at(-1)?.seq ?? 0;
  const said = after.state.items.flatMap((item) => {
    const old = known.get(item.seq);
    return old === item || (!old && item.seq <= newest) ? [] : sentence(item, old, after.you?.id ?? null);
  });
  const hands = after.state.hands.filter((hand) => hand.id !== after.you?.id && !before.state?.hands.some((old) => old.id === hand.id));
  return [...said, ...hands.map((hand) => `${hand.name} raised a hand.`)];
}

function sentence(item: Item, old: Item | undefined, you: string | null): string[] {
  const name = item.by?.name ?? t("Somebody");
  if (item.kind === "notice") return [`${noticeWords(item)}.`];
  if (item.kind === "step") return step(item, old, you);
  if (item.kind === "run") return old || item.by?.id === you ? [] : [runSentence(item)];
  if (item.kind === "hint") return [t("Hint, {level}: {text}", { level: rungName(item.rung), text: cut(said(item.text)) })];
  if (item.kind === "message") return message(item, old, you);
  if (!old) return item.by?.id === you ? [] : [item.hint === null ? `${name} asks the tutor: ${cut(item.question)}` : `${name} asks for a hint.`];
  if (old.kind !== "answer") return [];
  const wrong = item.checks.slice(old.checks.length).filter((mark) => mark.verdict === "refuted");
  if (wrong.length) return wrong.map((mark) => `${markWords(mark, TAUGHT)}`);
  if (old.state === item.state) return [];
  if (item.state === "completed") return [t("The tutor has answered: {text}", { text: cut(item.text) })];
  if (item.state === "stopped") return [item.reason === "superseded" ? t("{name} asks in other words.", { name }) : t("The answer was stopped.")];
  if (item.state === "paused") return [t("The answer is paused.")];
  if (item.state === "failed") return [t("The tutor could not answer.")];
  return item.state === "running" ? [t("The tutor is answering.")] : [];
}

/** A verdict is told to everybody; a step to those who did not write it. */
function step(item: StepItem, old: Item | undefined, you: string | null): string[] {
  if (item.verdict && !(old?.kind === "step" && old.verdict)) return [stepSentence(item)];
  return old || item.by?.id === you ? [] : [t("{name} shows a step: {text}", { name: item.by?.name ?? t("Somebody"), text: cut(item.text) })];
}

/** A message of somebody else, and to everybody what is said of its lines of maths. */
function message(item: MessageItem, old: Item | undefined, you: string | null): string[] {
  if (old?.kind === "message") return item.checks.slice(old.checks.length).map((mark) => t("The line of {name}: {words}", { name: item.by?.name ?? t("somebody"), words: markWords(mark, SAID) }));
  return item.by?.id === you ? [] : [`${item.by?.name ?? t("Somebody")}: ${cut(item.text)}`];
}

function cut(text: string): string {
  const line = plainLine(withoutReferences(text));
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
