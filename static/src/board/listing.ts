// Which documents of a room this person may read, as the server lists them.

import type { Env } from "../transports";
import { flag, isRecord, list, orMissing, orNull, type Shape, shaped, text } from "../shapes";
import type { BoardMode } from "./provider";

export interface DocumentInfo {
  id: string;
  kind: "board" | "teacher" | "layer" | "code";
  owner: { id: string; name: string } | null;
  may_write: boolean;
  revealed: boolean;
}
/** Somebody's own right to write, whatever the mode says; listed only for those who may give it. */
export interface GrantInfo {
  person: { id: string; name: string };
  write: boolean;
}
export interface Listing {
  mode: BoardMode;
  documents: DocumentInfo[];
  may_manage: boolean;
  grants?: GrantInfo[];
}

const owner = shaped({ id: text, name: text });
const documents = list(shaped({ id: text, kind: text, owner: orNull(owner), may_write: flag, revealed: flag }));
const LISTING: Shape = { mode: text, documents, may_manage: flag, grants: orMissing(list(shaped({ person: owner, write: flag }))) };
const isListing = shaped(LISTING);

/** The documents of a room; null where the server did not give them. */
export async function listingFetch(room: string, env: Pick<Env, "fetch">): Promise<Listing | null> {
  try {
    const reply = await env.fetch(`/api/rooms/${room}/boards/`, { credentials: "same-origin", headers: { Accept: "application/json" } });
    const found: unknown = reply.ok ? await reply.json() : null;
    return isRecord(found) && isListing(found) ? (found as unknown as Listing) : null;
  } catch {
    return null;
  }
}

/** The sheets that lie on the table, from the bottom to the top: common board, the teacher's, one's own, and others' that are shown. */
export function sheetsOf(listing: Listing, you: string | null, extra: ReadonlySet<string>): DocumentInfo[] {
  const rank = (info: DocumentInfo): number => (info.kind === "board" ? 0 : info.kind === "teacher" ? 1 : info.owner?.id === you ? 3 : 2);
  const isShown = (info: DocumentInfo): boolean => info.kind !== "code" && (info.kind !== "layer" || info.owner?.id === you || info.revealed || extra.has(info.id));
  return listing.documents.filter(isShown).sort((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1));
}

/** The sheet that one draws on unless another is chosen: one's own where each has one, else the common board, else nothing. */
export function targetOf(sheets: readonly { info: DocumentInfo; mayWrite: boolean }[], mode: BoardMode, you: string | null, chosen: string | null): string | null {
  const writable = sheets.filter(({ mayWrite }) => mayWrite);
  const kept = writable.find(({ info }) => info.id === chosen);
  const own = mode === "isolated" ? writable.find(({ info }) => info.kind === "layer" && info.owner?.id === you) : undefined;
  const common = writable.find(({ info }) => info.kind === "board");
  return (kept ?? own ?? common ?? writable[0])?.info.id ?? null;
}
