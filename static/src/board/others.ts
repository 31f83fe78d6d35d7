// The others at the table: where they point, what they look at. Passing signs over the line, never kept.

import type { Awareness } from "y-protocols/awareness";

import { isRecord } from "../shapes";
import type { Box, Point } from "./geometry";
import { svgNode } from "./glyphs";
import { toScreen, type View } from "./viewport";

export interface Other {
  /** One page at one sheet. */
  key: string;
  id: string;
  name: string;
  colour: string;
  page: string | null;
  at: Point | null;
  isLaser: boolean;
  view: (Box & { page: string }) | null;
}

const EVERY_MS = 50;
const finite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && Math.abs(value) < 1e7;

/** Everybody else at a sheet, from the states that the server has put names into. */
export function othersRead(awareness: Awareness, sheet: string): Other[] {
  const found: Other[] = [];
  for (const [client, state] of awareness.getStates()) {
    if (client === awareness.clientID || !isRecord(state) || !isRecord(state["user"])) continue;
    const { user, pointer, view } = state as { user: Record<string, unknown>; pointer?: unknown; view?: unknown };
    const colour = String(user["colour"] ?? "");
    const at = isRecord(pointer) && finite(pointer["x"]) && finite(pointer["y"]) ? { x: pointer["x"], y: pointer["y"] } : null;
    const box = isRecord(view) && [view["x"], view["y"], view["w"], view["h"]].every(finite) ? (view as unknown as Box) : null;
    found.push({
      key: `${sheet} ${client}`, id: String(user["id"] ?? ""), name: String(user["name"] ?? "").slice(0, 80), colour: /^#[0-9a-f]{6}$/i.test(colour) ? colour : "#24568f",
      page: at ? String((pointer as Record<string, unknown>)["page"] ?? "1") : null, at, isLaser: state["laser"] === true,
      view: box && { x: box.x, y: box.y, w: box.w, h: box.h, page: String((view as Record<string, unknown>)["page"] ?? "1") },
    });
  }
  return found;
}

/** Where things are told: the view at the common board, the hand at the sheet that is drawn on, where only its readers see it. */
export interface Lines {
  base: Awareness | null;
  drawn: Awareness | null;
}
const NOTHING = { pointer: null, laser: false, selection: [], draft: null };

/** Says where this page's pointer and view are and what it draws, a few times a second at most. */
export class Telling {
  private timer: number | null = null;
  private readonly next: Record<string, unknown> = {};
  private last: Awareness | null = null;

  constructor(
    private readonly lines: () => Lines,
    private readonly draft: () => object | null,
  ) {}

  tell(fields: Record<string, unknown>): void {
    Object.assign(this.next, fields);
    this.timer ??= window.setTimeout(() => this.flush(), EVERY_MS);
  }

  private flush(): void {
    this.timer = null;
    const { base, drawn } = this.lines();
    const { view, ...hand } = { ...NOTHING, ...this.next, draft: this.draft() } as Record<string, unknown>;
    for (const awareness of new Set([base, drawn, this.last])) {
      if (awareness) tellAt(awareness, { ...(awareness === base && { view }), ...(awareness === drawn ? hand : NOTHING) });
    }
    this.last = drawn;
  }

  stop(): void {
    if (this.timer !== null) window.clearTimeout(this.timer);
  }
}

function tellAt(awareness: Awareness, fields: object): void {
  const before = awareness.getLocalState();
  const state = { ...before, ...fields };
  if (JSON.stringify(state) !== JSON.stringify(before)) awareness.setLocalState(state);
}

const NAME_MOST = 18;
const TRAIL = 14;

/** Draws the others' pointers. */
export class Pointers {
  private readonly nodes = new Map<string, { group: SVGGElement; trail: SVGPolylineElement; name: string; past: Point[] }>();

  constructor(private readonly into: SVGGElement) {}

  draw(others: readonly Other[], view: View, page: string): void {
    const here = others.filter((other) => other.at && other.page === page);
    const wanted = new Set(here.map(({ key }) => key));
    for (const [key, { group }] of this.nodes) {
      if (wanted.has(key)) continue;
      group.remove();
      this.nodes.delete(key);
    }
    for (const other of here) {
      const kept = this.nodes.get(other.key) ?? this.add(other);
      const at = toScreen(view, other.at as Point);
      kept.past = other.isLaser ? [...kept.past, other.at as Point].slice(-TRAIL) : [];
      kept.trail.setAttribute("points", kept.past.map((point) => toScreen(view, point)).map(({ x, y }) => `${x - at.x},${y - at.y}`).join(" "));
      kept.group.setAttribute("transform", `translate(${at.x} ${at.y})`);
      kept.group.classList.toggle("laser", other.isLaser);
    }
  }

  private add(other: Other): { group: SVGGElement; trail: SVGPolylineElement; name: string; past: Point[] } {
    const letters = [...other.name];
    const name = letters.length > NAME_MOST ? `${letters.slice(0, NAME_MOST - 1).join("")}…` : other.name;
    const width = [...name].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) > 0x2e7f ? 12.5 : 8), 14);
    const group = svgNode("g", { class: "pointer" });
    const trail = svgNode("polyline", { class: "trail", stroke: "#e0245e" });
    const words = svgNode("text", { x: 18, y: 31, "font-size": 12, fill: "#ffffff" });
    words.textContent = name;
    group.append(
      trail,
      svgNode("circle", { class: "beam", r: 7, fill: "#e0245e" }),
      svgNode("path", { class: "tip", d: "M0 0L4.5 15L8 9L14.5 7.5Z", fill: other.colour, stroke: "#ffffff", "stroke-width": 1 }),
      svgNode("rect", { x: 12, y: 18, width, height: 18, rx: 5, fill: other.colour }),
      words,
    );
    this.into.append(group);
    const kept = { group, trail, name, past: [] };
    this.nodes.set(other.key, kept);
    return kept;
  }
}
