// What is put on the board by a window instead of a gesture: written texts and formulas, and pictures.

import { t } from "../translate";
import type { Desk, Writing } from "./desk";
import { textBox } from "./geometry";
import { BLANK, fontSize, quarter } from "./shape";
import { isFault, type ServerSupplies } from "./supplies";
import type { Written } from "./writing";

export const TEXT_SIZE = 24;
const PICTURE_MOST = 480;
const UNDRAWN = { w: 120, h: 40 };

/** A text or formula that was written, new or anew; one without words goes. */
export function writtenPut(desk: Desk, { kind, at, shape }: Writing, { words, drawing }: Written): void {
  const drawn = drawing ?? UNDRAWN;
  if (shape?.kind === "point") return desk.apply(new Map([[shape.id, { text: words.replace(/\s+/g, " ") }]]));
  if (shape && !words) return desk.removeSelected();
  if (!words) return;
  if (shape) {
    const change = kind === "text" ? { text: words, ...textBox(words, fontSize(shape)) } : { latex: words, w: quarter((shape.h * drawn.w) / drawn.h) };
    return desk.apply(new Map([[shape.id, change]]));
  }
  desk.begin();
  const size = kind === "text" ? { text: words, ...textBox(words, TEXT_SIZE) } : { latex: words, w: quarter(drawn.w), h: quarter(drawn.h) };
  desk.add({ ...BLANK, kind, stroke: desk.style.stroke, x: quarter(at.x), y: quarter(at.y), ...size });
}

/** A picture in the middle of what is seen. Null: it is there; else why it is not, in the server's words. */
export async function picturePut(desk: Desk, supplies: ServerSupplies, file: Blob & { name?: string }): Promise<string | null> {
  const sheet = desk.sheets.target?.info.id ?? "";
  const found = await supplies.upload(file, sheet);
  if (isFault(found)) return found.message;
  // Others read the sheet that is drawn on by now.
  if (desk.sheets.target?.info.id !== sheet) return t("You draw on another sheet now: put the picture there again.");
  const scale = Math.min(1, PICTURE_MOST / Math.max(found.w, found.h));
  const [w, h] = [quarter(found.w * scale), quarter(found.h * scale)];
  const { seen } = desk;
  desk.begin();
  desk.choose("select");
  const id = desk.add({ ...BLANK, kind: "image", image: found.image, w, h, x: Math.round(seen.x + seen.w / 2 - w / 2), y: Math.round(seen.y + seen.h / 2 - h / 2), alt: (file.name ?? "").slice(0, 100) });
  if (id) desk.select(desk.sheets.target, [id]);
  return null;
}
