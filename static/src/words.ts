// What the pages say, as pure functions: names, times, states and errors in plain words.

import type { Status } from "./connection";
import type { AnswerItem, ErrorFrame, NoticeItem, Person, Role } from "./frames";
import { rungName } from "./ladder";

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  student: "student",
  assistant: "assistant",
  teacher: "teacher",
  observer: "observer",
  admin: "admin",
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
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function dayOf(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toDateString();
}

export function dayWords(at: string, now: number): string {
  const day = dayOf(at);
  if (day === new Date(now).toDateString()) return "Today";
  if (day === new Date(now - 86_400_000).toDateString()) return "Yesterday";
  return new Date(at).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
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
  if (status.phase === "paused") return { short: "Paused", long: "Paused because nothing happened for a while.", tone: "warn" };
  if (status.phase === "live") {
    if (status.kind === "poll") return { short: "Polling", long: "This network lets only short requests through: news may come a moment late.", tone: "ok" };
    return { short: "Live", long: status.kind === "sse" ? "Live, by a stream of events." : "Live.", tone: "ok" };
  }
  if (!isOnline) return { short: "Offline", long: "Your device is offline. What you send is kept until it is back.", tone: "danger" };
  const seconds = status.retryAt === null ? 0 : Math.ceil((status.retryAt - now) / 1000);
  if (status.phase === "waiting" && seconds > 0) {
    return { short: `Reconnecting in ${seconds} s`, tiny: `in ${seconds} s`, long: "The connection is lost. What you send is kept until it is back.", tone: "warn" };
  }
  return { short: "Connecting…", long: "Connecting to the room.", tone: "warn" };
}

function endedWords(status: Status): StatusWords {
  if (status.reason === "signed_out") return { short: "Signed out", long: "You are signed out. Sign in again to go on.", tone: "danger" };
  if (status.reason === "removed") return { short: "Left", long: "You are not in this room any more.", tone: "danger" };
  return { short: "No room", long: "This room does not exist, or it is not one of yours.", tone: "danger" };
}

const ERRORS: Readonly<Record<string, string>> = {
  empty: "Write something first.",
  too_big: "This is too long to send.",
  room_closed: "This room is closed: nothing more can be written.",
  not_running: "This answer has ended already.",
  slow_down: "That was very quick. Wait a moment, then send it again.",
};

/** What to tell a person whose frame was refused; a field that was wrong is named, the text box in plain words. */
export function errorWords(error: ErrorFrame): string {
  const known = error.field === "data.supersedes" ? undefined : ERRORS[error.code];
  if (known) return known;
  const words = (error.message || "The server refused this.").replaceAll("`data.text`", "The text").replaceAll("`data.after`", "The step before").replaceAll("`data.about`", "The passage").replace(/`([^`]*)`/g, "$1");
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
      return `${user || by} joined the class`;
    case "member.removed":
      return `${user} is not in this class any more`;
    case "room.closed":
      return by ? `${by} closed the room` : "The room was closed";
    case "room.reopened":
      return by ? `${by} opened the room again` : "The room is open again";
    case "room.changed": {
      const problem = textOf(item.data["problem"], "title");
      const what = problem ? `the problem is “${problem}”` : "there is no problem set";
      return `${by || "The teacher"} changed the room: ${what}`;
    }
    case "rung.moved": {
      const rung = item.data["rung"];
      return `${by || "The teacher"} set the hints to “${rungName(typeof rung === "number" ? rung : 0)}”`;
    }
    case "controls.changed":
      return `${by || "The teacher"} changed who may stop, pause, put in, highlight and ask about`;
    case "rules.changed":
      return `${by || "The teacher"} changed the rules for hints`;
    case "memory.changed":
      return by ? `${by} changed what the tutor remembers of this room (staff alone see this)` : "The tutor now remembers the oldest questions in short (staff alone see this)";
    default:
      return "Something happened that this page is too old to show";
  }
}

const FAILED: Readonly<Record<string, string>> = {
  unavailable: "The tutor was not available.",
  lost: "The tutor was interrupted and could not go on.",
  deadline: "The answer took too long.",
};

/** A guess at a time, rounded as people say it; nothing without one. */
function aboutWords(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 60) return `, about ${Math.max(5, Math.round(seconds / 5) * 5)} s`;
  return `, about ${Math.round(seconds / 60)} min`;
}

/** The state of an answer for its card: a badge and, where it helps, a sentence. */
export function answerWords(item: AnswerItem): { badge: string; note: string } {
  switch (item.state) {
    case "queued":
      return item.position ? { badge: `Waiting, ${item.position} ahead${aboutWords(item.eta_s)}`, note: "" } : { badge: "Waiting for the tutor", note: "" };
    case "running":
      return { badge: item.text ? "Writing" : "Thinking", note: "" };
    case "paused":
      return { badge: "Paused", note: "" };
    case "stopped":
      if (item.reason === "superseded") return { badge: "Stopped", note: `${item.ended_by?.name ?? "Somebody"} asked in other words.` };
      return { badge: "Stopped", note: item.ended_by ? `Stopped by ${item.ended_by.name}.` : "Stopped." };
    case "failed":
      return { badge: "No answer", note: FAILED[item.reason] ?? "The tutor could not answer." };
    default:
      return { badge: "", note: item.reason === "length" ? "The answer reached its longest length and ends here." : "" };
  }
}

export function peopleWords(people: readonly Person[]): string {
  const names = people.map((person) => person.name);
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is writing…`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are writing…`;
  return `${names.length} people are writing…`;
}
