import { svg, type SVGTemplateResult } from "lit";

import paths from "./icons/icons.json";

export type IconName = keyof typeof paths;

/** The same icons as the templates' `{% icon %}`: hidden from assistive technology, the words beside them speak. */
export function icon(name: IconName): SVGTemplateResult {
  const lines = paths[name].map((path) => svg`<path d=${path}></path>`);
  return svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${lines}</svg>`;
}
