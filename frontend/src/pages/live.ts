// Live updates: the server says that something changed, and the page fetches the parts that show it.

import type { Htmx } from "htmx.org";

import { words } from "../words";

/** Changes that come close together are fetched together. */
const GATHER_MS = 120;

let htmx: Htmx;
let source: EventSource | null = null;
let topic: string | null = null;
let timer = 0;
let busy = false;
let again = false;

export const live = {
  begin(given: Htmx): void {
    htmx = given;
    // A page that goes into the browser's memory lets go of its connection.
    addEventListener("pagehide", () => stop());
    addEventListener("pageshow", (event) => event.persisted && live.watch(document.querySelector("[data-live]")));
  },

  /** Follow what this element shows: a ticket's reference, or everything when it is empty. */
  watch(element: Element | null): void {
    const wanted = element instanceof HTMLElement ? (element.dataset["live"] ?? null) : null;
    if (wanted === topic && source) return;
    stop();
    topic = wanted;
    if (wanted === null) return;
    source = new EventSource(`/agent/live${wanted ? `?ticket=${encodeURIComponent(wanted)}` : ""}`);
    source.addEventListener("changed", () => soon());
    source.addEventListener("open", () => line(""));
    source.addEventListener("error", () => line(words.live.lost));
  },
};

function stop(): void {
  source?.close();
  source = null;
  topic = null;
}

function line(text: string): void {
  const element = document.getElementById("live-line");
  if (element && element.textContent !== text) element.textContent = text;
}

function soon(): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => void fetchParts(), GATHER_MS);
}

async function fetchParts(): Promise<void> {
  if (busy) {
    again = true;
    return;
  }
  const [first, ...others] = regions();
  if (!first) return;
  busy = true;
  try {
    await htmx.ajax("GET", location.pathname + location.search, {
      target: `#${first}`,
      select: `#${first}`,
      swap: "outerMorph",
      selectOOB: others.map((id) => `#${id}:outerMorph`).join(","),
    });
    followVersion();
  } finally {
    busy = false;
    if (again) {
      again = false;
      soon();
    }
  }
}

function regions(): string[] {
  const names = document.querySelector<HTMLElement>("[data-live]")?.dataset["liveRegions"] ?? "";
  return names.split(" ").filter((name) => name !== "" && document.getElementById(name) !== null);
}

/** What is on the screen now is what the agent has seen: the forms say so. */
function followVersion(): void {
  const story = document.getElementById("story");
  for (const name of ["version", "seen"]) {
    const value = story?.dataset[name];
    if (value === undefined) continue;
    for (const input of document.querySelectorAll<HTMLInputElement>(`input[type=hidden][name=${name}]`)) input.value = value;
  }
}
