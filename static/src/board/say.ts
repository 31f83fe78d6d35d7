// What the board says: modes, shapes, lines and refusals in plain words.

import { mark, t, translated } from "../translate";
import type { DocumentInfo } from "./listing";
import type { BoardMode, BoardState, Refusal } from "./provider";
import type { Shape, ShapeKind } from "./shape";

export interface Colour {
  hex: string;
  name: string;
}
/** Dark enough for fine lines on the light sheet. */
export const COLOURS: readonly Colour[] = [
  { hex: "#182726", name: mark("black") },
  { hex: "#0c6b6b", name: mark("teal") },
  { hex: "#24568f", name: mark("blue") },
  { hex: "#6b3fa0", name: mark("violet") },
  { hex: "#a8326e", name: mark("pink") },
  { hex: "#b3261e", name: mark("red") },
  { hex: "#9a5300", name: mark("orange") },
  { hex: "#22663a", name: mark("green") },
];

/** The colour that a person begins with: of the hues, so that two at one table seldom share one. */
export const ownColour = (hue: number): string => (COLOURS[(hue % (COLOURS.length - 1)) + 1] as Colour).hex;

export const colourName = (hex: string): string => {
  const found = COLOURS.find((colour) => colour.hex === hex);
  return found ? translated(found.name) : "";
};

const KIND_WORDS: Readonly<Record<ShapeKind, string>> = {
  pen: mark("Pen stroke"), highlighter: mark("Highlighter stroke"), line: mark("Line"), arrow: mark("Arrow"), rectangle: mark("Rectangle"), ellipse: mark("Ellipse"),
  polygon: mark("Polygon"), text: mark("Text"), formula: mark("Formula"), image: mark("Picture"), point: mark("Point"),
};
export const kindWords = (kind: ShapeKind): string => translated(KIND_WORDS[kind]);

/** A shape for those who hear it: what it is, what it says, its colour, and who made it. */
export function shapeWords(shape: Shape, nameOf: (id: string) => string | null): string {
  const said = shape.alt || shape.text || shape.latex;
  const name = shape.by === "tutor" ? t("the tutor") : nameOf(shape.by);
  const colour = shape.kind === "image" ? "" : colourName(shape.stroke);
  const what = [kindWords(shape.kind), colour].filter(Boolean).join(", ");
  return [said ? `${what}: ${said}` : what, name ? t("by {name}", { name }) : "", shape.locked ? t("locked") : ""].filter(Boolean).join(", ");
}

interface ModeWords {
  name: string;
  student: string;
  staff: string;
}
const MODES: Readonly<Record<BoardMode, ModeWords>> = {
  open: { name: mark("Everybody draws"), student: mark("Everybody may draw here."), staff: mark("Everybody may draw on the common board.") },
  view: { name: mark("Only look"), student: mark("Only the teacher draws just now. You can look."), staff: mark("Students can look at the board, but not draw.") },
  isolated: { name: mark("Each on their own sheet"), student: mark("You draw on your own sheet. The teacher sees it; the others do not, until it is shown."), staff: mark("Each student draws on a sheet that only you see, until you show it.") },
  locked: { name: mark("Locked"), student: mark("The board is locked. You can look."), staff: mark("Nobody but staff draws anything.") },
};
export const MODE_ORDER: readonly BoardMode[] = ["open", "view", "isolated", "locked"];
export const modeName = (mode: BoardMode): string => translated(MODES[mode].name);

/** What this person may do now. Somebody to whom the teacher gave the pen is told so. */
export function modeWords(mode: BoardMode, isStaff: boolean, mayWrite: boolean): string {
  if (isStaff) return translated(MODES[mode].staff);
  if (mayWrite && (mode === "view" || mode === "locked")) return t("The teacher lets you draw.");
  if (!mayWrite && (mode === "open" || mode === "isolated")) return t("You can look at the board, but not draw.");
  return translated(MODES[mode].student);
}

export function sheetWords(info: DocumentInfo, you: string | null): string {
  if (info.kind === "board") return t("Common board");
  if (info.kind === "teacher") return t("The teacher's layer");
  return info.owner?.id === you ? t("My sheet") : t("{name}'s sheet", { name: info.owner?.name ?? t("Somebody") });
}

/** How it stands with what was drawn; nothing while all is well. */
export function lineWords(state: BoardState | null, now: number): { words: string; tone: "ok" | "warn" | "danger" } {
  if (!state) return { words: t("Opening…"), tone: "warn" };
  if (state.phase === "ended") return { words: state.reason === "signed_out" ? t("You are signed out.") : t("You cannot see this sheet any more."), tone: "danger" };
  if (state.phase === "live" && state.isSynced) return { words: state.isSaving ? t("Saving…") : t("Saved"), tone: "ok" };
  const seconds = state.retryAt === null ? 0 : Math.ceil((state.retryAt - now) / 1000);
  if (state.isSaving) return { words: t("No connection: what you draw is kept here until it is back."), tone: "warn" };
  return { words: seconds > 0 ? t("Reconnecting in {seconds} s", { seconds }) : t("Connecting…"), tone: "warn" };
}

const REFUSED: Readonly<Record<string, string>> = {
  forbidden: mark("You may not draw here just now: your last change was taken back."),
  slow_down: mark("That was a lot at once: your last change was taken back. Wait a moment, then go on."),
  too_big: mark("That was too large for the board: it was taken back."),
};

export function refusedWords({ code, message }: Refusal): string {
  const known = REFUSED[code];
  if (known) return translated(known);
  return message ? t("Your last change was taken back: {reason}", { reason: message }) : t("Your last change was taken back: the server could not keep it.");
}
