// @vitest-environment node
// Tools as a fold over samples, the scene they end in, and whose work an undo takes back.

import { beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";

import { cornerAdd, draftBegin, draftEnd, draftExtend, type DrawTool, type Sample, thinned } from "../src/board/draw";
import { pathOf } from "../src/board/outline";
import { Scene } from "../src/board/scene";
import { BLANK, type NewShape } from "../src/board/shape";

const STYLE = { stroke: "#24568f", fill: false, width: 3 };
const at = (x: number, y: number, pressure = 0.5): Sample => ({ x, y, pressure });
const drawn = (tool: DrawTool, from: Sample, to: Sample[], isStraight = false, style = STYLE): NewShape | null => draftEnd(draftExtend(draftBegin(tool, from, style), to, isStraight), 1);

describe("a tool", () => {
  it("draws boxes from any corner, and squares with Shift", () => {
    expect(drawn("rectangle", at(100, 100), [at(40, 160)])).toMatchObject({ kind: "rectangle", x: 40, y: 100, w: 60, h: 60, fill: null });
    expect(drawn("ellipse", at(0, 0), [at(30, 10)], true)).toMatchObject({ kind: "ellipse", w: 30, h: 30 });
    expect(drawn("rectangle", at(0, 0), [at(30, 10)], false, { ...STYLE, fill: true })?.fill).toBe("#24568f");
    expect(drawn("rectangle", at(0, 0), [at(1, 1)])).toBeNull();
  });
  it("draws lines and arrows, in steps of 15° with Shift", () => {
    expect(drawn("line", at(10, 10), [at(60, 35)])?.points).toEqual([0, 0, 50, 25]);
    expect(drawn("arrow", at(0, 0), [at(100, 4)], true)?.points).toEqual([0, 0, 100, 0]);
    expect(drawn("line", at(0, 0), [at(1, 1)])).toBeNull();
    expect(drawn("point", at(5, 6), [])).toMatchObject({ kind: "point", x: 5, y: 6 });
    expect(drawn("point", at(5, 6), [at(1, 2), at(9, 8)])).toMatchObject({ x: 9, y: 8, w: 0 });
  });
  it("keeps a pen's pressure, and leaves out what lies on a straight line", () => {
    const shape = drawn("pen", at(0, 0, 0.2), [at(10, 0, 0.4), at(20, 0, 0.6), at(20, 20, 0.8)]);
    expect(shape?.points).toEqual([0, 0, 0.203125, 20, 0, 0.59375, 20, 20, 0.796875]);
    expect(drawn("highlighter", at(0, 0), [at(50, 0)])).toMatchObject({ opacity: 0.4, width: 18 });
    expect(drawn("pen", at(0, 0), [at(5, 9), at(50, 0)], true)?.points.length).toBe(6);
    expect(draftExtend(draftBegin("pen", at(0, 0), STYLE), [], false).shape.points.length).toBe(3);
  });
  it("stops a stroke before it is longer than a shape may be", () => {
    let draft = draftBegin("pen", at(0, 0), STYLE);
    for (let round = 0; round < 50; round++) draft = draftExtend(draft, Array.from({ length: 100 }, (_, index) => at(index, round)), false);
    expect(draft.shape.points.length).toBeLessThanOrEqual(10_000);
    expect(thinned(draft.shape.points, 0.6).length).toBeLessThan(draft.shape.points.length);
  });
  it("sets a polygon's corners one by one, and closes it at the first", () => {
    let draft = draftBegin("polygon", at(0, 0), STYLE);
    for (const corner of [at(100, 0), at(100, 100)]) draft = cornerAdd(draftExtend(draft, [corner], false), corner, 10) as typeof draft;
    expect(draft.corners.length).toBe(3);
    expect(cornerAdd(draft, at(4, 4), 10)).toBeNull();
    expect(draftEnd(draft, 1)?.points).toEqual([0, 0, 100, 0, 100, 100]);
    expect(draftEnd(draftBegin("polygon", at(0, 0), STYLE), 1)).toBeNull();
  });
});

describe("an outline", () => {
  const pen = { kind: "pen", x: 5, y: 5, w: 0, h: 0, width: 3, points: [0, 0, 0.5, 40, 0, 0.9, 40, 40, 0.1] } as const;
  it("is computed once for the same points", () => {
    const path = pathOf(pen);
    expect(path).toMatch(/^M.+Z$/);
    expect(pathOf({ ...pen, x: 90 })).toBe(path);
    expect(pathOf({ ...pen, width: 9 })).not.toBe(path);
    expect(pathOf({ ...pen, points: [] })).toBe("");
  });
  it("has a head where it is an arrow's, and an end where it is a polygon's", () => {
    const base = { x: 0, y: 0, w: 0, h: 0, width: 2, points: [0, 0, 50, 0] };
    expect(pathOf({ ...base, kind: "line" })).toBe("M0 0L50 0");
    expect(pathOf({ ...base, kind: "arrow" })).toMatch(/^M0 0L50 0M.*L50 0L/);
    expect(pathOf({ ...base, kind: "arrow", points: [0, 0] })).toBe("M0 0");
    expect(pathOf({ ...base, kind: "polygon" })).toBe("M0 0L50 0Z");
  });
});

describe("the scene", () => {
  let doc: Y.Doc;
  let other: Y.Doc;
  let scene: Scene;
  let theirs: Scene;
  let told: string[][];
  const box = { ...BLANK, x: 0, y: 0, w: 10, h: 10 };
  const sceneOf = (of: Y.Doc, by: string): Scene => new Scene(of, () => by, { shapes: (ids) => told.push([...ids]), pages: () => told.push(["pages"]), history: () => undefined });

  beforeEach(() => {
    told = [];
    doc = new Y.Doc();
    other = new Y.Doc();
    doc.on("update", (update: Uint8Array, origin: unknown) => origin !== "wire" && Y.applyUpdate(other, update, "wire"));
    other.on("update", (update: Uint8Array, origin: unknown) => origin !== "wire" && Y.applyUpdate(doc, update, "wire"));
    scene = sceneOf(doc, "mia");
    theirs = sceneOf(other, "noah");
  });

  it("tells which shapes came, changed and went, and everybody sees the same", () => {
    const id = scene.add("1", box) as string;
    expect(theirs.shapes.get(id)).toMatchObject({ by: "mia", z: 1, page: "1", w: 10 });
    theirs.change(new Map([[id, { x: 30 }], ["gone", { x: 1 }]]));
    expect(scene.shapes.get(id)?.x).toBe(30);
    const before = told.length;
    theirs.change(new Map([[id, { x: 30 }]]));
    expect(told.length).toBe(before);
    scene.remove([id, "gone"]);
    expect(theirs.shapes.size).toBe(0);
    expect(told.flat()).not.toContain("gone");
  });
  it("writes the fields of the kind alone", () => {
    const id = scene.add("1", { ...BLANK, kind: "pen", points: [0, 0, 0.5] }) as string;
    expect(Object.keys((doc.getMap("shapes").get(id) as Y.Map<unknown>).toJSON()).sort()).toEqual(["alt", "by", "kind", "locked", "opacity", "page", "points", "rotation", "stroke", "width", "x", "y", "z"]);
  });
  it("undoes one's own last gesture alone", () => {
    scene.begin();
    const mine = scene.add("1", box) as string;
    theirs.begin();
    const hers = theirs.add("1", box) as string;
    theirs.change(new Map([[mine, { x: 70 }]]));
    scene.begin();
    scene.change(new Map([[mine, { y: 50 }]]));
    scene.undo();
    expect(scene.shapes.get(mine)).toMatchObject({ x: 70, y: 0 });
    scene.undo();
    expect([...theirs.shapes.keys()]).toEqual([hers]);
    expect([scene.canUndo, scene.canRedo]).toEqual([false, true]);
    scene.redo();
    expect(scene.shapes.has(mine)).toBe(true);
    theirs.undo();
    expect(scene.shapes.has(hers)).toBe(false);
  });
  it("has one page until there are more, names them, and takes one away until that is undone", () => {
    expect(scene.pages).toEqual([{ id: "1", title: "" }]);
    const second = scene.pageAdd() as string;
    scene.add(second, box);
    scene.add("1", box);
    expect(theirs.pages.map(({ id }) => id)).toEqual(["1", second]);
    scene.pageRename(second, " Fractions 分数 ");
    expect(theirs.pages[1]?.title).toBe("Fractions 分数");
    scene.pageRemove(second);
    expect(theirs.pages.length).toBe(1);
    scene.undo();
    expect(theirs.pages[1]).toEqual({ id: second, title: "Fractions 分数" });
    expect(theirs.on(second).length).toBe(1);
    scene.redo();
    scene.pageRemove("1");
    scene.pageRemove("nowhere");
    expect(scene.pages.length).toBe(1);
    for (let page = 1; page < 20; page++) scene.pageAdd();
    expect(scene.pageAdd()).toBeNull();
  });
  it("stacks shapes in the same order for all, and is full at some point", () => {
    const ids = [scene.add("1", box), scene.add("1", box)];
    expect(scene.on("1").map(({ id }) => id)).toEqual(ids);
    expect(scene.on("2")).toEqual([]);
    other.transact(() => {
      for (let count = 0; count < 1998; count++) other.getMap("shapes").set(`x${count}`, new Y.Map(Object.entries({ kind: "point", page: "1", x: 0, y: 0, z: 0, by: "noah" })));
    });
    expect(scene.add("1", box)).toBeNull();
    expect(scene.add("2", box)).not.toBeNull();
  });
  it("passes over what it does not know", () => {
    other.getMap("shapes").set("odd", new Y.Map([["kind", "video"]]));
    other.getMap("shapes").set("odder", "text" as never);
    expect(scene.shapes.size).toBe(0);
  });
});
