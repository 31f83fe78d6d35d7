// Binary frames of a document's line: messages of y-protocols, as PROTOCOL.md has them.

import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

const SYNC = 0;
const AWARENESS = 1;
export const STEP1 = 0;
export const STEP2 = 1;
export const UPDATE = 2;

export function syncFrame(step: number, content: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, SYNC);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, content);
  return encoding.toUint8Array(encoder);
}

export function signFrame(content: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, AWARENESS);
  encoding.writeVarUint8Array(encoder, content);
  return encoding.toUint8Array(encoder);
}

/** A frame from the server; `step` is null for passing signs. Null: of a kind that this page does not know. */
export function frameRead(bytes: Uint8Array): { step: number | null; content: Uint8Array } | null {
  const decoder = decoding.createDecoder(bytes);
  const type = decoding.readVarUint(decoder);
  if (type !== SYNC && type !== AWARENESS) return null;
  const step = type === SYNC ? decoding.readVarUint(decoder) : null;
  return { step, content: decoding.readVarUint8Array(decoder) };
}
