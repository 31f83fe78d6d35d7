import { blockNode, copyClicked, parseBlocks } from "./markdown";
import { type Dressing, dressed } from "./stream";

/** <cs-markdown>text</cs-markdown>: renders the text between its tags, or what is set as `text`. Without scripts the text stays readable. */
export class MarkdownElement extends HTMLElement {
  private source: string | null = null;
  private dress: Dressing | null = null;

  connectedCallback(): void {
    if (this.source === null) this.text = (this.textContent ?? "").trim();
  }

  set text(value: string) {
    if (value === this.source) return;
    this.source = value;
    this.render();
  }

  get text(): string {
    return this.source ?? "";
  }

  /** What is added to its blocks. */
  set dressing(value: Dressing | null) {
    if (value === this.dress) return;
    this.dress = value;
    if (this.source !== null) this.render();
  }

  private render(): void {
    const text = this.text;
    const nodes = parseBlocks(text).map((block) => {
      const node = blockNode(block);
      if (this.dress) dressed(this.dress, block, text)?.apply(node);
      return node;
    });
    this.replaceChildren(...nodes);
    this.classList.add("text");
    this.setAttribute("ready", "");
  }
}

customElements.define("cs-markdown", MarkdownElement);
document.addEventListener("click", (event) => void copyClicked(event));
