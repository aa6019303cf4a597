// <help-sage-chat>: the launcher with its panel, or (mode="page") the chat as a part of the page.

import { cross, down, leaf } from "../icons";
import { LANGUAGES, language, type Language, languageOf, speak, words } from "../words";
import sheetText from "./chat.scss?inline";
import { AccountChat, accountOfPage } from "./account";
import { Composer } from "./composer";
import { Connection, type LineState, type Listener } from "./connection";
import { h } from "./dom";
import { History } from "./history";
import { Log, welcome } from "./log";
import type { Message, Typing, Words } from "./protocol";
import { Storage, type Pending } from "./storage";

export interface Defaults {
  chat: string;
  desk: string;
  /** Whose chat it is, when the script was asked for with a department's key. */
  key?: string;
  /** A department's own colours, by the names of the tokens. */
  colours?: Record<"light" | "dark", Record<string, string>>;
  /** Address of a department's logo. */
  logo?: string;
  /** Address of the desk's articles. */
  help?: string;
  /** Whether the page is the desk's own, so that who is logged in there is known in the chat. */
  own?: boolean;
}

const SHOW_LINE_AFTER_MS = 500;
const RESTORED_FOR_MS = 2_500;
const TYPING_AT_MOST_MS = 30_000;
/** An agent who writes says so every few seconds. */
const AGENT_TYPING_MS = 6_000;
const TELL_TYPING_EVERY_MS = 3_000;

let defaults: Defaults = { chat: "", desk: "Help Sage" };

/** What an element without its own attributes uses: the desk that served the script. */
export function setDefaults(given: Defaults): void {
  defaults = given;
}

export class HelpSageChat extends HTMLElement implements Listener {
  private built = false;
  private connection!: Connection;
  private storage!: Storage;
  private readonly history = new History();
  private log!: Log;
  private composer!: Composer;
  private launcher!: HTMLButtonElement;
  private badge!: HTMLElement;
  private panel!: HTMLElement;
  private lineBar!: HTMLElement;
  private humanBar!: HTMLElement;
  private toldTypingAt = 0;
  private typingRow!: HTMLElement;
  private typingStatus!: HTMLElement;
  private replies!: HTMLElement;
  private endButton!: HTMLButtonElement;
  private start!: HTMLElement;
  private lineTimer = 0;
  private typingTimer = 0;
  private wasDown = false;
  private historyCame = false;
  private returnFocus: HTMLElement | null = null;
  private pageTitle = "";
  private readonly cleanup: (() => void)[] = [];

  connectedCallback(): void {
    if (!this.built) this.build();
    this.listen();
    if (this.isPage || this.hasAttribute("open")) this.open({ focus: false });
    else if (this.storage.token) this.connection.start();
  }

  disconnectedCallback(): void {
    for (const undo of this.cleanup.splice(0)) undo();
    this.connection.stop();
    this.log.destroy();
    this.built = false;
    this.history.clear();
    this.shadowRoot?.replaceChildren();
  }

  /** Opens the panel. */
  open(options: { focus?: boolean } = {}): void {
    if (!this.isPage) {
      this.returnFocus = activeElement();
      this.panel.hidden = false;
      this.setAttribute("open", "");
      this.launcher.setAttribute("aria-expanded", "true");
      this.lockPage(true);
    }
    this.connection.start();
    this.composer.fit();
    this.log.toEnd();
    this.read();
    if (options.focus ?? true) this.focusInside();
    this.dispatchEvent(new CustomEvent("help-sage:open"));
  }

  /** Closes the panel; the focus goes back to where it was. */
  close(): void {
    if (this.isPage || !this.isOpen) return;
    this.panel.hidden = true;
    this.removeAttribute("open");
    this.launcher.setAttribute("aria-expanded", "false");
    this.lockPage(false);
    const back = this.returnFocus?.isConnected && this.returnFocus !== document.body ? this.returnFocus : this.launcher;
    (back === this ? this.launcher : back).focus({ preventScroll: true });
    this.dispatchEvent(new CustomEvent("help-sage:close"));
  }

  get isOpen(): boolean {
    return this.isPage || !this.panel.hidden;
  }

  // What the connection tells.

  line(state: LineState, text: string): void {
    clearTimeout(this.lineTimer);
    this.setAttribute("data-line", state);
    if (state !== "connected") this.typing({ on: false });
    this.composer.enabled = state !== "blocked";
    this.outbox();
    if (text) {
      this.lineTimer = window.setTimeout(() => this.showLine(text, "down"), this.wasDown ? 0 : SHOW_LINE_AFTER_MS);
    } else if (this.wasDown) {
      this.showLine(words.restored, "up");
      this.lineTimer = window.setTimeout(() => this.showLine("", "up"), RESTORED_FOR_MS);
    } else {
      this.showLine("", "up");
    }
  }

  messages(fresh: Message[]): void {
    const stay = this.log.atEnd || fresh.some((message) => message.author === "person") || !this.historyCame;
    if (fresh.some((message) => message.author !== "person")) this.typing({ on: false });
    this.start.hidden = true;
    this.log.show(this.history.all());
    this.outbox();
    this.showReplies();
    this.showHuman();
    if (stay) this.log.toEnd();
    this.endButton.hidden = stay;
    this.read();
    this.historyArrived();
    this.dispatchEvent(new CustomEvent("help-sage:message", { detail: { count: fresh.length } }));
  }

  typing(typing: Typing): void {
    clearTimeout(this.typingTimer);
    const stay = this.log.atEnd;
    this.typingRow.hidden = !typing.on;
    this.typingStatus.textContent = !typing.on ? "" : typing.author === "agent" ? words.typingAgent : words.typing(this.desk);
    if (!typing.on) return;
    if (stay) this.log.toEnd();
    const longest = typing.author === "agent" ? AGENT_TYPING_MS : TYPING_AT_MOST_MS;
    this.typingTimer = window.setTimeout(() => this.typing({ on: false }), longest);
  }

  outbox(): void {
    const items = this.storage.pending().filter((item) => !this.history.has(item.id));
    if (items.length) this.start.hidden = true;
    this.log.showPending(items, this.connection?.connected ?? false);
    this.showReplies();
  }

  beganAnew(): void {
    this.log.clear(words.beganAnew);
    this.showReplies();
    this.showHuman();
  }

  // Building.

  private build(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(sheetText);
    root.adoptedStyleSheets = [sheet, ...brandSheets()];
    this.storage = new Storage(defaults.key ? `${this.chat}:${defaults.key}` : this.chat);
    speak(this.wanted());
    this.lang = language();
    const account = new AccountChat(this.storage, defaults.own ? accountOfPage() : null, defaults.key);
    this.connection = new Connection(this.chat, this.storage, this.history, this, account, defaults.key);
    root.append(this.buildLauncher(), this.buildPanel());
    this.launcher.hidden = this.isPage;
    this.panel.hidden = !this.isPage;
    this.built = true;
    this.outbox();
    this.showUnread();
  }

  /** What the person chose here, what the page says, or what the browser asks for. */
  private wanted(): Language {
    const page = defaults.own ? document.documentElement.lang : null;
    const asked = [this.storage.language, this.getAttribute("lang"), page === "en" ? null : page, ...navigator.languages];
    return asked.map(languageOf).find((code) => code !== null) ?? "en";
  }

  private languageChoice(): HTMLElement {
    const choice = h("select", { class: "language", "aria-label": words.language, title: words.language });
    for (const [code, name] of Object.entries(LANGUAGES)) {
      const option = h("option", { value: code, lang: code }, name);
      option.selected = code === language();
      choice.append(option);
    }
    choice.addEventListener("change", () => this.speakAnew(choice.value as Language));
    return choice;
  }

  /** Everything is shown again in another language; what was said stays as it was said. */
  private speakAnew(code: Language): void {
    this.connection.choose(code);
    const open = this.isOpen;
    this.removeAttribute("lang");
    this.disconnectedCallback();
    this.connectedCallback();
    if (open) this.open();
  }

  private buildLauncher(): HTMLElement {
    this.badge = h("span", { class: "badge", "aria-hidden": "true" });
    this.launcher = h("button", { type: "button", class: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false" }, leaf(), this.badge);
    this.launcher.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    return this.launcher;
  }

  private buildPanel(): HTMLElement {
    this.lineBar = h("div", { class: "line", role: "status" });
    this.humanBar = h("div", { class: "human", role: "status", hidden: "" });
    const dots = h("div", { class: "dots" }, h("i"), h("i"), h("i"));
    this.typingRow = h("div", { class: "row bot typing", "aria-hidden": "true", hidden: "" }, h("div", { class: "face" }, leaf()), dots);
    this.typingStatus = h("div", { class: "unseen", role: "status" });
    this.log = new Log(this.desk, { again: (item) => this.connection.sayAgain(item), remove: (item) => this.removeRefused(item) }, this.typingRow);
    this.start = welcome((text) => this.say({ text }), this.isPage ? this.languageChoice() : null);
    this.log.element.prepend(this.start);
    this.replies = h("div", { class: "chips replies", role: "group", "aria-label": words.quickReplies, hidden: "" });
    this.endButton = h("button", { type: "button", class: "to-end", hidden: "", "aria-label": words.newest, title: words.newest }, down());
    this.endButton.addEventListener("click", () => this.log.toEnd());
    this.composer = new Composer(
      (text) => this.say({ text }),
      (text) => this.edited(text),
    );
    this.panel = h(
      "section",
      this.isPage ? { class: "panel", "aria-label": words.panel(this.desk) } : { class: "panel", role: "dialog", "aria-label": words.panel(this.desk), tabindex: "-1" },
      this.isPage ? null : this.buildHeader(),
      this.lineBar,
      this.humanBar,
      h("div", { class: "middle" }, this.log.element, this.endButton),
      this.typingStatus,
      this.replies,
      this.composer.element,
      articlesLink(),
    );
    return this.panel;
  }

  private buildHeader(): HTMLElement {
    const close = h("button", { type: "button", class: "close", "aria-label": words.close, title: words.close }, cross());
    close.addEventListener("click", () => this.close());
    return h("div", { class: "head-bar" }, h("span", { class: "logo" }, brandLogo()), h("div", { class: "title" }, h("h2", {}, this.desk), h("p", {}, words.subtitle)), this.languageChoice(), close);
  }

  private listen(): void {
    const on = (target: EventTarget, name: string, handler: (event: Event) => void): void => {
      target.addEventListener(name, handler);
      this.cleanup.push(() => target.removeEventListener(name, handler));
    };
    this.composer.text = this.storage.draft;
    on(this.panel, "keydown", (event) => this.key(event as KeyboardEvent));
    on(this.log.element, "scroll", () => (this.endButton.hidden = this.log.atEnd));
    on(document, "visibilitychange", () => this.read());
    // Another tab of the same desk sent or gave up something.
    on(window, "storage", () => this.outbox());
    if (window.visualViewport) on(window.visualViewport, "resize", () => this.fitViewport());
    this.fitViewport();
    let height = 0;
    const watcher = new ResizeObserver(() => {
      // A keyboard that opens, or chips that appear, must not hide the newest words.
      const now = this.log.element.clientHeight;
      if (height && now < height && this.log.element.scrollHeight - this.log.element.scrollTop - height < 96) this.log.toEnd();
      height = now;
    });
    watcher.observe(this.log.element);
    this.cleanup.push(() => watcher.disconnect());
  }

  // Doing.

  private say(said: Words): void {
    this.connection.say(said);
    this.log.toEnd();
    this.historyArrived();
  }

  private edited(text: string): void {
    this.storage.draft = text;
    if (!text || this.history.lastHandoff()?.data.handoff?.state !== "human") return;
    if (Date.now() - this.toldTypingAt < TELL_TYPING_EVERY_MS) return;
    this.toldTypingAt = Date.now();
    this.connection.typing();
  }

  /** Whether a person answers, or is waited for. */
  private showHuman(): void {
    const told = this.history.lastHandoff()?.data.handoff;
    const text = told?.state === "human" ? words.talkingWith(told.agent ?? "") : told?.state === "queued" ? words.waitingFor(told.place ?? 1) : "";
    if (this.humanBar.textContent !== text) this.humanBar.textContent = text;
    this.humanBar.hidden = text === "";
    this.humanBar.classList.toggle("waits", told?.state === "queued");
  }

  private removeRefused(item: Pending): void {
    this.storage.drop(item.id);
    this.outbox();
    this.composer.focus();
  }

  private showReplies(): void {
    const handoff = this.history.lastHandoff();
    // Whoever waits may stop waiting at any time, whatever they wrote meanwhile.
    const last = handoff?.data.handoff?.state === "queued" ? handoff : this.history.all().at(-1);
    const waits = this.storage.pending().some((item) => item.refused === undefined);
    const buttons = last && last.author !== "person" && !waits ? (last.data.buttons ?? []) : [];
    const key = `${last?.seq}:${buttons.length}`;
    if (this.replies.dataset["key"] === key) return;
    this.replies.dataset["key"] = key;
    this.replies.replaceChildren(
      ...buttons.map(({ title, payload }) => {
        const chip = h("button", { type: "button", class: "chip", dir: "auto" }, title);
        chip.addEventListener("click", () => this.choose({ payload, title }));
        return chip;
      }),
    );
    this.replies.hidden = buttons.length === 0;
  }

  private choose(said: Words): void {
    // The chip goes away: the focus must not fall to the page's beginning.
    this.focusInside();
    this.say(said);
  }

  private focusInside(): void {
    // On a phone the keyboard would jump up and cover what is to be read.
    if (matchMedia("(pointer: coarse)").matches && !this.isPage) this.panel.focus({ preventScroll: true });
    else this.composer.focus();
  }

  private key(event: KeyboardEvent): void {
    if (this.isPage) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Tab") {
      this.keepFocus(event);
    }
  }

  private keepFocus(event: KeyboardEvent): void {
    const stops = [...this.panel.querySelectorAll<HTMLElement>("button, a[href], select, textarea, [tabindex='0']")].filter(
      (element) => !element.hasAttribute("disabled") && element.offsetParent !== null,
    );
    const [first, last] = [stops[0], stops.at(-1)];
    const now = this.shadowRoot?.activeElement;
    const leaving = event.shiftKey ? now === first || now === this.panel : now === last;
    if (!leaving) return;
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }

  private read(): void {
    if (this.isOpen && document.visibilityState === "visible") this.storage.lastRead = Math.max(this.storage.lastRead, this.history.newest);
    this.showUnread();
  }

  private showUnread(): void {
    const read = this.storage.lastRead;
    const unread = this.history.all().filter((message) => message.seq > read && message.author !== "person").length;
    this.badge.textContent = unread ? String(Math.min(unread, 99)) : "";
    this.badge.hidden = unread === 0;
    this.launcher.setAttribute("aria-label", unread ? words.openUnread(unread) : words.open);
    if (!this.isPage) return;
    this.pageTitle ||= document.title;
    document.title = unread ? words.unread(unread) + this.pageTitle : this.pageTitle;
  }

  private historyArrived(): void {
    if (this.historyCame) return;
    this.historyCame = true;
    // After the browser has painted the past, so that only the present is announced.
    window.setTimeout(() => this.log.announceFromNow(), 300);
  }

  private showLine(text: string, kind: "up" | "down"): void {
    this.wasDown = text !== "" && kind === "down";
    this.lineBar.textContent = text;
    this.lineBar.className = `line ${text ? kind : ""}`;
  }

  private fitViewport(): void {
    const viewport = window.visualViewport;
    if (viewport) this.style.setProperty("--viewport", `${Math.round(viewport.height)}px`);
    this.lockPage(this.isOpen && !this.isPage);
  }

  /** A full-screen panel is modal: the page behind it does not scroll. */
  private lockPage(open: boolean): void {
    const whole = open && matchMedia("(max-width: 560px), (max-height: 480px)").matches;
    if (whole) this.panel.setAttribute("aria-modal", "true");
    else this.panel.removeAttribute("aria-modal");
    document.documentElement.style.overflow = whole ? "hidden" : "";
  }

  private get isPage(): boolean {
    return this.getAttribute("mode") === "page";
  }

  private get chat(): string {
    return (this.getAttribute("chat") || defaults.chat).replace(/\/+$/, "");
  }

  private get desk(): string {
    return this.getAttribute("desk") || defaults.desk;
  }
}

function activeElement(): HTMLElement | null {
  return document.activeElement instanceof HTMLElement ? document.activeElement : null;
}

/** A department's colours over the product's own, in both modes. */
function brandSheets(): CSSStyleSheet[] {
  const { colours } = defaults;
  if (!colours) return [];
  const block = (mode: "light" | "dark"): string =>
    Object.entries(colours[mode]).map(([name, value]) => `${name}:${value};`).join("");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    `:host{${block("light")}}@media (prefers-color-scheme:dark){:host(:not([theme="light"])){${block("dark")}}}:host([theme="dark"]){${block("dark")}}`,
  );
  return [sheet];
}

/** A quiet way to what is written; in a tab of its own, so that the chat stays. */
function articlesLink(): HTMLElement | null {
  if (!defaults.help) return null;
  return h("p", { class: "articles" }, h("a", { href: defaults.help, target: "_blank", rel: "noopener" }, words.articles, h("span", { class: "unseen" }, words.newTab)));
}

/** The department's logo; the leaf when there is none, or when the page does not let it in. */
function brandLogo(): Element {
  if (!defaults.logo) return leaf();
  const picture = h("img", { src: defaults.logo, alt: "" });
  picture.addEventListener("error", () => picture.replaceWith(leaf()), { once: true });
  return picture;
}
