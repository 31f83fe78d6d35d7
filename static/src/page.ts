// Small behaviours that pages ask for with data attributes. Everything works without them, only less comfortably.

import { t } from "./translate";

type Theme = "light" | "dark";

export function themeNow(root: HTMLElement): Theme {
  const chosen = root.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function themeButton(button: HTMLElement, root: HTMLElement): void {
  const show = (): void => {
    const now = themeNow(root);
    for (const part of button.querySelectorAll<HTMLElement>("[data-theme-icon]")) part.hidden = part.dataset["themeIcon"] === now;
    button.setAttribute("aria-label", now === "dark" ? t("Change to light colours") : t("Change to dark colours"));
    button.title = button.getAttribute("aria-label") ?? "";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const next: Theme = themeNow(root) === "dark" ? "light" : "dark";
    root.dataset["theme"] = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Forbidden storage: the choice lasts as long as the page.
    }
    show();
  });
  show();
}

/** data-theme-toggle, data-menu (closes by itself), data-confirm="question", data-autosubmit, data-copy="text". */
export function pageStart(page: Document): void {
  for (const button of page.querySelectorAll<HTMLElement>("[data-theme-toggle]")) themeButton(button, page.documentElement);
  page.addEventListener("submit", (event) => {
    const asker = (event as SubmitEvent).submitter?.closest<HTMLElement>("[data-confirm]") ?? (event.target as HTMLElement).closest<HTMLElement>("[data-confirm]");
    const question = asker?.dataset["confirm"];
    if (question && !globalThis.confirm(question)) event.preventDefault();
  });
  page.addEventListener("change", (event) => {
    const field = event.target as HTMLElement & { form?: HTMLFormElement | null };
    if (field.closest("[data-autosubmit]")) field.form?.requestSubmit();
  });
  page.addEventListener("click", (event) => clicked(event, page));
  page.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" ? page.querySelector<HTMLDetailsElement>("details[data-menu][open]") : null;
    if (!open) return;
    open.open = false;
    open.querySelector("summary")?.focus();
  });
}

function clicked(event: Event, page: Document): void {
  const target = event.target as Element;
  for (const menu of page.querySelectorAll<HTMLDetailsElement>("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
  const copier = target.closest<HTMLElement>("[data-copy]");
  if (copier) void copied(copier);
}

async function copied(button: HTMLElement): Promise<void> {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset["copy"] ?? "");
    button.textContent = t("Copied");
  } catch {
    button.textContent = t("Not allowed here");
  }
  setTimeout(() => (button.textContent = words), 2000);
}
