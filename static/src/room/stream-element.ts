import { StreamText } from "../stream";

/** <cs-stream>: text that grows. Set `content` to [whole text so far, whether it is complete]. */
export class StreamElement extends HTMLElement {
  private stream: StreamText | null = null;

  set content([text, isDone]: [string, boolean]) {
    this.stream ??= new StreamText(this);
    this.stream.update(text, isDone);
  }
}

customElements.define("cs-stream", StreamElement);
