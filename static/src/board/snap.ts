// Snapping: a moved or drawn box goes to the grid, or lines up with edges and middles of what stands near it.

import type { Box, Point } from "./geometry";

export const GRID = 20;

export interface Guide {
  isUpright: boolean;
  at: number;
}
export interface Snapped {
  dx: number;
  dy: number;
  guides: Guide[];
}

interface Pull {
  by: number;
  at: number;
}

const marks = (start: number, length: number): number[] => [start, start + length / 2, start + length];

function pull(own: number[], others: number[], reach: number): Pull | null {
  let best: Pull | null = null;
  for (const mine of own) {
    for (const at of others) {
      const by = at - mine;
      if (Math.abs(by) <= reach && (best === null || Math.abs(by) < Math.abs(best.by))) best = { by, at };
    }
  }
  return best;
}

/** How far `box` must go. What it lines up with wins over the grid; `reach` in world units. */
export function snap(box: Box, others: readonly Box[], reach: number, isGrid: boolean): Snapped {
  const across = pull(marks(box.x, box.w), others.flatMap((other) => marks(other.x, other.w)), reach);
  const down = pull(marks(box.y, box.h), others.flatMap((other) => marks(other.y, other.h)), reach);
  const grid = (value: number): number => (isGrid ? Math.round(value / GRID) * GRID - value : 0);
  const guides: Guide[] = [];
  if (across) guides.push({ isUpright: true, at: across.at });
  if (down) guides.push({ isUpright: false, at: down.at });
  return { dx: across?.by ?? grid(box.x), dy: down?.by ?? grid(box.y), guides };
}

export const snapPoint = (point: Point, isGrid: boolean): Point => (isGrid ? { x: Math.round(point.x / GRID) * GRID, y: Math.round(point.y / GRID) * GRID } : point);
