// Live updates: the server says that something changed, and the page fetches the parts that show it.

import type { Htmx } from "htmx.org";

import { words } from "../words";
import { chats } from "./chats";
import { showPresent } from "./presence";

/** Changes that come close together are fetched together. */
const GATHER_MS = 120;
/** The queue changes with every ticket of everybody: it is fetched at most so often, and not while nobody looks. */
const QUEUE_EVERY_MS = 2_500;

let htmx: Htmx;
let source: EventSource | null = null;
let topic: string | null = null;
let timer = 0;
let fetchedAt = 0;
let missed = false;
let busy = false;
let again = false;

export const live = {
  begin(given: Htmx): void {
    htmx = given;
    // What a reader unfolded stays so, whatever the server sends.
    htmx.config.morphIgnore = [...(htmx.config.morphIgnore ?? []), "open"];
    // A page that goes into the browser's memory lets go of its connection.
    addEventListener("pagehide", () => stop());
    document.addEventListener("visibilitychange", () => !document.hidden && missed && soon());
    addEventListener("pageshow", (event) => event.persisted && live.watch(document.querySelector("[data-live]")));
  },

  /** Follow what this element shows: a ticket's reference, or everything when it is empty. */
  watch(element: Element | null): void {
    const wanted = element instanceof HTMLElement ? (element.dataset["live"] ?? null) : null;
    if (wanted === topic && source) return;
    stop();
    topic = wanted;
    if (wanted === null) return;
    const from = (element as HTMLElement).dataset["liveFrom"] ?? "/agent/live";
    source = new EventSource(`${from}${wanted ? `?ticket=${encodeURIComponent(wanted)}` : ""}`);
    source.addEventListener("changed", () => soon());
    source.addEventListener("presence", (event) => showPresent((event as MessageEvent<string>).data));
    source.addEventListener("chats", (event) => chats.calls((event as MessageEvent<string>).data));
    source.addEventListener("typing", () => chats.typing());
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
  missed = topic === "" && document.hidden;
  if (missed) return;
  const early = topic === "" ? fetchedAt + QUEUE_EVERY_MS - Date.now() : 0;
  clearTimeout(timer);
  timer = window.setTimeout(() => void fetchParts(), Math.max(GATHER_MS, early));
}

async function fetchParts(): Promise<void> {
  if (busy) {
    again = true;
    return;
  }
  const [first, ...others] = named("liveRegions");
  if (!first) return;
  const forms = named("liveForms").filter(isUntouched);
  busy = true;
  fetchedAt = Date.now();
  try {
    await htmx.ajax("GET", location.pathname + location.search, {
      target: `#${first}`,
      select: `#${first}`,
      swap: "outerMorph",
      selectOOB: [...others.map((id) => `#${id}:outerMorph`), ...forms.map((id) => `#${id}:outerHTML`)].join(","),
    });
    followVersion();
    if (topic === "") document.body.dispatchEvent(new Event("queue-changed"));
  } finally {
    busy = false;
    if (again) {
      again = false;
      soon();
    }
  }
}

/** Parts of the page that this attribute names and that are there. */
function named(attribute: "liveRegions" | "liveForms"): string[] {
  const names = document.querySelector<HTMLElement>("[data-live]")?.dataset[attribute] ?? "";
  return names.split(" ").filter((name) => name !== "" && document.getElementById(name) !== null);
}

/**
 * Whether nobody has begun to do something in a part with forms. One that somebody works in stays as it is, with the
 * version that they have seen: the server then shows what changed instead of letting old values overwrite new ones.
 */
function isUntouched(id: string): boolean {
  const part = document.getElementById(id);
  if (!part || part.querySelector("details[open], [role=alert]") || part.contains(document.activeElement)) return false;
  const inputs = [...part.querySelectorAll<HTMLInputElement>("input:not([type=hidden])")];
  const options = [...part.querySelectorAll("option")];
  return (
    inputs.every((each) => each.value === each.defaultValue && each.checked === each.defaultChecked) &&
    options.every((each) => each.selected === each.defaultSelected || isFirstOfUndecided(each))
  );
}

/** A list in which the page has chosen nothing shows its first choice. */
function isFirstOfUndecided(option: HTMLOptionElement): boolean {
  const list = option.closest("select");
  return list !== null && option.index === 0 && ![...list.options].some((each) => each.defaultSelected);
}

/**
 * The story on the screen is what the agent has read: the forms below it say so. An answer that was overtaken, asked for
 * before and come after the agent's own change, does not take them back.
 */
function followVersion(): void {
  const story = document.getElementById("story");
  for (const name of ["version", "seen"]) {
    const value = story?.dataset[name];
    if (value === undefined) continue;
    for (const input of document.querySelectorAll<HTMLInputElement>(`input[type=hidden][name=${name}]`)) {
      if (!input.closest("[data-live-form]") && Number(value) > Number(input.value)) input.value = value;
    }
  }
}
