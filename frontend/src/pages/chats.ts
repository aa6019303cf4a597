// Agents in people's chats: sending without a new page, who writes, what calls for an agent wherever they are.

import { words } from "../words";
import { chatFiles } from "./chat_files";

interface Calls {
  waiting: number;
  urgent: number;
  unread: number;
}

const TYPING_EVERY_MS = 3_000;
const TYPING_SHOWN_MS = 6_000;
const NEAR_THE_END_PX = 120;
const SOUND = "help-sage:chats-sound";

let typedAt = 0;
let typingTimer = 0;
let called = 0;
let waited = 0;
let atEnd = true;

export const chats = {
  begin(): void {
    chatFiles.begin();
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (form instanceof HTMLFormElement && form.matches("[data-chat-say]")) {
        event.preventDefault();
        void send(form);
      }
    });
    document.addEventListener("keydown", onKey);
    document.addEventListener("input", (event) => tellTyping(event.target));
    document.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement && event.target.matches("[data-chats-sound]")) remember(event.target.checked);
    });
    new MutationObserver(showInTitle).observe(document.head, { childList: true, characterData: true, subtree: true });
    document.addEventListener("scroll", () => (atEnd = isAtEnd()), { capture: true, passive: true });
  },

  /** A part of the page was put in. */
  refresh(): void {
    for (const box of document.querySelectorAll<HTMLInputElement>("[data-chats-sound]")) box.checked = sounds();
    const log = logOf();
    if (log && atEnd) log.scrollTop = log.scrollHeight;
    if (log) showTyping(false);
  },

  /** Another page was opened. */
  opened(): void {
    atEnd = true;
    const log = logOf();
    if (log) log.scrollTop = log.scrollHeight;
    chatFiles.opened();
  },

  /** The server says what calls for an agent. */
  calls(data: string): void {
    const found = JSON.parse(data) as Calls;
    const badge = document.getElementById("chats-badge");
    const count = found.waiting + found.unread;
    if (badge) {
      badge.textContent = count ? String(count) : "";
      badge.hidden = count === 0;
      badge.classList.toggle("is-urgent", found.urgent > 0);
      badge.title = words.chats.calls(found.waiting, found.unread);
    }
    called = count;
    showInTitle();
    if (found.waiting > waited) announce(found);
    waited = found.waiting;
  },

  /** The person writes. */
  typing(): void {
    showTyping(true);
  },
};

async function send(form: HTMLFormElement): Promise<void> {
  const field = form.querySelector<HTMLTextAreaElement>("textarea[name=body]");
  const key = form.querySelector<HTMLInputElement>("input[name=key]");
  // What the server kept of a form that it refused without a script.
  const kept = form.querySelector(".kept");
  const before = kept?.nextSibling ?? null;
  const place = kept?.parentElement;
  if (!field || !key || (field.value.trim() === "" && !chatFiles.any() && !kept?.querySelector(":checked"))) return;
  const content = new FormData(form);
  content.delete("files");
  const text = field.value;
  const files = chatFiles.take();
  for (const file of files) content.append("files", file, file.name);
  // What is typed next is the next message, also while this one is on its way.
  field.value = "";
  kept?.remove();
  key.value = newKey();
  atEnd = true;
  chatFiles.problem(form, "");
  chatFiles.refresh(form);
  const told = await post(form, content, files.length > 0);
  if (told === null) return say("");
  if (told.aboutFiles) chatFiles.problem(form, told.words);
  else say(told.words);
  // Sent again it is the same message: the first may have arrived.
  field.value = field.value ? `${text}\n${field.value}` : text;
  if (files.length > 0) chatFiles.putBack(form, files);
  if (kept) place?.insertBefore(kept, before);
  key.value = String(content.get("key"));
}

interface Refusal {
  words: string;
  aboutFiles: boolean;
}

/** Sends it; null when it arrived. */
async function post(form: HTMLFormElement, content: FormData, withFiles: boolean): Promise<Refusal | null> {
  const request = new XMLHttpRequest();
  try {
    const html = await new Promise<string>((resolve, reject) => {
      request.upload.onprogress = (event) => withFiles && event.lengthComputable && chatFiles.progress(form, event.loaded / event.total);
      request.onload = () => resolve(request.responseText);
      request.onerror = request.onabort = request.ontimeout = () => reject(new Error("unreachable"));
      request.open("POST", form.action);
      if (withFiles) chatFiles.progress(form, 0);
      request.send(content);
    });
    const arrived = request.status >= 200 && request.status < 300 && new URL(request.responseURL).pathname !== "/login";
    if (arrived) return null;
    if (withFiles && request.status === 413) return { words: words.chats.filesTooLarge, aboutFiles: true };
    return request.status === 409 || request.status === 422 ? reason(html) : { words: words.requests.refused(request.status), aboutFiles: false };
  } catch {
    return { words: words.requests.unreachable, aboutFiles: withFiles };
  } finally {
    chatFiles.progress(form, null);
  }
}

/** What the page that refused it says. */
function reason(html: string): Refusal {
  const page = new DOMParser().parseFromString(html, "text/html");
  const file = page.getElementById("chat-files-problem")?.textContent?.trim();
  if (file) return { words: file, aboutFiles: true };
  const line = [...page.querySelectorAll<HTMLElement>("[role=alert]")].find((each) => !each.hidden && each.textContent?.trim());
  return { words: line?.textContent?.trim() || words.requests.unreachable, aboutFiles: false };
}

function say(text: string): void {
  const line = document.getElementById("toast-line");
  if (line && line.textContent !== text) line.textContent = text;
}

function onKey(event: KeyboardEvent): void {
  const field = event.target;
  if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (!(field instanceof HTMLTextAreaElement) || !field.closest("[data-chat-say]")) return;
  event.preventDefault();
  field.form?.requestSubmit();
}

function tellTyping(target: EventTarget | null): void {
  if (!(target instanceof HTMLTextAreaElement)) return;
  const to = target.form?.dataset["chatTypingTo"];
  if (!to || Date.now() - typedAt < TYPING_EVERY_MS || target.value === "") return;
  typedAt = Date.now();
  const csrf = target.form?.querySelector<HTMLInputElement>("input[name=csrf]")?.value ?? "";
  const content = new FormData();
  content.set("csrf", csrf);
  void fetch(to, { method: "POST", body: content }).catch(() => undefined);
}

function showTyping(on: boolean): void {
  const line = document.querySelector<HTMLElement>("[data-chat-typing]");
  if (!line) return;
  clearTimeout(typingTimer);
  line.textContent = on ? words.chats.typing : "";
  if (on) typingTimer = window.setTimeout(() => showTyping(false), TYPING_SHOWN_MS);
}

/** A part of the page that is fetched brings the page's own title along. */
function showInTitle(): void {
  const own = document.title.replace(/^\(\d+\) /, "");
  const wanted = called ? words.unread(called) + own : own;
  if (document.title !== wanted) document.title = wanted;
}

function announce(found: Calls): void {
  const line = document.getElementById("chats-line");
  if (line) line.textContent = words.chats.calls(found.waiting, found.unread);
  if (sounds()) beep();
}

function beep(): void {
  try {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const volume = context.createGain();
    volume.gain.value = 0.08;
    tone.frequency.value = 660;
    tone.connect(volume).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.18);
    tone.onended = () => void context.close();
  } catch {
    // No sound on this machine: the number in the title is there all the same.
  }
}

function logOf(): HTMLElement | null {
  return document.querySelector<HTMLElement>("[data-chat-log]");
}

function isAtEnd(): boolean {
  const log = logOf();
  return !log || log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_THE_END_PX;
}

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sounds(): boolean {
  try {
    return localStorage.getItem(SOUND) === "on";
  } catch {
    return false;
  }
}

function remember(on: boolean): void {
  try {
    localStorage.setItem(SOUND, on ? "on" : "off");
  } catch {
    // Without storage the choice holds for this page.
  }
}
