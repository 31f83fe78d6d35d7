import { StreamText } from "../stream";

/** <cs-stream>: text that grows. Set `content` to [whole text so far, whether it is complete]; `text` is its source. */
export class StreamElement extends HTMLElement {
  text = "";
  private stream: StreamText | null = null;

  set content([text, isDone]: [string, boolean]) {
    this.text = text;
    this.stream ??= new StreamText(this);
    this.stream.update(text, isDone);
  }
}

customElements.define("cs-stream", StreamElement);
