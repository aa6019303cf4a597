// Single keys as shortcuts, on the queue and on a ticket. They are off in fields, and can be switched off (WCAG 2.2, 2.1.4).

const SWITCH = "help-sage:keys";

export const keys = {
  begin(): void {
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", (event) => {
      if ((event.target as Element).closest("[data-keys-help]")) sheet()?.showModal();
    });
    document.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement && event.target.matches("[data-keys-on]")) remember(event.target.checked);
    });
    if (location.hash === "#q") document.querySelector<HTMLElement>("[data-key-search]")?.focus();
  },

  /** A part of the page was put in. */
  refresh(): void {
    for (const box of document.querySelectorAll<HTMLInputElement>("[data-keys-on]")) box.checked = areOn();
  },
};

function onKey(event: KeyboardEvent): void {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    send(event);
    return;
  }
  if (leaveField(event)) return;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!document.querySelector("[data-shortcuts]") || isTyping(event.target) || sheet()?.open) return;
  if (event.key !== "?" && !areOn()) return;
  if (marked(event.key) || ACTIONS[event.key]?.()) event.preventDefault();
}

/** Each says whether it did something; what did nothing stays the browser's. */
const ACTIONS: Record<string, () => boolean> = {
  j: () => step(1),
  k: () => step(-1),
  o: () => click(row()?.querySelector("[data-open]")),
  x: () => click(row()?.querySelector("input[type=checkbox]")),
  r: () => focus("[data-key-reply]"),
  n: () => unfold("[data-key-note]", "textarea"),
  a: () => unfold("[data-key-assign]", "select"),
  s: () => focus("[data-key-status]"),
  w: () => click(document.querySelector("[data-key-next]")),
  t: () => unfold("[data-key-transfer]", "select"),
  e: () => unfold("[data-key-end]", "textarea"),
  1: () => click(document.querySelector("[data-key-insert='1']")),
  2: () => click(document.querySelector("[data-key-insert='2']")),
  3: () => click(document.querySelector("[data-key-insert='3']")),
  u: () => click(document.querySelector("[data-key-back]")),
  "/": () => focus("[data-key-search]") || go("/agent#q"),
  "?": () => {
    sheet()?.showModal();
    return true;
  },
};

/** A page may give a key to one of its own: a field is entered, anything else is pressed. */
function marked(key: string): boolean {
  const element = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (!element) return false;
  if (isTyping(element)) element.focus();
  else element.click();
  return true;
}

function send(event: KeyboardEvent): void {
  const field = event.target;
  if (!(field instanceof HTMLTextAreaElement) || !field.form) return;
  event.preventDefault();
  // The last button sends; the ones before it only help to write.
  field.form.requestSubmit([...field.form.querySelectorAll<HTMLButtonElement>("button[type=submit]:not([name])")].at(-1));
}

/** Out of a field, so that letters are shortcuts again: Escape, and from the search down to what was found. */
function leaveField(event: KeyboardEvent): boolean {
  const field = event.target;
  if (event.isComposing || !(field instanceof HTMLElement) || !isTyping(field) || sheet()?.open) return false;
  if (!document.querySelector("[data-shortcuts]")) return false;
  if (field.matches("[data-key-search]")) {
    if (event.key !== "ArrowDown" || !step(1)) return false;
    event.preventDefault();
    return true;
  }
  if (event.key !== "Escape" || field instanceof HTMLSelectElement) return false;
  field.blur();
  return true;
}

function step(by: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if (rows.length === 0) return false;
  const here = rows.findIndex((each) => each === row());
  const next = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by))];
  const link = next?.querySelector<HTMLElement>("[data-open]");
  link?.focus({ focusVisible: true } as FocusOptions);
  link?.scrollIntoView({ block: "nearest" });
  return true;
}

function row(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>("[data-row]") ?? null;
}

function click(element: Element | null | undefined): boolean {
  if (!(element instanceof HTMLElement)) return false;
  element.click();
  return true;
}

function focus(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

function unfold(summary: string, field: string): boolean {
  const folded = document.querySelector(summary)?.closest("details");
  if (!folded) return false;
  folded.open = true;
  folded.querySelector<HTMLElement>(field)?.focus();
  return true;
}

function go(address: string): boolean {
  location.assign(address);
  return true;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function sheet(): HTMLDialogElement | null {
  return document.querySelector<HTMLDialogElement>("#keys");
}

function areOn(): boolean {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  }
}

function remember(on: boolean): void {
  try {
    localStorage.setItem(SWITCH, on ? "on" : "off");
  } catch {
    // Without storage the switch holds for this page.
  }
}
