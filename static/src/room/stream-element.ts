import { type Dressing, StreamText } from "../stream";

/** <cs-stream>: text that grows. Set `content` to [whole text so far, whether it is complete, what its blocks are dressed in]. */
export class StreamElement extends HTMLElement {
  text = "";
  private stream: StreamText | null = null;

  set content([text, isDone, dressing]: [string, boolean, Dressing | null]) {
    this.text = text;
    this.stream ??= new StreamText(this);
    this.stream.update(text, isDone, dressing);
  }
}

customElements.define("cs-stream", StreamElement);
