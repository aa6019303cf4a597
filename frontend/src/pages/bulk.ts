// Choosing several tickets of the queue: the choice survives the list being fetched anew.

import { words } from "../words";

const chosen = new Set<string>();

export const bulk = {
  begin(): void {
    document.addEventListener("change", (event) => {
      const box = event.target;
      if (!(box instanceof HTMLInputElement) || !box.closest("[data-bulk]")) return;
      if (box.matches("[data-pick-all]")) for (const each of boxes()) each.checked = box.checked;
      if (box.matches("[data-pick-all], [name=ticket]")) readChoice();
    });
  },

  /** The list is new: choose again what was chosen, as far as it is still there. */
  refresh(): void {
    const form = document.querySelector("[data-bulk]");
    if (!form) {
      chosen.clear();
      return;
    }
    for (const each of boxes()) each.checked ||= chosen.has(reference(each));
    form.querySelector("[data-pick-all]")?.removeAttribute("hidden");
    readChoice();
  },
};

function readChoice(): void {
  const all = boxes();
  chosen.clear();
  for (const each of all) if (each.checked) chosen.add(reference(each));
  const bar = document.querySelector<HTMLElement>("[data-bulk-bar]");
  if (bar) bar.hidden = chosen.size === 0;
  const count = document.querySelector("[data-bulk-count]");
  if (count) count.textContent = words.console.chosen(chosen.size);
  const every = document.querySelector<HTMLInputElement>("[data-pick-all]");
  if (every) {
    every.checked = all.length > 0 && chosen.size === all.length;
    every.indeterminate = chosen.size > 0 && chosen.size < all.length;
  }
}

function boxes(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>("[data-bulk] input[name=ticket]")];
}

/** Without the version, which changes while the ticket stays the same. */
function reference(box: HTMLInputElement): string {
  return box.value.split(".")[0] ?? box.value;
}
