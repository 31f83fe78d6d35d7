// The stage's events, handed to gestures and keys.

import type { Desk } from "./desk";
import type { Tool } from "./draw";
import type { Gestures } from "./gestures";
import { keyPressed } from "./keys";
import type { Stage } from "./stage";

export interface StageContext {
  desk: Desk;
  stage: Stage;
  gestures: Gestures;
  choose: (tool: Tool) => void;
  picture: (file: File) => void;
}

/** The shape that has the focus, by what its element says. */
function focused(): { sheet: string; id: string } | null {
  const node = document.activeElement as SVGElement | null;
  const id = node?.dataset?.["shape"];
  return node && id ? { id, sheet: (node.parentElement as Element as SVGElement | null)?.dataset["sheet"] ?? "" } : null;
}

/** Binds them; gives what unbinds what lives longer than the stage. */
export function stageBind({ desk, stage, gestures, choose, picture }: StageContext): () => void {
  const { svg, painter } = stage;
  const focusShape = (sheet: string, id: string): void => {
    painter.flush();
    painter.node(sheet, id)?.focus({ preventScroll: true });
  };
  const pictures = (files: FileList | null | undefined): void => {
    if (files?.[0]) picture(files[0]);
  };
  svg.setAttribute("tabindex", "0");
  svg.addEventListener("pointerdown", (event) => {
    // Browsers show the ring of the focus when a script sets it: a hand on the board needs none.
    svg.dataset["pointed"] = "";
    svg.focus({ preventScroll: true });
    gestures.down(event);
  });
  // Behind a finger's tap browsers send a press of a mouse too: its focus would end the text that the tap has just begun.
  svg.addEventListener("mousedown", (event) => event.preventDefault());
  svg.addEventListener("pointermove", (event) => gestures.move(event));
  svg.addEventListener("pointerup", (event) => gestures.up(event));
  svg.addEventListener("pointercancel", (event) => gestures.cancel(event));
  svg.addEventListener("pointerleave", () => gestures.leave());
  svg.addEventListener("dblclick", (event) => gestures.double(event));
  svg.addEventListener("wheel", (event) => gestures.wheel(event), { passive: false });
  svg.addEventListener("keydown", (event) => {
    delete svg.dataset["pointed"];
    if (keyPressed(event, { desk, gestures, choose, focusShape, focused, leave: () => svg.focus() })) event.preventDefault();
  });
  svg.addEventListener("keyup", (event) => {
    if (event.key === " ") gestures.isSpaceDown = false;
  });
  svg.addEventListener("dragover", (event) => event.preventDefault());
  svg.addEventListener("drop", (event) => {
    event.preventDefault();
    pictures(event.dataTransfer?.files);
  });
  svg.addEventListener("paste", (event) => pictures(event.clipboardData?.files));
  const watch = new ResizeObserver(([entry]) => {
    if (!entry) return;
    desk.size = { w: entry.contentRect.width, h: entry.contentRect.height };
    desk.redraw();
  });
  watch.observe(svg);
  return () => watch.disconnect();
}
