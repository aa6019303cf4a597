// Buttons that take what stands in another element to the clipboard. Without scripts they are not there, and the text
// is marked by hand.

import { words } from "../words";

const SHOWN_MS = 2_000;

/** Show the buttons, and listen to them. */
export function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => void copy(button));
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy ?? "");
  const said = document.getElementById("toast-line");
  if (!source) return;
  let told: string = words.pages.copied;
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
  } catch {
    // Not allowed on this page, or not over https: it is marked, so that Ctrl+C takes it.
    getSelection()?.selectAllChildren(source);
    told = words.pages.marked;
  }
  if (!said) return;
  said.textContent = told;
  window.setTimeout(() => said.textContent === told && (said.textContent = ""), SHOWN_MS);
}
