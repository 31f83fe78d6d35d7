// What the pages say, as pure functions: names, times, states and errors in plain words.

import type { Status } from "./connection";
import type { AnswerItem, ErrorFrame, NoticeItem, Person, Role } from "./frames";
import { rungName } from "./ladder";
import type { RoomView } from "./store";
import { locale, t } from "./translate";

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  student: t("student"),
  assistant: t("assistant"),
  teacher: t("teacher"),
  observer: t("observer"),
  admin: t("admin"),
};

/** Two letters of a Latin name, one sign of others ("林小雨" → 林). */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  if (!/\p{Script=Latin}|\p{Script=Cyrillic}|\p{Script=Greek}/u.test(first)) return first;
  const last = words.length > 1 ? ([...(words[words.length - 1] as string)][0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** A colour number 0–7 that stays with a person. */
export function hue(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return sum % 8;
}

export function clockTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
}

export function dayOf(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toDateString();
}

export function dayWords(at: string, now: number): string {
  const day = dayOf(at);
  if (day === new Date(now).toDateString()) return t("Today");
  if (day === new Date(now - 86_400_000).toDateString()) return t("Yesterday");
  return new Date(at).toLocaleDateString(locale(), { weekday: "long", day: "numeric", month: "long" });
}

export interface StatusWords {
  short: string;
  long: string;
  /** For a phone, where it is shorter still. */
  tiny?: string;
  tone: "ok" | "warn" | "danger";
}

/** The connection in plain words. `isOnline`: what the browser thinks of its network. */
export function statusWords(status: Status, now: number, isOnline: boolean): StatusWords {
  if (status.phase === "ended") return endedWords(status);
  if (status.phase === "paused") return { short: t("Paused"), long: t("Paused because nothing happened for a while."), tone: "warn" };
  if (status.phase === "live") {
    if (status.kind === "poll") return { short: t("Polling"), long: t("This network lets only short requests through: news may come a moment late."), tone: "ok" };
    return { short: t("Live"), long: status.kind === "sse" ? t("Live, by a stream of events.") : t("Live."), tone: "ok" };
  }
  if (!isOnline) return { short: t("Offline"), long: t("Your device is offline. What you send is kept until it is back."), tone: "danger" };
  const seconds = status.retryAt === null ? 0 : Math.ceil((status.retryAt - now) / 1000);
  if (status.phase === "waiting" && seconds > 0) {
    return { short: t("Reconnecting in {seconds} s", { seconds }), tiny: t("in {seconds} s", { seconds }), long: t("The connection is lost. What you send is kept until it is back."), tone: "warn" };
  }
  return { short: t("Connecting…"), long: t("Connecting to the room."), tone: "warn" };
}

function endedWords(status: Status): StatusWords {
  if (status.reason === "signed_out") return { short: t("Signed out"), long: t("You are signed out. Sign in again to go on."), tone: "danger" };
  if (status.reason === "removed") return { short: t("Left"), long: t("You are not in this room any more."), tone: "danger" };
  return { short: t("No room"), long: t("This room does not exist, or it is not one of yours."), tone: "danger" };
}

const ERRORS: Readonly<Record<string, string>> = {
  empty: t("Write something first."),
  too_big: t("This is too long to send."),
  room_closed: t("This room is closed: nothing more can be written."),
  not_running: t("This answer has ended already."),
  slow_down: t("That was very quick. Wait a moment, then send it again."),
};

/** What to tell a person whose frame was refused; a field that was wrong is named, the text box in plain words. */
export function errorWords(error: ErrorFrame): string {
  const known = error.field === "data.supersedes" ? undefined : ERRORS[error.code];
  if (known) return known;
  const words = (error.message || t("The server refused this.")).replaceAll("`data.text`", t("The text")).replaceAll("`data.after`", t("The step before")).replaceAll("`data.about`", "The passage").replace(/`([^`]*)`/g, "$1");
  const isNamed = !error.field || /^data\.(text|about|supersedes)\b/.test(error.field) || words.includes(error.field);
  return isNamed ? words : `${words} (${error.field})`;
}

function textOf(value: unknown, key: string): string {
  const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return typeof found === "string" ? found : "";
}

export function noticeWords(item: NoticeItem): string {
  const by = item.by?.name ?? "";
  const user = textOf(item.data["user"], "name");
  switch (item.type) {
    case "member.joined":
      return t("{name} joined the class", { name: user || by });
    case "member.removed":
      return t("{name} is not in this class any more", { name: user });
    case "room.closed":
      return by ? t("{name} closed the room", { name: by }) : t("The room was closed");
    case "room.reopened":
      return by ? t("{name} opened the room again", { name: by }) : t("The room is open again");
    case "room.changed": {
      const problem = textOf(item.data["problem"], "title");
      const name = by || t("The teacher");
      return problem ? t("{name} changed the room: the problem is “{problem}”", { name, problem }) : t("{name} changed the room: there is no problem set", { name });
    }
    case "rung.moved": {
      const rung = item.data["rung"];
      return t("{name} set the hints to “{level}”", { name: by || t("The teacher"), level: rungName(typeof rung === "number" ? rung : 0) });
    }
    case "controls.changed":
      return t("{name} changed who may stop, pause, put in, highlight and ask about", { name: by || t("The teacher") });
    case "rules.changed":
      return t("{name} changed the rules for hints", { name: by || t("The teacher") });
    case "memory.changed":
      return by ? t("{name} changed what the tutor remembers of this room (staff alone see this)", { name: by }) : t("The tutor now remembers the oldest questions in short (staff alone see this)");
    default:
      return t("Something happened that this page is too old to show");
  }
}

const FAILED: Readonly<Record<string, string>> = {
  unavailable: t("The tutor was not available."),
  lost: t("The tutor was interrupted and could not go on."),
  deadline: t("The answer took too long."),
};

/** A guess at a time, rounded as people say it; nothing without one. */
function aboutWords(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 60) return t(", about {n} s", { n: Math.max(5, Math.round(seconds / 5) * 5) });
  return t(", about {n} min", { n: Math.round(seconds / 60) });
}

/** The state of an answer for its card: a badge and, where it helps, a sentence. */
export function answerWords(item: AnswerItem): { badge: string; note: string } {
  switch (item.state) {
    case "queued":
      return item.position ? { badge: t("Waiting, {n} ahead", { n: item.position }) + aboutWords(item.eta_s), note: "" } : { badge: t("Waiting for the tutor"), note: "" };
    case "running":
      return { badge: item.text ? t("Writing") : t("Thinking"), note: "" };
    case "paused":
      return { badge: t("Paused"), note: "" };
    case "stopped":
      if (item.reason === "superseded") return { badge: t("Stopped"), note: t("{name} asked in other words.", { name: item.ended_by?.name ?? t("Somebody") }) };
      return { badge: t("Stopped"), note: item.ended_by ? t("Stopped by {name}.", { name: item.ended_by.name }) : t("Stopped.") };
    case "failed":
      return { badge: t("No answer"), note: FAILED[item.reason] ?? t("The tutor could not answer.") };
    default:
      return { badge: "", note: item.reason === "length" ? t("The answer reached its longest length and ends here.") : "" };
  }
}

export function peopleWords(people: readonly Person[]): string {
  const names = people.map((person) => person.name);
  if (names.length === 0) return "";
  if (names.length === 1) return t("{name} is writing…", { name: names[0] ?? "" });
  if (names.length === 2) return t("{name} and {other} are writing…", { name: names[0] ?? "", other: names[1] ?? "" });
  return t("{n} people are writing…", { n: names.length });
}

/** Why nothing can be written in this room by this person; nothing if it can. */
export function closedWords({ state, you }: Pick<RoomView, "state" | "you">): string {
  if (you && !you.can.post && !you.can.ask) return t("You are watching this room: you can read everything, but not write.");
  return state?.room.state === "closed" ? t("This room is closed. You can read everything, but not write.") : "";
}
