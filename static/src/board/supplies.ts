// What comes from the server beside the document: drawings of formulas, and pictures.

import { isRecord, list, shaped, text } from "../shapes";
import type { Env } from "../transports";
import type { Drawing, Supplies } from "./glyphs";

const isPaths = list(shaped({ d: text, transform: text }));
const KEPT = 300;

export interface Uploaded {
  image: string;
  w: number;
  h: number;
}
/** Why it was refused, in the server's words. */
export interface Fault {
  message: string;
}
export const isFault = (value: object): value is Fault => "message" in value;

const size = (value: unknown): number => (typeof value === "number" && value > 0 && value < 1e5 ? value : 0);

function drawingRead(value: unknown): Drawing | null {
  if (!isRecord(value)) return null;
  const paths = Array.isArray(value["paths"]) ? value["paths"].map((path: unknown) => (isRecord(path) ? { transform: "", ...path } : path)) : null;
  const [w, h] = [size(value["w"]), size(value["h"])];
  return w && h && isPaths(paths) ? { w, h, paths: paths as unknown as Drawing["paths"] } : null;
}

/** The first sentence of an error that names a field, or says what is wrong in general. */
function faultRead(value: unknown, field: string): Fault {
  const found = isRecord(value) ? (value[field] ?? value["message"] ?? value["detail"] ?? "") : "";
  return { message: String(Array.isArray(found) ? found[0] : found) };
}

export class ServerSupplies implements Supplies {
  private readonly drawings = new Map<string, Drawing | "wanted" | "failed">();

  /** `document`: a document of the room that this person reads, for formulas. `arrived`: a drawing is here now. */
  constructor(
    private readonly env: Env,
    private readonly document: () => string | null,
    private readonly arrived: (latex: string) => void,
  ) {}

  drawing(latex: string): Drawing | null {
    const kept = this.drawings.get(latex);
    if (kept === undefined && latex) void this.draw(latex);
    return typeof kept === "object" ? kept : null;
  }

  picture(image: string, sheet: string): string {
    return `/api/boards/${sheet}/images/${image}/`;
  }

  /** A formula's drawing, or why the server cannot draw it. */
  async draw(latex: string): Promise<Drawing | Fault> {
    const kept = this.drawings.get(latex);
    if (typeof kept === "object") return kept;
    if (this.drawings.size > KEPT) this.drawings.clear();
    this.drawings.set(latex, "wanted");
    const reply = await this.post(this.document(), "formulas", JSON.stringify({ latex }), { "Content-Type": "application/json" });
    const drawing = reply.ok ? drawingRead(reply.body) : null;
    this.drawings.set(latex, drawing ?? "failed");
    if (drawing) this.arrived(latex);
    return drawing ?? faultRead(reply.body, "latex");
  }

  /** Sends a picture to the document that it is to stand in: it is as secret as that. */
  async upload(file: Blob, document: string): Promise<Uploaded | Fault> {
    const form = new FormData();
    form.append("image", file);
    const { ok, body } = await this.post(document, "images", form, {});
    if (ok && isRecord(body) && typeof body["image"] === "string") return { image: body["image"], w: size(body["w"]) || 200, h: size(body["h"]) || 150 };
    return faultRead(body, "image");
  }

  private async post(document: string | null, what: string, body: BodyInit, headers: Record<string, string>): Promise<{ ok: boolean; body: unknown }> {
    if (!document) return { ok: false, body: null };
    try {
      const reply = await this.env.fetch(`/api/boards/${document}/${what}/`, { method: "POST", credentials: "same-origin", headers: { ...headers, "X-CSRFToken": this.env.csrf() }, body });
      return { ok: reply.ok, body: await reply.json().catch(() => null) };
    } catch {
      return { ok: false, body: null };
    }
  }
}
