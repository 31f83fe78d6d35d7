// The one answer that is being played back in this page: fetches its pace, counts the time, and says when to look again.

import type { AnswerItem } from "../frames";
import { Playback, piecesRead, type Speed } from "../playback";
import { t } from "../translate";

const EVERY_MS = 60;

export class Player {
  private playback: Playback | null = null;
  private timer: number | null = null;
  private asked = "";

  /** `changed`: another part stands there now. `failed`: the pace could not be had. */
  constructor(
    private readonly room: () => string,
    private readonly changed: () => void,
    private readonly failed: (words: string) => void,
  ) {}

  /** Begins, or goes on at another speed. */
  async play(item: AnswerItem, speed: Speed): Promise<void> {
    if (this.playback?.answer === item.answer) {
      this.playback.setSpeed(speed, performance.now());
      return this.changed();
    }
    this.asked = item.answer;
    const pieces = await this.fetched(item.answer);
    if (this.asked !== item.answer) return; // meanwhile another one was wanted, or none
    if (!pieces) return this.failed(t("This answer cannot be played back just now."));
    this.stop();
    const isCalm = window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
    this.playback = new Playback(item.answer, pieces, item.text, performance.now(), isCalm, speed);
    this.timer = window.setInterval(() => this.tick(), EVERY_MS);
    this.changed();
  }

  stop(): void {
    this.asked = "";
    if (this.timer !== null) window.clearInterval(this.timer);
    this.timer = this.playback = null;
    this.changed();
  }

  /** What of this answer stands there; null while it is not played. */
  at(answer: string): { length: number; speed: Speed } | null {
    if (this.playback?.answer !== answer) return null;
    return { length: this.playback.lengthAt(performance.now()), speed: this.playback.speed };
  }

  private tick(): void {
    if (this.playback?.isOver(performance.now())) this.stop();
    else this.changed();
  }

  private async fetched(answer: string): Promise<ReturnType<typeof piecesRead>> {
    try {
      const got = await fetch(`/api/rooms/${this.room()}/answers/${answer}/pace/`, { headers: { Accept: "application/json" } });
      return got.ok ? piecesRead(await got.json()) : null;
    } catch {
      return null;
    }
  }
}
