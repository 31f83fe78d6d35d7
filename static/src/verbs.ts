// The frames that this page sends: the data of each verb, as the server's verbs.py reads it.

import type { BoardMode } from "./boards";
import type { AboutWanted, Place } from "./passages";
import type { Report } from "./runs";
import { uuid } from "./uuid";

/** The data of every frame that this page sends, by verb. */
export interface ClientData {
  join: { after?: number | null; epoch?: string | null };
  ping: Record<string, never>;
  "message.post": { text: string; about?: AboutWanted };
  "answer.ask": { text: string; about?: AboutWanted | null; supersedes?: string | null };
  "answer.stop": { answer: string };
  "answer.pause": { answer: string };
  "answer.resume": { answer: string };
  "answer.insert": { answer: string; text: string };
  "step.submit": { text: string; after?: string | null; fresh?: boolean };
  "code.run": Report;
  "highlight.set": { answer: string; on: boolean } & Place;
  "hint.request": Record<string, never>;
  "teacher.rung": { rung: number };
  "board.mode": { mode: BoardMode };
  "board.grant": { person: string; write: boolean | null };
  "board.reveal": { document: string; on: boolean };
  "hand.raise": Record<string, never>;
  "hand.lower": { user?: string | null };
  "typing.show": Record<string, never>;
  "auth.refresh": { access: string };
}
export type Verb = keyof ClientData;
export type ClientFrame = { [V in Verb]: { type: V; id: string; data: ClientData[V] } }[Verb];

export function clientFrame<V extends Verb>(type: V, data: ClientData[V], id: string = uuid()): ClientFrame {
  return { type, id, data } as ClientFrame;
}

export function encode(frame: ClientFrame): string {
  return JSON.stringify({ type: frame.type, id: frame.id, data: frame.data });
}
