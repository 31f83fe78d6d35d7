import "katex/dist/katex.min.css";
import "./design.css";
import "./text.css";
