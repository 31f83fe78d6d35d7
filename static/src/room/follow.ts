// Keeps a growing list at its end while the reader is there, and never moves it while she is not.

const NEAR_PX = 90;

export class Follow {
  isFollowing = true;
  private readonly observer: ResizeObserver | null;
  private height = 0;

  constructor(
    private readonly box: HTMLElement,
    inner: HTMLElement,
    private readonly changed: () => void,
  ) {
    this.observer = typeof ResizeObserver === "function" ? new ResizeObserver(() => this.grown()) : null;
    this.observer?.observe(inner);
    this.observer?.observe(box);
    box.addEventListener("scroll", () => this.scrolled(), { passive: true });
  }

  stop(): void {
    this.observer?.disconnect();
  }

  toEnd(): void {
    this.isFollowing = true;
    this.box.scrollTop = this.box.scrollHeight;
    this.changed();
  }

  private grown(): void {
    if (this.isFollowing) this.box.scrollTop = this.box.scrollHeight;
    this.height = this.box.scrollHeight;
  }

  private scrolled(): void {
    // The browser itself scrolls when the content grows or the keyboard opens: only a move of the reader counts.
    if (this.box.scrollHeight !== this.height && this.isFollowing) return this.grown();
    const isNear = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_PX;
    if (isNear === this.isFollowing) return;
    this.isFollowing = isNear;
    this.changed();
  }
}
