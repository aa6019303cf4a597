// What is known of the conversation: each message once, in order, and up to where nothing is missing.

import type { Message } from "./protocol";

export class History {
  private readonly bySeq = new Map<number, Message>();
  private contiguous = 0;

  /** Takes messages in; gives back those that are new, in order. */
  add(messages: Message[]): Message[] {
    const fresh = messages
      .filter((message) => Number.isInteger(message.seq) && message.seq > 0 && !this.bySeq.has(message.seq))
      .sort((a, b) => a.seq - b.seq)
      .filter((message, i, all) => message.seq !== all[i - 1]?.seq);
    for (const message of fresh) this.bySeq.set(message.seq, message);
    this.advance();
    return fresh;
  }

  /** A new conversation: nothing is known. */
  clear(): void {
    this.bySeq.clear();
    this.contiguous = 0;
  }

  /** The number after which the server is asked for more. Below it nothing is missing. */
  get lastSeq(): number {
    return this.contiguous;
  }

  /** Whether something between what we have is still on its way. */
  get hasGap(): boolean {
    return this.newest > this.contiguous;
  }

  get newest(): number {
    return Math.max(0, ...this.bySeq.keys());
  }

  get size(): number {
    return this.bySeq.size;
  }

  all(): Message[] {
    return [...this.bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  /** The message that said last who answers. */
  lastHandoff(): Message | undefined {
    return this.all().findLast((message) => message.data.handoff !== undefined);
  }

  has(clientId: string): boolean {
    for (const message of this.bySeq.values()) if (message.client_id === clientId) return true;
    return false;
  }

  private advance(): void {
    // The server sends the newest 200 only: what lies before the first one we were ever given is not a gap.
    if (this.contiguous === 0 && this.bySeq.size > 0) this.contiguous = Math.min(...this.bySeq.keys());
    while (this.bySeq.has(this.contiguous + 1)) this.contiguous += 1;
  }

  /** The server said there is nothing between what we have: a hole (an old message that was removed) is not waited for. */
  settle(): void {
    this.contiguous = this.newest;
  }
}
