import { svg, type SVGTemplateResult } from "lit";

import paths from "./icons/icons.json";

export type IconName = keyof typeof paths;

/** The same icons as the templates' `{% icon %}`: hidden from assistive technology, the words beside them speak. */
export function icon(name: IconName): SVGTemplateResult {
  const lines = paths[name].map((path) => svg`<path d=${path}></path>`);
  return svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${lines}</svg>`;
}

/** The same as a node, for text that is made of nodes. */
export function iconNode(name: IconName): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const node = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" })) node.setAttribute(key, value);
  for (const path of paths[name]) node.appendChild(document.createElementNS(space, "path")).setAttribute("d", path);
  return node;
}
