// The teacher's wall as data: tiles by room, folded from the events of its stream; what stands where.

import { t } from "../translate";

export interface TilePerson {
  id: string;
  name: string;
  role: string;
}
export interface Tile {
  room: string;
  title: string;
  class: string;
  group: string | null;
  state: "open" | "closed";
  present: TilePerson[];
  last: { by: string | null; text: string; at: string } | null;
  answer: { state: "queued" | "running"; by: string } | null;
  hands: string[];
  idle: boolean;
  url: string;
  /** Where the picture of its board is, on this site. */
  board?: string | null;
}
export type Wall = ReadonlyMap<string, Tile>;
export type WallEvent = "tiles" | "tile" | "gone";
export interface Filter {
  class: string;
  onlyWaiting: boolean;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isOwnPath = (value: unknown): boolean => typeof value === "string" && value.startsWith("/") && !value.startsWith("//") && !value.includes("\\");

/** Whether this can be shown; `url` and `board` must stay on this site, because they become addresses. */
function isTile(value: unknown): value is Tile {
  if (!isRecord(value)) return false;
  const isOwn = isOwnPath(value["url"]) && (value["board"] == null || isOwnPath(value["board"]));
  return isOwn && ["room", "title", "class"].every((key) => typeof value[key] === "string") && Array.isArray(value["present"]) && Array.isArray(value["hands"]);
}

/** The wall after one event of its stream. What cannot be read changes nothing. */
export function wallChanged(wall: Wall, event: WallEvent, json: string): Wall {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return wall;
  }
  if (!isRecord(data)) return wall;
  if (event === "tiles") {
    const tiles = Array.isArray(data["tiles"]) ? data["tiles"].filter(isTile) : [];
    return new Map(tiles.map((tile) => [tile.room, tile]));
  }
  const next = new Map(wall);
  if (event === "gone") next.delete(String(data["room"]));
  else if (isTile(data)) next.set(data.room, data);
  return next;
}

const rank = (tile: Tile): number => (tile.hands.length ? 0 : tile.state === "closed" ? 4 : tile.present.length === 0 ? 3 : tile.idle ? 2 : 1);

/** The tiles that pass the filter: hands up first, then rooms with people, idle, empty and closed ones; by class and title within. */
export function tilesShown(wall: Wall, filter: Filter): Tile[] {
  return [...wall.values()]
    .filter((tile) => (!filter.class || tile.class === filter.class) && (!filter.onlyWaiting || tile.hands.length > 0))
    .sort((one, other) => rank(one) - rank(other) || one.class.localeCompare(other.class) || one.title.localeCompare(other.title, undefined, { numeric: true }));
}

export function classesOf(wall: Wall): string[] {
  return [...new Set([...wall.values()].map((tile) => tile.class))].sort((one, other) => one.localeCompare(other));
}

export interface Sums {
  people: number;
  hands: number;
  answers: number;
  rooms: number;
}

export function sumsOf(tiles: readonly Tile[]): Sums {
  const people = new Set(tiles.flatMap((tile) => tile.present.map((person) => person.id)));
  return {
    people: people.size,
    hands: tiles.reduce((sum, tile) => sum + tile.hands.length, 0),
    answers: tiles.filter((tile) => tile.answer).length,
    rooms: tiles.filter((tile) => tile.state === "open").length,
  };
}

/** How long ago, coarsely: a wall is read from across the room. */
export function agoWords(at: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(at)) / 60_000);
  if (Number.isNaN(minutes)) return "";
  if (minutes < 1) return t("just now");
  if (minutes < 60) return t("{n} min ago", { n: minutes });
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? t("{n} h ago", { n: hours }) : t("{n} d ago", { n: Math.floor(hours / 24) });
}
