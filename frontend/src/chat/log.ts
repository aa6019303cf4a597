// The conversation on the screen: bubbles in order, days, ticket cards, what is not sent yet.

import { leaf } from "../icons";
import { locales, PRIORITIES, words } from "../words";
import { h } from "./dom";
import { markdown } from "./markdown";
import type { Message, TicketCard } from "./protocol";
import type { Pending } from "./storage";
import { absolute, dayName, relative, sameDay } from "./times";

export interface OutboxChoices {
  again(item: Pending): void;
  remove(item: Pending): void;
}

const NEAR_THE_END_PX = 96;

export class Log {
  /** The scrolling region. */
  readonly element: HTMLElement;
  private readonly list: HTMLElement;
  private readonly waiting: HTMLElement;
  private readonly rows = new Map<number, HTMLElement>();
  private readonly stampTimer: number;
  private shown: Message[] = [];

  constructor(
    private readonly desk: string,
    private readonly choices: OutboxChoices,
    tail: HTMLElement,
  ) {
    this.list = h("div", { class: "list" });
    this.waiting = h("div", { class: "list waiting" });
    this.element = h("div", { class: "log", role: "log", "aria-label": words.log, "aria-live": "off", tabindex: "0" }, this.list, this.waiting, tail);
    this.stampTimer = window.setInterval(() => this.restamp(), 30_000);
  }

  destroy(): void {
    clearInterval(this.stampTimer);
  }

  /** What follows is new to the person: a screen reader says it. What came before is history. */
  announceFromNow(): void {
    this.element.setAttribute("aria-live", "polite");
  }

  /** Whether the person looks at the newest messages. */
  get atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
  }

  toEnd(): void {
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Shows the conversation; only what changed is touched. */
  show(messages: Message[]): void {
    const before = this.shown.at(-1)?.seq ?? 0;
    const onlyAppends = this.shown.length > 0 && messages.length > this.shown.length && messages[this.shown.length - 1]?.seq === before;
    const from = onlyAppends ? this.shown.length : 0;
    if (!onlyAppends) {
      this.list.replaceChildren();
      this.rows.clear();
    }
    for (let i = from; i < messages.length; i++) this.append(messages[i] as Message, messages[i - 1]);
    this.shown = messages;
    this.regroup(Math.max(0, from - 1));
  }

  clear(note: string): void {
    this.rows.clear();
    this.shown = [];
    this.list.replaceChildren(h("div", { class: "system" }, note));
  }

  showPending(items: Pending[], online: boolean): void {
    this.waiting.replaceChildren(...items.map((item) => this.pendingRow(item, online)));
  }

  private append(message: Message, previous: Message | undefined): void {
    const at = new Date(message.at);
    if (!previous || !sameDay(at, new Date(previous.at))) {
      this.list.append(h("div", { class: "day", "data-day": message.at }, h("span", {}, dayName(at, new Date()))));
    }
    const row = this.row(message, at);
    this.rows.set(message.seq, row);
    this.list.append(row);
  }

  private row(message: Message, at: Date): HTMLElement {
    if (message.author === "system") {
      return h("div", { class: "row system", "data-seq": String(message.seq) }, h("div", { class: "bubble" }, markdown(message.text)), ...cards(message));
    }
    const who = this.who(message);
    const bubble = h("div", { class: "bubble" }, h("span", { class: "unseen" }, words.said(who)));
    // A person's own words are shown as they typed them.
    if (message.author === "person") bubble.append(h("p", { dir: "auto" }, message.text));
    else bubble.append(markdown(message.text));
    for (const block of bubble.querySelectorAll("p, li, ul, ol")) block.setAttribute("dir", "auto");
    const row = h("div", { class: `row ${message.author}`, "data-seq": String(message.seq) });
    if (message.author === "agent") row.append(byline(message, who));
    if (message.author !== "person") row.append(avatar(message.author, who));
    const column = h("div", { class: "column" });
    if (message.text) column.append(bubble);
    column.append(...cards(message), ...files(message), stamp(at));
    row.append(column);
    return row;
  }

  private who(message: Message): string {
    if (message.author === "person") return words.you;
    return message.name || this.desk;
  }

  /** Bubbles of one author that follow one another closely stand together, with one time. */
  private regroup(from: number): void {
    for (let i = from; i < this.shown.length; i++) {
      const message = this.shown[i] as Message;
      const next = this.shown[i + 1];
      const joined = next !== undefined && next.author === message.author && next.name === message.name && closeInTime(message, next);
      const row = this.rows.get(message.seq);
      row?.classList.toggle("joined", joined);
      if (next) this.rows.get(next.seq)?.classList.toggle("follows", joined && next.data.reply_to === message.data.reply_to);
    }
  }

  private pendingRow(item: Pending, online: boolean): HTMLElement {
    const text = "text" in item.words ? item.words.text : item.words.title;
    const bubble = h("div", { class: "bubble" }, h("span", { class: "unseen" }, words.said(words.you)), h("p", { dir: "auto" }, text));
    const row = h("div", { class: "row person pending", "data-id": item.id }, h("div", { class: "column" }, bubble, this.pendingState(item, online)));
    if (item.refused !== undefined) row.classList.add("refused");
    return row;
  }

  private pendingState(item: Pending, online: boolean): HTMLElement {
    if (item.refused === undefined) return h("div", { class: "state" }, online ? words.sending : words.waiting);
    const again = h("button", { type: "button", class: "link" }, words.tryAgain);
    const remove = h("button", { type: "button", class: "link" }, words.remove);
    again.addEventListener("click", () => this.choices.again(item));
    remove.addEventListener("click", () => this.choices.remove(item));
    return h("div", { class: "state bad" }, h("span", {}, item.refused), again, remove);
  }

  private restamp(): void {
    const now = new Date();
    for (const time of this.list.querySelectorAll("time")) time.textContent = relative(new Date(time.dateTime), now);
    for (const day of this.list.querySelectorAll<HTMLElement>(".day")) {
      day.firstElementChild?.replaceChildren(dayName(new Date(day.dataset["day"] ?? ""), now));
    }
  }
}

function closeInTime(a: Message, b: Message): boolean {
  return Math.abs(new Date(b.at).getTime() - new Date(a.at).getTime()) < 120_000 && sameDay(new Date(a.at), new Date(b.at));
}

function stamp(at: Date): HTMLElement {
  return h("time", { datetime: at.toISOString(), title: absolute(at) }, relative(at, new Date()));
}

function byline(message: Message, who: string): HTMLElement {
  const line = h("div", { class: "byline" }, h("b", {}, who));
  const about = message.data.reply_to;
  if (about) line.append(" ", words.agentAbout(about));
  return line;
}

function avatar(author: string, who: string): HTMLElement {
  const face = h("div", { class: "face", "aria-hidden": "true" });
  face.append(author === "bot" ? leaf() : initials(who));
  return face;
}

function initials(name: string): string {
  const parts = name.trim().split(/\s+/);
  const letters = [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map((part) => [...(part ?? "")][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

function files(message: Message): HTMLElement[] {
  const sent = message.author === "person" || !Array.isArray(message.data.files) ? [] : message.data.files;
  const known = sent.filter((file) => /^https?:\/\//.test(file.url));
  if (known.length === 0) return [];
  const entries = known.map((file) => {
    const name = h("bdi", {}, file.name);
    const link = h("a", { href: file.url, target: "_blank", rel: "noopener" }, name, " ", h("span", { class: "size" }, fileSize(file.size)));
    if (/^https?:\/\//.test(file.thumbnail ?? "")) link.prepend(thumbnail(file.thumbnail as string));
    return h("li", {}, link);
  });
  return [h("ul", { class: "files", "aria-label": words.files }, ...entries)];
}

/** A page that shows no pictures of others shows the name alone. */
function thumbnail(url: string): HTMLElement {
  const picture = h("img", { src: url, alt: "", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
  picture.addEventListener("error", () => picture.remove());
  return picture;
}

/** Bytes as people read them: 10^3 to a kilobyte, as everywhere on the desk. */
function fileSize(bytes: number): string {
  const steps: [number, string][] = [[1e6, "megabyte"], [1e3, "kilobyte"], [1, "byte"]];
  const [step, unit] = steps.find(([from]) => bytes >= from) ?? [1, "byte"];
  return new Intl.NumberFormat(locales(), { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(bytes / step);
}

function cards(message: Message): HTMLElement[] {
  const one = message.data.ticket ? [message.data.ticket] : [];
  const several = Array.isArray(message.data.tickets) ? message.data.tickets : [];
  return [...one, ...several].map((ticket) => card(ticket, several.length > 0));
}

function card(ticket: TicketCard, compact: boolean): HTMLElement {
  const copy = h("button", { type: "button", class: "copy", "aria-label": `${words.copy} ${ticket.reference}`, title: words.copy }, ticket.reference);
  copy.addEventListener("click", () => void copied(copy, ticket.reference));
  const status = ticket.status_label || ticket.status;
  const head = h("div", { class: "head" }, copy, h("span", { class: `pill ${known(ticket.status)}` }, status));
  const box = h("section", { class: compact ? "card compact" : "card", "aria-label": `${words.ticket} ${ticket.reference}` }, head);
  box.append(h("div", { class: "subject", dir: "auto" }, ticket.subject));
  if (!compact) box.append(facts(ticket));
  return box;
}

function facts(ticket: TicketCard): HTMLElement {
  const list = h("dl", {});
  const add = (name: string, value: string | undefined): void => {
    if (value) list.append(h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  };
  add(words.priority, PRIORITIES[ticket.priority ?? ""] ?? ticket.priority);
  add(words.category, ticket.category?.replaceAll("_", " "));
  if (ticket.opened_at) add(words.opened, new Date(ticket.opened_at).toLocaleString(locales(), { dateStyle: "medium", timeStyle: "short" }));
  return list;
}

async function copied(button: HTMLElement, reference: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(reference);
  } catch {
    return; // Not allowed on this page: the number can still be selected.
  }
  button.textContent = words.copied;
  window.setTimeout(() => (button.textContent = reference), 1_500);
}

/** Only a plain word becomes part of a class name. */
function known(status: string): string {
  return /^[a-z_]+$/.test(status) ? `is-${status}` : "";
}

/** Shown before anything was said. */
export function welcome(start: (text: string) => void, choice: HTMLElement | null): HTMLElement {
  const chips = h("div", { class: "chips", role: "group", "aria-label": words.quickReplies });
  for (const text of words.starters) {
    const chip = h("button", { type: "button", class: "chip" }, text);
    chip.addEventListener("click", () => start(text));
    chips.append(chip);
  }
  return h("div", { class: "welcome" }, h("div", { class: "mark" }, leaf()), h("h2", {}, words.welcomeTitle), h("p", {}, words.welcome), chips, choice);
}

