// The board by keyboard. Single letters count only while the stage has the focus, so that nothing typed elsewhere draws.

import { t } from "../translate";
import type { Desk } from "./desk";
import type { Tool } from "./draw";
import { boundsOf, contains } from "./geometry";
import type { Gestures } from "./gestures";
import { stepped } from "./grips";
import { TOOLS } from "./toolbar";
import { panned, zoomed } from "./viewport";

export interface KeyContext {
  desk: Desk;
  gestures: Gestures;
  choose: (tool: Tool) => void;
  /** Puts the focus on a shape. */
  focusShape: (sheet: string, id: string) => void;
  /** The shape that has the focus. */
  focused: () => { sheet: string; id: string } | null;
  leave: () => void;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** True where the key meant something here. */
export function keyPressed(event: KeyboardEvent, context: KeyContext): boolean {
  const { desk } = context;
  if (event.ctrlKey || event.metaKey) return withCtrl(event, desk);
  if (event.altKey) return false;
  const arrow = ARROWS[event.key];
  if (arrow) return arrowPressed(event, arrow, context);
  const tool = TOOLS.find(({ key }) => key === event.key.toUpperCase())?.tool;
  if (tool && !event.shiftKey) {
    context.choose(tool);
    return true;
  }
  return named(event, context);
}

function withCtrl(event: KeyboardEvent, desk: Desk): boolean {
  const key = event.key.toLowerCase();
  if (key === "z" && event.shiftKey) desk.redo();
  else if (key === "z") desk.undo();
  else if (key === "y") desk.redo();
  else if (key === "d") desk.duplicate();
  else if (key === "a") desk.select(desk.sheets.target, desk.sheets.target?.scene.on(desk.page).map(({ id }) => id) ?? []);
  else return false;
  return true;
}

function named(event: KeyboardEvent, context: KeyContext): boolean {
  const { desk, gestures } = context;
  const centre = { x: desk.size.w / 2, y: desk.size.h / 2 };
  switch (event.key) {
    case " ":
      if (context.focused()) return pick(context, event.shiftKey);
      gestures.isSpaceDown = true;
      return true;
    case "Enter":
      if (gestures.draft) gestures.polygonEnd();
      else if (context.focused()) return open(context);
      else step(context, 1);
      return true;
    case "Escape":
      return escape(context);
    case "Delete":
    case "Backspace":
      if (desk.isLocked) desk.say(t("It is locked. K unlocks it."));
      desk.removeSelected();
      return true;
    case "k":
    case "K":
      return lock(desk);
    case "PageUp":
    case "PageDown":
      desk.flip(event.key === "PageUp" ? -1 : 1);
      return true;
    case "[":
    case "]":
      return change(desk, { turn: event.key === "]" ? 15 : -15 });
    case "<":
    case ">":
      return change(desk, { scale: event.key === ">" ? 1.1 : 1 / 1.1 });
    case "+":
    case "=":
    case "-":
      desk.look(zoomed(desk.view, event.key === "-" ? 0.8 : 1.25, centre));
      return true;
    case "0":
      desk.fit();
      return true;
    default:
      return false;
  }
}

function lock(desk: Desk): boolean {
  if (!desk.selected.length || !desk.mayChange(null)) return false;
  const on = !desk.isLocked;
  desk.lock(on);
  desk.say(on ? t("Locked: nobody moves or changes it by mistake.") : t("Unlocked."));
  return true;
}

function change(desk: Desk, by: Parameters<typeof stepped>[1]): boolean {
  const shapes = desk.selected.filter((shape) => desk.mayChange(shape));
  if (!shapes.length) return false;
  desk.apply(stepped(shapes, by));
  return true;
}

function arrowPressed(event: KeyboardEvent, [dx, dy]: readonly [number, number], context: KeyContext): boolean {
  const { desk } = context;
  const far = event.shiftKey ? 20 : 2;
  if (change(desk, { dx: dx * far, dy: dy * far })) return true;
  if (context.focused()) step(context, dx + dy);
  else desk.look(panned(desk.view, -dx * 60, -dy * 60));
  return true;
}

/** The focus goes to the next shape, or the one before; it comes into view for that. */
function step(context: KeyContext, by: number): void {
  const { desk } = context;
  const all = desk.sheets.all.flatMap((sheet) => sheet.scene.on(desk.page).map((shape) => ({ sheet: sheet.info.id, shape })));
  if (!all.length) return desk.say(t("There is nothing on this page yet."));
  const now = context.focused();
  const at = now ? all.findIndex(({ sheet, shape }) => sheet === now.sheet && shape.id === now.id) : by > 0 ? -1 : 0;
  const next = all[(at + by + all.length) % all.length] as (typeof all)[number];
  const box = boundsOf(next.shape);
  if (!contains(desk.seen, box)) desk.look({ ...desk.view, x: box.x + box.w / 2 - desk.size.w / desk.view.zoom / 2, y: box.y + box.h / 2 - desk.size.h / desk.view.zoom / 2 });
  context.focusShape(next.sheet, next.shape.id);
}

function pick({ desk, focused }: KeyContext, isMore: boolean): boolean {
  const now = focused();
  const sheet = now && desk.sheets.get(now.sheet);
  if (!now || !sheet) return false;
  const had = desk.selection.sheet === now.sheet && desk.selection.ids.has(now.id);
  const others = isMore && desk.selection.sheet === now.sheet ? [...desk.selection.ids].filter((id) => id !== now.id) : [];
  desk.select(sheet, had ? others : [...others, now.id]);
  desk.say(had ? t("Not selected any more.") : t("Selected: the arrow keys move it, Delete takes it away."));
  return true;
}

function open(context: KeyContext): boolean {
  const now = context.focused();
  const sheet = now && context.desk.sheets.get(now.sheet);
  const shape = now && sheet?.scene.shapes.get(now.id);
  return (shape && sheet && context.desk.rewrite(sheet, shape)) || pick(context, false);
}

function escape(context: KeyContext): boolean {
  const { desk, gestures } = context;
  if (gestures.draft || gestures.preview) gestures.cancel(null);
  else if (desk.selection.ids.size) desk.select(null);
  else if (context.focused()) context.leave();
  else return false;
  return true;
}
