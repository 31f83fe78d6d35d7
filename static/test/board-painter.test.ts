// What is in the document while thousands of shapes lie on a page: those near what is seen, in the order they lie.

import { beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";

import { svgNode } from "../src/board/glyphs";
import { Painter } from "../src/board/painter";
import { Scene } from "../src/board/scene";
import { BLANK, type NewShape } from "../src/board/shape";

const SIZE = { w: 400, h: 300 };
const box = (x: number, change: Partial<NewShape> = {}): NewShape => ({ ...BLANK, x, y: 0, w: 50, h: 50, ...change });

let scene: Scene;
let painter: Painter;
let world: SVGGElement;
let stretches: string[];
let painted: number;
const shown = (): (string | undefined)[] => [...world.querySelectorAll<SVGElement>("[data-shape]")].map((node) => node.dataset["shape"]);

beforeEach(() => {
  stretches = [];
  painted = 0;
  world = svgNode("g");
  scene = new Scene(new Y.Doc(), () => "b", { shapes: (ids) => painter.changed("s", ids), pages: () => undefined, history: () => undefined });
  painter = new Painter(world, { drawing: () => null, picture: () => "" }, (shape) => shape.kind, (transform) => stretches.push(transform), () => painted++);
  painter.sheets([{ id: "s", scene }]);
  painter.look({ x: 0, y: 0, zoom: 1 }, SIZE, "1");
  painter.flush();
  return () => painter.stop();
});

describe("the painter", () => {
  it("holds in the document what is seen and a little around it", () => {
    const near = scene.add("1", box(100));
    const far = scene.add("1", box(5000));
    painter.flush();
    expect(shown()).toEqual([near]);
    painter.look({ x: 4900, y: 0, zoom: 1 }, SIZE, "1");
    painter.flush();
    expect(shown()).toEqual([far]);
    expect(painter.mountedCount).toBe(1);
    scene.change(new Map([[far as string, { x: 0 }]]));
    painter.flush();
    expect(shown()).toEqual([]);
  });
  it("changes nothing in the document for a small move", () => {
    const id = scene.add("1", box(100)) as string;
    painter.flush();
    const node = painter.node("s", id);
    painter.look({ x: 20, y: 0, zoom: 1 }, SIZE, "1");
    painter.flush();
    expect(painter.node("s", id)).toBe(node);
    expect(world.getAttribute("transform")).toBe("scale(1) translate(-20 0)");
  });
  it("keeps the order in which shapes lie, one by one and many at once", () => {
    const ids = [scene.add("1", box(0)), scene.add("1", box(10)), scene.add("1", box(20))] as [string, string, string];
    painter.flush();
    scene.change(new Map([[ids[0], { z: 9 }]]));
    painter.flush();
    expect(shown()).toEqual([ids[1], ids[2], ids[0]]);
    for (let count = 0; count < 30; count++) scene.add("1", box(count));
    painter.flush();
    expect(shown().slice(0, 3)).toEqual([ids[1], ids[2], ids[0]]);
    expect(shown().length).toBe(33);
  });
  it("paints a changed shape once a frame, and no other", () => {
    const [one, other] = [scene.add("1", box(0)), scene.add("1", box(60))] as [string, string];
    painter.flush();
    const untouched = painter.node("s", other)?.cloneNode();
    const before = painted;
    for (let step = 1; step <= 5; step++) scene.change(new Map([[one, { x: step }]]));
    painter.flush();
    expect(painted).toBe(before + 1);
    expect(painter.node("s", one)?.getAttribute("transform")).toBe("translate(5 0)");
    expect(painter.node("s", other)?.isEqualNode(untouched as Node)).toBe(true);
  });
  it("shows one page at a time, and forgets what is gone", () => {
    const first = scene.add("1", box(0)) as string;
    const second = scene.add("2", box(0)) as string;
    painter.look({ x: 0, y: 0, zoom: 1 }, SIZE, "2");
    painter.flush();
    expect(shown()).toEqual([second]);
    expect(painter.bounds("s", first)).toBeNull();
    scene.remove([second]);
    painter.flush();
    expect(shown()).toEqual([]);
    painter.sheets([]);
    expect(world.children.length).toBe(0);
  });
  it("stretches the picture while the zoom changes, and lays it out when that is over", async () => {
    painter.look({ x: 10, y: 20, zoom: 2 }, SIZE, "1");
    painter.flush();
    expect(stretches.at(-1)).toBe("matrix(2, 0, 0, 2, -20, -40)");
    expect(world.getAttribute("transform")).toBe("scale(1) translate(0 0)");
    await expect.poll(() => world.getAttribute("transform")).toBe("scale(2) translate(-10 -20)");
    expect(stretches.at(-1)).toBe("");
  });
});
