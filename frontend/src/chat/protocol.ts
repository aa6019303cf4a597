// The shapes of docs/webchat-protocol.md, version 1.

export type Author = "person" | "bot" | "agent" | "system";

export interface Button {
  title: string;
  payload: string;
}

export interface TicketCard {
  reference: string;
  subject: string;
  status: string;
  status_label?: string;
  priority?: string;
  category?: string;
  opened_at?: string;
}

/** A file that an agent sent; its address opens it for a day, and comes anew with the history. */
export interface SentFile {
  name: string;
  content_type: string;
  /** Bytes. */
  size: number;
  url: string;
  /** Of a picture: a small drawing of it. */
  thumbnail?: string;
}

/** Who answers from this message on. */
export interface Handoff {
  state: "bot" | "queued" | "human";
  /** In the queue; 1 is next. */
  place?: number;
  agent?: string;
}

export interface MessageData {
  buttons?: Button[];
  files?: SentFile[];
  handoff?: Handoff;
  ticket?: TicketCard;
  tickets?: TicketCard[];
  reply_to?: string;
}

export interface Message {
  seq: number;
  author: Author;
  name: string;
  text: string;
  at: string;
  client_id: string | null;
  data: MessageData;
}

/** What a person says: free text, or the payload of a button they were shown. */
export type Words = { text: string } | { payload: string; title: string };

export type SayError = "empty" | "too_long" | "payload" | "unavailable" | "invalid" | "too_fast";
export type SayAnswer = { ok: true; seq: number } | { ok: false; error: SayError; message?: string };

export interface Typing {
  on: boolean;
  author?: "bot" | "agent";
}

export interface Notice {
  code: "unavailable" | "restored";
  text?: string;
}

/** Characters (code points) in one message at most. */
export const TEXT_LIMIT = 10_000;
