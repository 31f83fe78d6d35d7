// On every page: style sheets and small behaviours of the frame. The renderer comes only where there is text to render.

import "katex/dist/katex.min.css";
import "./design.css";
import "./text.css";
import { keeperCheck, personOf, sessionStore } from "./keeper";
import { pageStart } from "./page";

keeperCheck(sessionStore(), personOf(document));
pageStart(document);
if (document.querySelector("cs-markdown")) void import("./markdown-element");
