// What helps to write on a ticket: canned replies and a preview.

import type { Htmx } from "htmx.org";

export const writing = {
  begin(htmx: Htmx): void {
    document.addEventListener("change", (event) => {
      if (event.target instanceof HTMLSelectElement && event.target.dataset["canned"]) void insert(event.target);
    });
    document.addEventListener("click", insertSuggested, { capture: true });
    document.addEventListener(
      "click",
      (event) => {
        const button = (event.target as Element).closest<HTMLButtonElement>("[data-preview]");
        if (!button?.form) return;
        event.preventDefault();
        void preview(htmx, button.form, button.dataset["preview"] ?? "");
      },
      { capture: true },
    );
  },
};

async function insert(select: HTMLSelectElement): Promise<void> {
  const field = select.form?.querySelector<HTMLTextAreaElement>("textarea[name=body]");
  if (!select.value || !field) return;
  const answer = await fetch(select.dataset["canned"] + encodeURIComponent(select.value));
  select.value = "";
  if (!answer.ok || answer.redirected) return;
  put(field, await answer.text());
}

/** Suggested words go where the cursor was. */
function insertSuggested(event: Event): void {
  const link = (event.target as Element).closest<HTMLElement>("[data-suggested]");
  const field = document.querySelector<HTMLTextAreaElement>("[data-chat-say] textarea[name=body], .write-reply textarea[name=body]");
  if (!link || !field) return;
  event.preventDefault();
  put(field, link.dataset["suggested"] ?? "");
}

function put(field: HTMLTextAreaElement, text: string): void {
  const before = field.value.slice(0, field.selectionStart);
  const gap = before.trim() === "" ? "" : before.endsWith("\n\n") ? "" : "\n\n";
  field.setRangeText(gap + text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  field.focus();
}

async function preview(htmx: Htmx, form: HTMLFormElement, address: string): Promise<void> {
  const value = (name: string): string => form.querySelector<HTMLInputElement>(`[name=${name}]`)?.value ?? "";
  await htmx.ajax("POST", address, {
    target: "#preview",
    select: "#preview",
    swap: "outerHTML",
    values: { csrf: value("csrf"), body: value("body") },
  });
}
