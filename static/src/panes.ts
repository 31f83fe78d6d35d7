// The panes beside the chat: which there are, which is open, how wide the chat is. Each pane's code comes when it is first
// opened, and its element lives as long as the page, so that undo and scroll positions outlast a look at the chat.

import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";

import type { ClientData, Received, Verb } from "./frames";
import { icon, type IconName } from "./icons";
import type { Store } from "./outbox";
import type { AboutWanted } from "./passages";
import type { RoomView } from "./store";
import { mark, t, translated } from "./translate";

/** What the room lends to every pane. */
export interface PaneContext {
  room: string;
  view: RoomView;
  /** Sends a frame on the room's line; gives its id. */
  send: <V extends Verb>(type: V, data: ClientData[V]) => string;
  /** Every frame of the room's line, from now on; gives what ends it. */
  listen: (hear: (frame: Received) => void) => () => void;
  /** Makes the composer ask about a passage; `words` is what it says there. */
  askAbout: (about: AboutWanted, words: string) => void;
}

/** The element of a pane. `context` is set anew whenever the room's view changes; `aim` is what somebody wants shown in it. */
export interface PaneElement extends HTMLElement {
  context: PaneContext;
  isShown: boolean;
  aim?: unknown;
}

export interface Pane {
  id: string;
  /** Marked for the catalogue with `mark`. */
  label: string;
  icon: IconName;
  /** The custom element that `load` defines. */
  tag: string;
  load: () => Promise<unknown>;
}

/** What `new CustomEvent("panewanted", { bubbles: true, composed: true, detail })` says, from anywhere in the room. */
export interface PaneWanted {
  /** The pane, or "chat". */
  pane: string;
  aim?: unknown;
}

/** Every pane, in the order of the bar. */
export const PANES: readonly Pane[] = [
  { id: "board", label: mark("Board"), icon: "board", tag: "cs-board", load: () => import("./board/board-element") },
  { id: "code", label: mark("Code"), icon: "code", tag: "cs-code", load: () => import("./panes/code-element") },
  { id: "solution", label: mark("Solution"), icon: "check", tag: "cs-solution", load: () => import("./panes/solution-element") },
];

export type PaneHost = ReactiveControllerHost & HTMLElement;
type Lent = Omit<PaneContext, "listen">;

const LEAST = 24;
const MOST = 76;
const USUAL = 38;
const STEP = 2;
const within = (percent: number): number => Math.min(MOST, Math.max(LEAST, percent));

export class Panes implements ReactiveController {
  /** The open pane; null while only the chat is shown. */
  open: string | null = null;
  isFull = false;
  private failed: string | null = null;
  private split = USUAL;
  private readonly elements = new Map<string, PaneElement>();
  private readonly ears = new Set<(frame: Received) => void>();
  private lent: Lent | null = null;
  /** Ids of the frames that panes have sent and nobody has answered yet. */
  private readonly sent = new Set<string>();

  constructor(
    private readonly host: PaneHost,
    private readonly store: Store | null,
    private readonly table: readonly Pane[] = PANES,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.host.addEventListener("panewanted", this.wanted);
    this.host.addEventListener("keydown", this.keyed);
    this.split = within(Number(this.store?.getItem("split")) || USUAL);
    const asked = new URLSearchParams(globalThis.location?.search ?? "").get("pane") ?? this.store?.getItem("pane") ?? null;
    if (this.find(asked)) this.show(asked);
  }

  hostDisconnected(): void {
    this.host.removeEventListener("panewanted", this.wanted);
    this.host.removeEventListener("keydown", this.keyed);
  }

  hostUpdated(): void {
    this.host.querySelector<HTMLElement>(".room")?.style.setProperty("--chat-width", `${this.split}%`);
  }

  /** Whether a pane has sent the frame that is answered: then the answer is the pane's affair, not the composer's. */
  owns(ref: string | null): boolean {
    return ref !== null && this.sent.delete(ref);
  }

  /** A frame of the room's line, for panes that follow the log themselves. */
  heard(frame: Received): void {
    for (const ear of this.ears) ear(frame);
  }

  /** Opens a pane, or with null the chat alone. */
  show(id: string | null, aim?: unknown): void {
    this.open = id;
    this.failed = null;
    if (id === null) this.isFull = false;
    this.keep("pane", id);
    if (id !== null) void this.load(id, aim);
    this.host.requestUpdate();
  }

  /** The classes of `.room`. */
  get classes(): string {
    return this.open === null ? "" : `pane-open${this.isFull ? " pane-full" : ""}`;
  }

  // ---- how it looks

  /** The buttons of the bar; nothing where there are no panes. */
  bar(): TemplateResult | typeof nothing {
    if (!this.table.length) return nothing;
    const button = (id: string | null, label: string, sign: IconName): TemplateResult =>
      html`<button type="button" aria-pressed=${this.open === id ? "true" : "false"} data-pane=${id ?? "chat"} @click=${() => this.pressed(id)}>${icon(sign)}<span>${label}</span></button>`;
    return html`<nav class="pane-bar" aria-label=${t("Panes of the room")}>${button(null, t("Chat"), "chat")}${this.table.map((pane) => button(pane.id, translated(pane.label), pane.icon))}</nav>`;
  }

  /** The divider and the open pane. */
  area(lent: Lent): TemplateResult | typeof nothing {
    this.lend(lent);
    const pane = this.find(this.open);
    if (!pane) return nothing;
    const label = translated(pane.label);
    for (const [id, element] of this.elements) element.isShown = id === pane.id;
    return html`<div
        class="pane-divider" role="separator" tabindex="0" aria-orientation="vertical" aria-label=${t("Width of the chat")}
        aria-valuemin=${LEAST} aria-valuemax=${MOST} aria-valuenow=${Math.round(this.split)} title=${t("Drag to share the width; double-click for the usual one")}
        @pointerdown=${this.grabbed} @pointermove=${this.dragged} @pointerup=${this.dropped} @pointercancel=${this.dropped} @keydown=${this.nudged} @dblclick=${() => this.widen(USUAL, true)}
      ></div>
      <section class="pane" aria-label=${label}>
        <button type="button" class="button small quiet pane-size" aria-pressed=${this.isFull ? "true" : "false"} title=${t("Full screen (Escape leaves it)")} @click=${() => this.fill(!this.isFull)}>
          ${icon(this.isFull ? "shrink" : "grow")}<span class="visually-hidden">${t("Full screen")}</span>
        </button>
        ${this.failed === pane.id ? this.fault(pane.id) : this.elements.has(pane.id) ? nothing : html`<p class="pane-wait muted" role="status">${t("Opening…")}</p>`}
        ${[...this.elements].map(([id, element]) => {
          element.hidden = id !== pane.id;
          return element;
        })}
      </section>`;
  }

  private fault(id: string): TemplateResult {
    return html`<div class="empty pane-wait" role="alert">${icon("warning")}<p>${t("This could not be opened. Is the network there?")}</p>
      <button type="button" class="button" @click=${() => this.show(id)}>${t("Try again")}</button></div>`;
  }

  // ---- what happens

  private find(id: string | null): Pane | null {
    return this.table.find((pane) => pane.id === id) ?? null;
  }

  private keep(key: string, value: string | null): void {
    try {
      if (value === null) this.store?.removeItem(key);
      else this.store?.setItem(key, value);
    } catch {
      // Full storage: the next page begins with the usual.
    }
  }

  private lend(lent: Lent): void {
    this.lent = lent;
    for (const element of this.elements.values()) element.context = this.context(lent);
  }

  private context(lent: Lent): PaneContext {
    const askAbout: PaneContext["askAbout"] = (about, words) => {
      // On a phone the composer must be seen for it; the chat's screen is there one frame later.
      if (!this.isWide) this.show(null);
      requestAnimationFrame(() => lent.askAbout(about, words));
    };
    const send: PaneContext["send"] = (type, data) => {
      const id = lent.send(type, data);
      this.sent.add(id);
      return id;
    };
    return { ...lent, askAbout, send, listen: (hear) => (this.ears.add(hear), () => void this.ears.delete(hear)) };
  }

  private async load(id: string, aim: unknown): Promise<void> {
    const pane = this.find(id);
    if (!pane) return;
    try {
      await pane.load();
    } catch {
      this.failed = id;
      return this.host.requestUpdate();
    }
    const element = this.elements.get(id) ?? (document.createElement(pane.tag) as PaneElement);
    if (this.lent) element.context = this.context(this.lent);
    if (aim !== undefined) element.aim = aim;
    this.elements.set(id, element);
    this.host.requestUpdate();
  }

  /** Beside the chat the open pane's button closes it again; on a phone each button is a tab. */
  private pressed(id: string | null): void {
    this.show(this.isWide && id === this.open ? null : id);
  }

  private get isWide(): boolean {
    return window.matchMedia?.("(min-width: 56.25em)").matches ?? true;
  }

  private fill(isFull: boolean): void {
    this.isFull = isFull;
    this.host.requestUpdate();
  }

  private readonly wanted = (event: Event): void => {
    const { pane, aim } = (event as CustomEvent<PaneWanted>).detail;
    if (pane === "chat") this.show(null);
    else if (this.find(pane)) this.show(pane, aim);
  };

  private readonly keyed = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && this.isFull && !event.defaultPrevented) this.fill(false);
  };

  private readonly grabbed = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    event.preventDefault();
  };

  private readonly dragged = (event: PointerEvent): void => {
    const divider = event.currentTarget as HTMLElement;
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = (divider.parentElement as HTMLElement).getBoundingClientRect();
    const part = ((event.clientX - box.left) / box.width) * 100;
    this.widen(getComputedStyle(divider).direction === "rtl" ? 100 - part : part, false);
  };

  private readonly dropped = (): void => this.keep("split", String(this.split));

  private readonly nudged = (event: KeyboardEvent): void => {
    const to = { ArrowLeft: this.split - STEP, ArrowRight: this.split + STEP, Home: LEAST, End: MOST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.widen(to, true);
  };

  private widen(percent: number, isFinal: boolean): void {
    this.split = within(percent);
    if (isFinal) this.dropped();
    this.host.requestUpdate();
  }
}
