// What makes the agents' pages quick. Without it they work all the same.

import htmx from "htmx.org";

import { languageOf, speak, words } from "../words";
import { bulk } from "./bulk";
import { chats } from "./chats";
import { copyButtons } from "./copy";
import { drafts } from "./drafts";
import { goOn } from "./focus";
import { keys } from "./keys";
import { live } from "./live";
import { localTimes, tellZone } from "./times";
import { views } from "./views";
import { writing } from "./writing";

interface SwapContext {
  select?: string;
  request: { form: HTMLFormElement | null };
  response: { status: number; raw: Response };
  text: string;
}

const swapOf = (event: Event): SwapContext => (event as CustomEvent<{ ctx: SwapContext }>).detail.ctx;

/** Everything that has to be done to a page, or to a part of it that was just put in. */
function refresh(): void {
  localTimes(document);
  drafts.restore();
  bulk.refresh();
  views.refresh();
  keys.refresh();
  chats.refresh();
  live.watch(document.querySelector("[data-live]"));
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** An answer that is not the page we asked for must not empty the page that is there. */
function beforeSwap(event: Event): void {
  const { response, text, select } = swapOf(event);
  if (new URL(response.raw.url).pathname === "/login") {
    event.preventDefault();
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  } else if (select && !text.includes(`id="${select.slice(1)}"`)) {
    event.preventDefault();
    tell(words.requests.refused(response.status));
  }
}

function afterSwap(event: Event): void {
  const { response, request } = swapOf(event);
  const sent = response.status < 400 ? request.form : null;
  if (sent) drafts.forget(sent);
  refresh();
  if (sent) goOn(sent);
}

/** Of a row of tabs that is wider than the screen, the one that is open. */
function showCurrent(): void {
  for (const tab of document.querySelectorAll<HTMLElement>(".tabs [aria-current]")) {
    const row = tab.parentElement;
    if (row) row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
}

function tell(text: string): void {
  const line = document.getElementById("toast-line");
  if (!line) return;
  line.textContent = text;
  window.setTimeout(() => line.textContent === text && (line.textContent = ""), 8_000);
}

document.addEventListener("htmx:before:swap", beforeSwap);
document.addEventListener("htmx:after:swap", afterSwap);
document.addEventListener("htmx:error", () => tell(words.requests.unreachable));
document.addEventListener("input", (event) => drafts.keep(event.target));
document.documentElement.classList.add("scripted");
speak(languageOf(document.documentElement.lang) ?? "en");
tellZone();
showCurrent();
live.begin(htmx);
drafts.begin();
bulk.begin();
keys.begin();
writing.begin(htmx);
chats.begin();
copyButtons();
refresh();
chats.opened();
window.setInterval(() => localTimes(document), 30_000);
