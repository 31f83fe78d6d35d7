// What part of the page's world is seen: pan and zoom as pure functions. World = screen / zoom + corner.

import type { Box, Point } from "./geometry";

export interface View {
  /** The world's point in the top left corner. */
  x: number;
  y: number;
  zoom: number;
}
export interface Size {
  w: number;
  h: number;
}

export const ZOOM_LEAST = 0.1;
export const ZOOM_MOST = 8;
export const START: View = { x: -40, y: -40, zoom: 1 };

const inZoom = (zoom: number): number => Math.min(ZOOM_MOST, Math.max(ZOOM_LEAST, zoom));

export const toWorld = (view: View, screen: Point): Point => ({ x: screen.x / view.zoom + view.x, y: screen.y / view.zoom + view.y });
export const toScreen = (view: View, world: Point): Point => ({ x: (world.x - view.x) * view.zoom, y: (world.y - view.y) * view.zoom });
export const seen = (view: View, size: Size): Box => ({ x: view.x, y: view.y, w: size.w / view.zoom, h: size.h / view.zoom });

export const panned = (view: View, dx: number, dy: number): View => ({ ...view, x: view.x - dx / view.zoom, y: view.y - dy / view.zoom });

/** Zoomed by a factor while the world under `at` (screen) stays where it is. */
export function zoomed(view: View, factor: number, at: Point): View {
  const zoom = inZoom(view.zoom * factor);
  const world = toWorld(view, at);
  return { zoom, x: world.x - at.x / zoom, y: world.y - at.y / zoom };
}

/** Two fingers: where they were and are. Pans and zooms at once. */
export function pinched(view: View, before: readonly [Point, Point], after: readonly [Point, Point]): View {
  const centre = ([one, other]: readonly [Point, Point]): Point => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
  const spread = ([one, other]: readonly [Point, Point]): number => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
  const [from, to] = [centre(before), centre(after)];
  return zoomed(panned(view, to.x - from.x, to.y - from.y), spread(after) / spread(before), to);
}

/** The view in which all of `box` is seen, no larger than life. */
export function fitted(box: Box | null, size: Size, most = 1, margin = 40): View {
  if (!box || size.w <= 0 || size.h <= 0) return START;
  const zoom = Math.min(most, inZoom(Math.min((size.w - 2 * margin) / Math.max(1, box.w), (size.h - 2 * margin) / Math.max(1, box.h))));
  const safe = inZoom(zoom);
  return { zoom: safe, x: box.x + box.w / 2 - size.w / safe / 2, y: box.y + box.h / 2 - size.h / safe / 2 };
}
