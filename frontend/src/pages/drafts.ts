// What is typed and not sent: kept on the server shortly after each pause, and in this tab until the server has it. So it
// survives a reload, a login that ran out, the sending of another form of the page, and a change of machine.

import { words } from "../words";

const PREFIX = "help-sage:draft:";
const BASE = ":base";
const PAUSE_MS = 1_000;

const timers = new Map<string, number>();

function key(field: HTMLTextAreaElement): string | null {
  const ticket = field.closest<HTMLElement>("[data-drafts]")?.dataset["drafts"];
  return ticket && field.dataset["draft"] ? `${PREFIX}${ticket}:${field.dataset["draft"]}` : null;
}

function fields(within: ParentNode): HTMLTextAreaElement[] {
  return [...within.querySelectorAll<HTMLTextAreaElement>("textarea[data-draft]")];
}

export const drafts = {
  begin(): void {
    // Whoever leaves within the pause leaves nothing behind that is not kept.
    addEventListener("pagehide", () => {
      for (const field of fields(document)) if (timers.has(key(field) ?? "")) sendLast(field);
    });
  },

  keep(target: EventTarget | null): void {
    if (!(target instanceof HTMLTextAreaElement)) return;
    const name = key(target);
    if (!name) return;
    quietly(() => sessionStorage.setItem(name, target.value));
    keepBase(target, name);
    clearTimeout(timers.get(name));
    if (address(target)) timers.set(name, window.setTimeout(() => void save(target, name), PAUSE_MS));
  },

  restore(): void {
    for (const field of fields(document)) {
      const kept = quietly(() => sessionStorage.getItem(key(field) ?? ""));
      if (!kept || kept === field.value) {
        if (kept) keepBase(field, key(field) ?? "");
        continue;
      }
      field.value = kept;
      restoreBase(field);
      field.closest("details")?.setAttribute("open", "");
    }
  },

  /** The form was sent. */
  forget(form: HTMLFormElement): void {
    const kind = new URL(form.action, location.href).pathname.split("/").at(-1);
    const ticket = document.querySelector<HTMLElement>("[data-drafts]")?.dataset["drafts"];
    if (!ticket) return;
    const name = `${PREFIX}${ticket}:${kind}`;
    clearTimeout(timers.get(name));
    timers.delete(name);
    quietly(() => sessionStorage.removeItem(name));
    quietly(() => sessionStorage.removeItem(name + BASE));
  },
};

/** What was on the screen when the words were typed: words that are taken up again are still about that. */
function keepBase(field: HTMLTextAreaElement, name: string): void {
  const base = field.dataset["draftBase"];
  if (base !== undefined) quietly(() => sessionStorage.setItem(name + BASE, base));
}

function restoreBase(field: HTMLTextAreaElement): void {
  const base = quietly(() => sessionStorage.getItem((key(field) ?? "") + BASE));
  const input = field.form?.querySelector<HTMLInputElement>("input[name=revision]");
  if (!base || !input || field.dataset["draftBase"] === undefined) return;
  input.value = base;
  field.dataset["draftBase"] = base;
}

/** Where drafts of this field are kept on the server; nowhere for pages that keep them in the tab only. */
function address(field: HTMLTextAreaElement): string | null {
  return field.dataset["draftTo"] ?? null;
}

async function save(field: HTMLTextAreaElement, name: string): Promise<void> {
  timers.delete(name);
  const to = address(field);
  if (!to || !field.isConnected) return;
  const text = field.value;
  try {
    const answer = await fetch(to, { method: "POST", body: content(field), redirect: "error" });
    if (!answer.ok || field.value !== text) return;
  } catch {
    return; // the tab still has it
  }
  quietly(() => sessionStorage.removeItem(name));
  const line = field.form?.querySelector("[data-draft-line]");
  if (line) line.textContent = text.trim() === "" ? "" : words.console.draftKept;
}

function sendLast(field: HTMLTextAreaElement): void {
  const to = address(field);
  if (to) navigator.sendBeacon(to, content(field));
}

function content(field: HTMLTextAreaElement): FormData {
  const form = new FormData();
  for (const name of ["csrf", "key"]) {
    form.set(name, field.form?.querySelector<HTMLInputElement>(`input[name=${name}]`)?.value ?? "");
  }
  form.set("kind", field.dataset["draft"] ?? "");
  form.set("body", field.value);
  return form;
}

function quietly<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null; // storage is full or forbidden: drafts are a comfort only
  }
}
