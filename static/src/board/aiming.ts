// What somebody wants to see on the board: shapes by their ids, or the line of a solution, which is put there if it is not
// yet. What is wanted may come a moment after the pane was opened: it is shown then.

import type { PaneContext } from "../panes";
import { isRecord } from "../shapes";
import { stepTex } from "../step-tex";
import type { Desk } from "./desk";
import { boundsOfAll, textBox } from "./geometry";
import { TEXT_SIZE } from "./putting";
import { BLANK, LATEX_MOST, quarter, type Shape } from "./shape";
import { isFault, type ServerSupplies } from "./supplies";
import { fitted } from "./viewport";

const GAP = 16;

export class Aiming {
  private aim: unknown = null;

  constructor(
    private readonly desk: Desk,
    private readonly supplies: Pick<ServerSupplies, "draw">,
    private readonly show: (sheet: string, id: string) => void,
  ) {}

  want(aim: unknown): void {
    this.aim = aim;
    this.look();
  }

  /** Looks for what is wanted and was not there yet. */
  look(): void {
    if (!isRecord(this.aim)) return;
    const { shape, shapes, step, text } = this.aim;
    if (typeof step === "string") this.line(step, String(text ?? ""));
    else this.shapes((Array.isArray(shapes) ? shapes : [shape]).map(String));
  }

  private shapes(wanted: string[]): void {
    const { desk } = this;
    const sheet = desk.sheets.all.find(({ scene }) => wanted.some((id) => scene.shapes.has(id)));
    if (!sheet) return;
    this.aim = null;
    const here = wanted.flatMap((id) => sheet.scene.shapes.get(id) ?? []);
    if (here.length > 1) desk.turnTo(here[0]?.page ?? "1");
    if (here.length > 1) desk.look(fitted(boundsOfAll(here), desk.size));
    for (const { id } of here) this.show(sheet.info.id, id);
  }

  private line(step: string, text: string): void {
    const { all } = this.desk.sheets;
    const found = all.flatMap((sheet) => linesOf(sheet.scene.shapes.values(), step).map((shape) => [sheet.info.id, shape.id] as const));
    // Only what is certain not to be there is put there.
    if (!found.length && (!all.length || all.some(({ state }) => !state.isSynced))) return;
    this.aim = null;
    const [first] = found;
    if (first) this.show(...first);
    else if (this.desk.mayWrite) void this.put(step, text);
    else this.desk.fault("read_only");
  }

  /** Below the lines that are there already, else in the middle of what is seen. */
  private async put(step: string, text: string): Promise<void> {
    const { desk } = this;
    const latex = stepTex(text);
    const drawing = latex === null || latex.length > LATEX_MOST ? null : await this.supplies.draw(latex);
    const drawn = drawing && !isFault(drawing) ? drawing : null;
    const box = drawn ? { w: quarter(drawn.w), h: quarter(drawn.h) } : textBox(text, TEXT_SIZE);
    const { target } = desk.sheets;
    const lines = target ? linesOf(target.scene.on(desk.page)) : [];
    const last = lines.reduce<Shape | null>((lowest, shape) => (lowest && lowest.y + lowest.h > shape.y + shape.h ? lowest : shape), null);
    const { seen } = desk;
    const place = last ? { x: last.x, y: last.y + last.h + GAP } : { x: Math.round(seen.x + (seen.w - box.w) / 2), y: Math.round(seen.y + (seen.h - box.h) / 2) };
    desk.begin();
    desk.choose("select");
    const id = desk.add({ ...BLANK, stroke: desk.style.stroke, ...box, ...place, step, ...(drawn && latex ? { kind: "formula", latex } : { kind: "text", text }) });
    if (!id || !target) return;
    desk.select(target, [id]);
    this.show(target.info.id, id);
  }
}

const linesOf = (shapes: Iterable<Shape>, step?: string): Shape[] => [...shapes].filter((shape) => (step === undefined ? shape.step !== null : shape.step === step));

/** What leads from the one selected shape to its line of the solution; null where it is none, or the room has no such line. */
export function wayToLine(desk: Desk, { view }: PaneContext, from: EventTarget): (() => void) | null {
  const [shape, ...others] = desk.selected;
  const step = others.length ? null : (shape?.step ?? null);
  if (step === null || !view.state?.items.some((item) => item.kind === "step" && item.step === step)) return null;
  return () => void from.dispatchEvent(new CustomEvent("panewanted", { bubbles: true, composed: true, detail: { pane: "solution", aim: step } }));
}
