// Where the person writes: grows with the text, Enter sends, and counts when the limit is near.

import { arrow } from "../icons";
import { words } from "../words";
import { h } from "./dom";
import { TEXT_LIMIT } from "./protocol";

const COUNT_FROM = TEXT_LIMIT - 1_000;

export class Composer {
  readonly element: HTMLFormElement;
  readonly input: HTMLTextAreaElement;
  private readonly send: HTMLButtonElement;
  private readonly counter: HTMLElement;

  constructor(
    private readonly sent: (text: string) => void,
    private readonly edited: (text: string) => void,
  ) {
    this.input = h("textarea", {
      rows: "1",
      "aria-label": words.input,
      "aria-describedby": "hint counter",
      placeholder: words.placeholder,
      enterkeyhint: "send",
      autocomplete: "off",
      dir: "auto",
    });
    this.send = h("button", { type: "submit", class: "send", "aria-label": words.send, title: words.send }, arrow());
    this.counter = h("div", { class: "counter", id: "counter", role: "status" });
    this.element = h(
      "form",
      { class: "composer" },
      h("div", { class: "field" }, this.input, this.send),
      this.counter,
      h("div", { class: "unseen", id: "hint" }, words.hint),
    );
    this.element.addEventListener("submit", (event) => this.submitted(event));
    this.input.addEventListener("input", () => this.changed(true));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.changed(false);
  }

  set text(text: string) {
    this.input.value = text;
    this.changed(true);
  }

  focus(): void {
    this.input.focus({ preventScroll: true });
  }

  set enabled(on: boolean) {
    this.input.disabled = !on;
    this.send.disabled = !on;
  }

  /** The height follows the text; to be called when the element becomes visible. */
  fit(): void {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 160)}px`;
  }

  private key(event: KeyboardEvent): void {
    // While an input method composes, Enter chooses a character.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.element.requestSubmit();
  }

  private submitted(event: Event): void {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text || this.left() < 0) return this.focus();
    this.text = "";
    this.sent(text);
  }

  private changed(tell: boolean): void {
    this.fit();
    const left = this.left();
    const over = left < 0;
    this.element.classList.toggle("empty", this.input.value.trim() === "");
    this.element.classList.toggle("over", over);
    this.input.setAttribute("aria-invalid", String(over));
    this.counter.textContent = left > TEXT_LIMIT - COUNT_FROM ? "" : over ? words.over(-left) : words.left(left);
    if (tell) this.edited(this.input.value);
  }

  private left(): number {
    // Most texts are far from the limit: code points are counted only where it matters.
    const value = this.input.value;
    return TEXT_LIMIT - (value.length < COUNT_FROM ? value.length : [...value.trim()].length);
  }
}
