import { copyClicked, renderInto } from "./markdown";

/** <cs-markdown>text</cs-markdown>: renders the text between its tags, or what is set as `text`. Without scripts the text stays readable. */
export class MarkdownElement extends HTMLElement {
  private source: string | null = null;

  connectedCallback(): void {
    if (this.source === null) this.text = (this.textContent ?? "").trim();
  }

  set text(value: string) {
    if (value === this.source) return;
    this.source = value;
    renderInto(this, value);
    this.setAttribute("ready", "");
  }

  get text(): string {
    return this.source ?? "";
  }
}

customElements.define("cs-markdown", MarkdownElement);
document.addEventListener("click", (event) => void copyClicked(event));
