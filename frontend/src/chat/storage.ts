// What a browser keeps for one desk. Storage may be full, forbidden or shared between tabs: nothing here throws.

import type { Words } from "./protocol";

export interface Pending {
  id: string;
  words: Words;
  at: string;
  /** Why the server refused it; such a message waits for the person's decision. */
  refused?: string;
}

export class Storage {
  private readonly prefix: string;
  private readonly memory = new Map<string, string>();

  /** @param chat the desk's chat address: each desk has its own conversation. */
  constructor(chat: string) {
    this.prefix = `help-sage:${chat}:`;
  }

  get token(): string | null {
    return this.read("token");
  }

  set token(token: string | null) {
    this.write("token", token);
  }

  /** Whose conversation it is, once its holder has logged in. */
  get account(): string | null {
    return this.read("account");
  }

  set account(id: string | null) {
    this.write("account", id);
  }

  /** Nothing of what was said here stays in this browser. */
  forget(): void {
    for (const key of this.keys("")) this.write(key, null);
  }

  get conversation(): string | null {
    return this.read("conversation");
  }

  set conversation(id: string | null) {
    this.write("conversation", id);
  }

  /** Number of the newest message that was on the screen. */
  get lastRead(): number {
    return Number(this.read("read") ?? 0) || 0;
  }

  set lastRead(seq: number) {
    this.write("read", String(seq));
  }

  /** What the person chose to be answered in. */
  get language(): string | null {
    return this.read("language");
  }

  set language(code: string | null) {
    this.write("language", code);
  }

  /** What is in the input and was not sent. */
  get draft(): string {
    return this.read("draft") ?? "";
  }

  set draft(text: string) {
    this.write("draft", text || null);
  }

  /** Unacknowledged messages, oldest first. One entry each, so that two tabs do not overwrite one another. */
  pending(): Pending[] {
    return this.keys("outbox:")
      .map((key) => parse(this.read(key)))
      .filter((item): item is Pending => item !== null)
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  keep(item: Pending): void {
    this.write(`outbox:${item.id}`, JSON.stringify(item));
  }

  drop(id: string): void {
    this.write(`outbox:${id}`, null);
  }

  private read(key: string): string | null {
    const kept = this.memory.get(this.prefix + key);
    if (kept !== undefined) return kept;
    try {
      return localStorage.getItem(this.prefix + key);
    } catch {
      return null;
    }
  }

  private write(key: string, value: string | null): void {
    const name = this.prefix + key;
    this.memory.delete(name);
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch {
      if (value !== null) this.memory.set(name, value);
    }
  }

  private keys(start: string): string[] {
    const found = new Set(this.memory.keys());
    try {
      for (let i = 0; i < localStorage.length; i++) found.add(localStorage.key(i) ?? "");
    } catch {
      // Only what is in memory then.
    }
    const whole = this.prefix + start;
    return [...found].filter((key) => key.startsWith(whole)).map((key) => key.slice(this.prefix.length));
  }
}

function parse(text: string | null): Pending | null {
  try {
    const value = JSON.parse(text ?? "null") as Partial<Pending> | null;
    return value && typeof value.id === "string" && value.words && typeof value.at === "string" ? (value as Pending) : null;
  } catch {
    return null;
  }
}
