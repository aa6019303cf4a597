// On the desk's own pages: who is logged in goes on with their own chat, and who has logged out leaves nothing behind.

import type { Storage } from "./storage";

const TIMEOUT_MS = 10_000;

interface Joined {
  token: string | null;
  conversation: string | null;
}

/** Whose pages these are, as the desk wrote it into them. */
export function accountOfPage(): string | null {
  return document.documentElement.dataset["account"] ?? null;
}

export class AccountChat {
  /** @param desk the department's key, when the chat is a department's. */
  constructor(
    private readonly storage: Storage,
    private readonly account: string | null,
    private readonly desk?: string,
  ) {}

  /** Before the chat begins. Whether what this browser kept was somebody else's, and is gone now. */
  forgetOthers(): boolean {
    const before = this.storage.account;
    if (before === null || before === this.account) return false;
    this.storage.forget();
    return true;
  }

  /** The token to begin with: that of the person's own conversation, or the one that is there. */
  async token(held: string | null): Promise<string | null> {
    if (this.account === null) return held;
    const joined = await this.ask(held);
    if (joined === null) return held;
    // A token that opens somebody else's conversation is answered with none.
    this.storage.account = this.account;
    return joined.token;
  }

  /** A conversation that has just begun becomes the person's. Gives the token that opens it from then on. */
  async began(token: string): Promise<string> {
    if (this.account === null) return token;
    return (await this.ask(token))?.token ?? token;
  }

  private async ask(token: string | null): Promise<Joined | null> {
    try {
      const response = await fetch("/chat/join", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token, ...(this.desk ? { desk: this.desk } : {}) }),
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return response.ok ? ((await response.json()) as Joined) : null;
    } catch {
      return null; // known or not, the chat goes on
    }
  }
}
