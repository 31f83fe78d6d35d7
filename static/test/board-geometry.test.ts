// @vitest-environment node
// Boxes, hits, changes, views and snapping: pure functions, in world units.

import { describe, expect, it } from "vitest";

import { boundsOf, boundsOfAll, boxAround, distanceToLine, frameOf, hits, keepsProportions, middle, moved, rotated, scaled, textBox, turned } from "../src/board/geometry";
import { cornerOf, dragBegin, dragTo, gripAt, stepped, turnGrip } from "../src/board/grips";
import { BLANK, fieldsOf, fontSize, quarter, type Shape, shapeRead, tidyPressure } from "../src/board/shape";
import { snap, snapPoint } from "../src/board/snap";
import { fitted, panned, pinched, seen, START, toScreen, toWorld, zoomed } from "../src/board/viewport";

const shape = (change: Partial<Shape> = {}): Shape => ({ ...BLANK, id: "s", page: "1", z: 1, by: "b", locked: false, step: null, x: 10, y: 20, w: 100, h: 50, ...change });
const line = (change: Partial<Shape> = {}): Shape => shape({ kind: "line", w: 0, h: 0, points: [0, 0, 100, 0], width: 2, ...change });
const at = (x: number, y: number): { x: number; y: number } => ({ x, y });

describe("a shape from outside", () => {
  it("is read with what is missing filled in, and what is wrong made harmless", () => {
    const fields: Record<string, unknown> = { kind: "rectangle", x: 1, y: 2, w: -5, h: "wide", stroke: "javascript:x", fill: "#AABBCC", opacity: 7, width: 900, text: "x".repeat(3000), page: "", rotation: Number.NaN, image: "../x", locked: "yes" };
    expect(shapeRead("s", (field) => fields[field])).toMatchObject({ w: 0, h: 0, stroke: "#182726", fill: "#aabbcc", opacity: 1, width: 40, page: "1", rotation: 0, image: null, locked: false, points: [] });
    expect(shapeRead("s", (field) => fields[field])?.text.length).toBe(2000);
  });
  it("of a kind that is not known is none", () => {
    expect(shapeRead("s", () => "video")).toBeNull();
  });
  it("has the fields of its kind alone", () => {
    expect(fieldsOf("pen")).toContain("points");
    expect(fieldsOf("pen")).not.toContain("latex");
    expect(fieldsOf("formula")).toContain("latex");
  });
  it("is written in numbers that are short on the wire", () => {
    expect([quarter(1.13), quarter(-1.9), tidyPressure(2), tidyPressure(0.501)]).toEqual([1.25, -2, 1, 0.5]);
  });
  it("says with its height alone how large it is written", () => {
    expect(fontSize({ text: "a\nb", h: 50 })).toBe(20);
    expect(textBox("ab\n数学题", 20)).toEqual({ w: 60, h: 50 });
  });
});

describe("boxes", () => {
  it("hold the points, the line's width and the turn", () => {
    expect(boxAround([])).toEqual({ x: 0, y: 0, w: 0, h: 0 });
    expect(frameOf(line())).toEqual({ x: 10, y: 20, w: 100, h: 0 });
    expect(boundsOf(line())).toEqual({ x: 9, y: 19, w: 102, h: 2 });
    const upright = boundsOf(shape({ rotation: 90, width: 2 }));
    expect(upright.w).toBeCloseTo(52);
    expect(upright.h).toBeCloseTo(102);
    expect(boundsOf(shape({ kind: "point" })).w).toBeGreaterThan(0);
    expect(boundsOfAll([])).toBeNull();
    expect(boundsOfAll([shape({ kind: "text" }), shape({ kind: "text", x: 200 })])).toEqual({ x: 10, y: 20, w: 290, h: 50 });
  });
  it("have a middle, about which points turn", () => {
    expect(middle(frameOf(shape()))).toEqual(at(60, 45));
    const round = turned(at(2, 1), at(1, 1), 90);
    expect([round.x, round.y].map(Math.round)).toEqual([1, 2]);
    expect(distanceToLine(at(0, 5), at(0, 0), at(0, 0))).toBe(5);
  });
});

describe("a touch", () => {
  it.each([
    ["a line on it", line(), at(60, 23), true],
    ["a line beside it", line(), at(60, 40), false],
    ["an outline inside", shape(), at(60, 45), false],
    ["an outline on its edge", shape(), at(12, 45), true],
    ["a filled one inside", shape({ fill: "#ffffff" }), at(60, 45), true],
    ["an ellipse's corner", shape({ kind: "ellipse", fill: "#ffffff" }), at(12, 22), false],
    ["an ellipse inside its line", shape({ kind: "ellipse" }), at(60, 45), false],
    ["an ellipse on its line", shape({ kind: "ellipse" }), at(10, 45), true],
    ["a polygon inside", shape({ kind: "polygon", points: [0, 0, 100, 0, 0, 100], fill: "#ffffff" }), at(30, 40), true],
    ["a polygon's hollow", shape({ kind: "polygon", points: [0, 0, 100, 0, 0, 100] }), at(40, 45), false],
    ["a text anywhere in it", shape({ kind: "text", text: "a" }), at(60, 45), true],
    ["a dot of a pen", shape({ kind: "pen", points: [0, 0, 0.5] }), at(11, 21), true],
    ["a turned one", shape({ rotation: 90, fill: "#ffffff" }), at(60, 80), true],
    ["a turned one where it lay", shape({ rotation: 90, fill: "#ffffff" }), at(15, 45), false],
  ])("of %s", (_, what, where, wanted) => {
    expect(hits(what, where, 3)).toBe(wanted);
  });
});

describe("changes", () => {
  it("move, scale and turn", () => {
    expect(moved(shape(), 5.1, -3)).toEqual({ x: 15, y: 17 });
    expect(scaled(shape(), 2, 0.5, at(10, 20))).toEqual({ x: 10, y: 20, w: 200, h: 25 });
    expect(scaled(line(), 2, 1, at(10, 20))).toEqual({ x: 10, y: 20, points: [0, 0, 200, 0] });
    expect(scaled(shape({ kind: "pen", points: [0, 0, 0.5, 10, 10, 0.25] }), 2, 2, at(10, 20)).points).toEqual([0, 0, 0.5, 20, 20, 0.25]);
    expect(scaled(shape({ kind: "point" }), 2, 2, at(0, 0))).toEqual({ x: 20, y: 40 });
    expect(rotated(shape(), -90, at(60, 45))).toEqual({ x: 10, y: 20, rotation: 270 });
    expect(keepsProportions(shape({ kind: "text" }))).toBe(true);
    expect(keepsProportions(shape())).toBe(false);
  });
  it("of turned shapes keep their proportions", () => {
    expect(scaled(shape({ rotation: 45 }), 2, 3, at(10, 20))).toMatchObject({ w: 200, h: 100 });
  });
});

describe("grips", () => {
  const box = { x: 0, y: 0, w: 100, h: 100 };
  const options = { zoom: 1, isGrid: false, isSnapping: false, isStraight: false };
  it("are found at the corners, above, and inside; fingers reach further", () => {
    expect(gripAt(box, at(99, 101), 1, false)).toBe("se");
    expect(gripAt(box, at(120, 100), 1, false)).toBeNull();
    expect(gripAt(box, at(120, 100), 1, true)).toBe("se");
    expect(gripAt(box, turnGrip(box, 2), 2, false)).toBe("turn");
    expect(gripAt(box, at(50, 50), 1, false)).toBe("inside");
    expect(cornerOf(box, "ne")).toEqual(at(100, 0));
  });
  it("move what is dragged, straight with Shift, and line up with others", () => {
    const drag = dragBegin("inside", at(0, 0), [shape({ kind: "text" })], [{ x: 213, y: 500, w: 10, h: 10 }]);
    expect(dragTo(drag, at(30, 5), options).changes.get("s")).toEqual({ x: 40, y: 25 });
    expect(dragTo(drag, at(30, 5), { ...options, isStraight: true }).changes.get("s")).toEqual({ x: 40, y: 20 });
    const lined = dragTo(drag, at(200, 0), { ...options, isSnapping: true });
    expect(lined.guides).toEqual([{ isUpright: true, at: 213 }]);
    expect(lined.changes.get("s")).toEqual({ x: 213, y: 20 });
  });
  it("scale from the corner that lies opposite, and turn", () => {
    const drag = dragBegin("se", at(110, 70), [shape({ width: 0.5 })], []);
    expect(dragTo(drag, at(210, 70), options).changes.get("s")?.w).toBeCloseTo(199.5, 0);
    const both = dragTo(drag, at(210, 70), { ...options, isStraight: true }).changes.get("s");
    expect((both?.h ?? 0) / (both?.w ?? 1)).toBeCloseTo(0.5, 1);
    const turn = dragBegin("turn", at(60, -10), [shape()], []);
    expect(dragTo(turn, at(200, 45), { ...options, isStraight: true }).changes.get("s")?.rotation).toBe(90);
  });
  it("have a likeness on the keyboard", () => {
    expect(stepped([], { dx: 1 }).size).toBe(0);
    expect(stepped([shape()], { dx: 2 }).get("s")).toEqual({ x: 12, y: 20 });
    expect(stepped([shape()], { turn: 15 }).get("s")?.rotation).toBe(15);
    expect(stepped([shape()], { scale: 2 }).get("s")?.w).toBe(200);
  });
});

describe("the view", () => {
  it("goes from the world to the screen and back", () => {
    const view = { x: 10, y: 20, zoom: 2 };
    expect(toScreen(view, at(15, 25))).toEqual(at(10, 10));
    expect(toWorld(view, at(10, 10))).toEqual(at(15, 25));
    expect(seen(view, { w: 100, h: 50 })).toEqual({ x: 10, y: 20, w: 50, h: 25 });
    expect(panned(view, 10, 0).x).toBe(5);
  });
  it("zooms about a place that stays, within bounds", () => {
    const view = zoomed(START, 2, at(100, 100));
    expect(toWorld(view, at(100, 100))).toEqual(toWorld(START, at(100, 100)));
    expect(zoomed(START, 1e9, at(0, 0)).zoom).toBe(8);
    expect(zoomed(START, 1e-9, at(0, 0)).zoom).toBe(0.1);
  });
  it("follows two fingers", () => {
    const view = pinched(START, [at(0, 0), at(100, 0)], [at(0, 50), at(200, 50)]);
    expect(view.zoom).toBe(2);
    expect(toWorld(view, at(100, 50))).toEqual(toWorld(START, at(50, 0)));
  });
  it("shows everything, but nothing larger than life", () => {
    expect(fitted(null, { w: 100, h: 100 })).toEqual(START);
    expect(fitted({ x: 0, y: 0, w: 10, h: 10 }, { w: 1000, h: 1000 }).zoom).toBe(1);
    const view = fitted({ x: 0, y: 0, w: 2000, h: 100 }, { w: 1080, h: 500 });
    expect(view.zoom).toBe(0.5);
    expect(toScreen(view, at(1000, 50))).toEqual(at(540, 250));
  });
});

describe("snapping", () => {
  it("prefers what stands near to the grid, and says along which line", () => {
    expect(snap({ x: 18, y: 43, w: 10, h: 10 }, [], 6, true)).toEqual({ dx: 2, dy: -3, guides: [] });
    expect(snap({ x: 18, y: 43, w: 10, h: 10 }, [{ x: 100, y: 46, w: 5, h: 5 }], 6, true)).toMatchObject({ dx: 2, guides: [{ isUpright: false, at: 48.5 }] });
    expect(snap({ x: 18, y: 43, w: 10, h: 10 }, [], 6, false)).toEqual({ dx: 0, dy: 0, guides: [] });
    expect(snapPoint(at(33, 49), true)).toEqual(at(40, 40));
    expect(snapPoint(at(33, 49), false)).toEqual(at(33, 49));
  });
});
