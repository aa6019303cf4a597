// The line to the desk: a token, a Socket.IO connection that comes back by itself, and an outbox that loses nothing.

import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";

import { language, type Language, words } from "../words";
import type { AccountChat } from "./account";
import type { Message, Notice, SayAnswer, Typing, Words } from "./protocol";
import type { History } from "./history";
import type { Pending, Storage } from "./storage";

/** How the line stands; `blocked` is final. */
export type LineState = "idle" | "connecting" | "connected" | "reconnecting" | "blocked";

export interface Listener {
  line(state: LineState, text: string): void;
  messages(messages: Message[]): void;
  typing(typing: Typing): void;
  /** An outbox entry was added, changed or taken away. */
  outbox(): void;
  /** The earlier conversation could not be continued. */
  beganAnew(): void;
}

interface SessionAnswer {
  token: string;
  conversation: string;
}

type Refusal = "expired" | "invalid" | "origin" | "busy" | "unavailable";

type RefusedError = Error & { data?: { code?: Refusal } };

const ACKNOWLEDGE_WITHIN_MS = 10_000;
const GAP_PATIENCE_MS = 700;
const SESSION_TIMEOUT_MS = 15_000;
const BACKOFF_MS = { first: 500, most: 15_000 };

export class Connection {
  private socket: Socket | null = null;
  private state: LineState = "idle";
  private attempts = 0;
  private retryTimer = 0;
  private gapTimer = 0;
  private flushing = false;
  private serverNotice = "";
  private stopped = false;

  constructor(
    private readonly chat: string,
    private readonly storage: Storage,
    private readonly history: History,
    private readonly listener: Listener,
    private readonly person: AccountChat,
    /** Key of the department whose chat this is. */
    private readonly desk?: string,
  ) {}

  /** Begins, once. Later calls hurry a waiting retry along. */
  start(): void {
    if (this.state === "blocked" || this.stopped) return;
    if (this.state !== "idle") return this.hurry();
    addEventListener("online", this.hurry);
    addEventListener("offline", this.wentOffline);
    document.addEventListener("visibilitychange", this.becameVisible);
    this.become("connecting");
    void this.openSession();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retryTimer);
    clearTimeout(this.gapTimer);
    removeEventListener("online", this.hurry);
    removeEventListener("offline", this.wentOffline);
    document.removeEventListener("visibilitychange", this.becameVisible);
    this.socket?.close();
    this.socket = null;
  }

  get connected(): boolean {
    return this.state === "connected";
  }

  /** Puts the words in the outbox, and sends them as soon as the line allows. */
  say(said: Words): void {
    this.storage.keep({ id: newId(), words: said, at: new Date().toISOString() });
    this.listener.outbox();
    this.start();
    void this.flush();
  }

  /** Tells that the person writes; worth nothing a moment later, so it is not kept. */
  typing(): void {
    if (this.connected) this.socket?.volatile.emit("typing", {});
  }

  /** Sends a refused message again. */
  sayAgain(item: Pending): void {
    this.storage.keep({ id: item.id, words: item.words, at: item.at });
    this.listener.outbox();
    void this.flush();
  }

  private readonly hurry = (): void => {
    if (this.state !== "connecting" && this.state !== "reconnecting") return;
    this.attempts = 0;
    clearTimeout(this.retryTimer);
    if (this.socket) {
      if (!this.socket.connected) this.socket.disconnect().connect();
    } else {
      void this.openSession();
    }
  };

  private readonly wentOffline = (): void => {
    if (this.state !== "connected") return;
    // The transport would notice only after its ping time-out.
    this.become("reconnecting");
    this.socket?.io.engine.close();
  };

  private readonly becameVisible = (): void => {
    if (document.visibilityState === "visible") this.hurry();
  };

  private async openSession(): Promise<void> {
    if (this.person.forgetOthers()) {
      this.history.clear();
      this.listener.outbox();
    }
    const earlier = await this.person.token(this.storage.token);
    const answer = await this.askForSession(earlier);
    if (this.stopped) return;
    if (typeof answer !== "string") {
      if (earlier !== null) return this.sessionOpened(answer);
      return this.sessionOpened({ ...answer, token: await this.person.began(answer.token) });
    }
    if (answer === "expired" || answer === "invalid") {
      if (earlier === null) return this.retryLater(() => this.openSession(), words.unavailable);
      this.storage.token = null;
      return this.openSession();
    }
    if (answer === "origin") return this.become("blocked", words.refusedOrigin);
    return this.retryLater(() => this.openSession(), answer === "busy" ? words.busy : words.unavailable);
  }

  private async askForSession(token: string | null): Promise<SessionAnswer | Refusal> {
    try {
      const response = await fetch(`${this.chat}/webhooks/webchat/session`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token, page: location.origin + location.pathname, language: language(), ...(this.desk ? { desk: this.desk } : {}) }),
        credentials: "omit",
        signal: AbortSignal.timeout(SESSION_TIMEOUT_MS),
      });
      const body = (await response.json()) as Partial<SessionAnswer> & { error?: Refusal };
      if (response.ok && body.token && body.conversation) return { token: body.token, conversation: body.conversation };
      return body.error ?? "unavailable";
    } catch {
      return navigator.onLine ? this.askWhy() : "unavailable";
    }
  }

  /** A page of a foreign origin may not read the refusal of its request, but a connection is told the reason. */
  private askWhy(): Promise<Refusal> {
    return new Promise((resolve) => {
      const probe = io(...this.address({ auth: { token: null }, reconnection: false }));
      const done = (reason: Refusal): void => {
        probe.close();
        resolve(reason);
      };
      probe.on("connect_error", (error: RefusedError) => done(error.data?.code === "origin" ? "origin" : "unavailable"));
      probe.on("connect", () => done("unavailable"));
    });
  }

  private address(options: Partial<ManagerOptions & SocketOptions>): [string, Partial<ManagerOptions & SocketOptions>] {
    const url = new URL(this.chat, location.href);
    const path = `${url.pathname.replace(/\/$/, "")}/socket.io`;
    return [url.origin, { path, transports: ["websocket", "polling"], tryAllTransports: true, timeout: 10_000, forceNew: true, ...options }];
  }

  private sessionOpened(session: SessionAnswer): void {
    const earlier = this.storage.conversation;
    this.storage.token = session.token;
    this.storage.conversation = session.conversation;
    if (earlier !== null && earlier !== session.conversation) {
      this.history.clear();
      this.storage.lastRead = 0;
      this.moveOutbox();
      this.listener.beganAnew();
    }
    this.openSocket();
  }

  /** Buttons belong to the conversation that showed them; in a new one their titles are ordinary words. */
  private moveOutbox(): void {
    for (const item of this.storage.pending()) {
      if ("payload" in item.words) this.storage.keep({ id: newId(), words: { text: item.words.title }, at: item.at });
      if ("payload" in item.words) this.storage.drop(item.id);
    }
  }

  private openSocket(): void {
    this.socket?.close();
    const auth = (give: (data: object) => void): void => give({ token: this.storage.token, last_seq: this.history.lastSeq, language: language() });
    const socket = io(...this.address({ auth, reconnectionDelay: BACKOFF_MS.first, reconnectionDelayMax: 5_000 }));
    this.socket = socket;
    socket.on("connect", () => this.isConnected());
    socket.on("disconnect", (reason) => this.isDisconnected(reason));
    socket.on("connect_error", (error) => this.wasRefused(error));
    socket.on("messages", (messages: Message[]) => this.received(messages));
    socket.on("typing", (typing: Typing) => this.listener.typing(typing));
    socket.on("notice", (notice: Notice) => this.noticed(notice));
  }

  /** Answers come in this language from now on, whatever the person writes in. */
  choose(code: Language): void {
    this.storage.language = code;
    this.tellChoice();
  }

  /** A choice that was made before there was a conversation counts for the one that begins. */
  private tellChoice(): void {
    const chosen = this.storage.language;
    if (chosen !== null && this.socket?.connected) this.socket.emit("language", { language: chosen });
  }

  private isConnected(): void {
    this.attempts = 0;
    this.serverNotice = "";
    this.tellChoice();
    this.become("connected");
    void this.flush();
  }

  private isDisconnected(reason: string): void {
    if (this.stopped) return;
    this.become("reconnecting");
    // The server closed the door itself: Socket.IO does not try again on its own then.
    if (reason === "io server disconnect") this.retryLater(() => this.socket?.connect());
  }

  private wasRefused(error: RefusedError): void {
    const code = error.data?.code;
    if (code === "origin") {
      this.socket?.close();
      return this.become("blocked", words.refusedOrigin);
    }
    if (code === "expired" || code === "invalid") {
      this.socket?.close();
      this.socket = null;
      return this.retryLater(() => this.openSession());
    }
    this.become(this.state === "connecting" ? "connecting" : "reconnecting", code ? words.unavailable : "");
    if (this.socket && !this.socket.active) this.retryLater(() => this.socket?.connect(), words.unavailable);
  }

  private retryLater(again: () => void, text = ""): void {
    this.become(this.state === "connecting" ? "connecting" : "reconnecting", text);
    const wait = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** this.attempts);
    this.attempts += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(again, wait * (0.5 + Math.random() / 2));
  }

  private received(messages: Message[]): void {
    if (!Array.isArray(messages)) return;
    const fresh = this.history.add(messages);
    for (const message of fresh) if (message.client_id) this.storage.drop(message.client_id);
    if (fresh.length) this.listener.messages(fresh);
    this.watchGap();
  }

  /** A number was skipped: what is missing is usually a moment behind, otherwise it is asked for. */
  private watchGap(): void {
    clearTimeout(this.gapTimer);
    if (!this.history.hasGap) return;
    this.gapTimer = window.setTimeout(() => {
      this.socket?.timeout(ACKNOWLEDGE_WITHIN_MS).emit("resume", { last_seq: this.history.lastSeq }, (failed: Error | null) => {
        if (!failed) this.history.settle();
      });
    }, GAP_PATIENCE_MS);
  }

  private noticed(notice: Notice): void {
    const told = language() === "en" ? notice.text || words.unavailable : words.unavailable;
    this.serverNotice = notice.code === "unavailable" ? told : "";
    this.become(this.state);
    if (notice.code === "restored") void this.flush();
  }

  /** Sends what waits, one after the other, so that it arrives in the order in which it was written. */
  private async flush(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      for (let item = this.next(); item; item = this.next()) {
        if (!(await this.deliver(item))) return;
      }
    } finally {
      this.flushing = false;
    }
  }

  private next(): Pending | undefined {
    if (!this.connected) return undefined;
    return this.storage.pending().find((item) => item.refused === undefined);
  }

  /** Whether the next one may follow. */
  private async deliver(item: Pending): Promise<boolean> {
    const answer = await this.emit(item);
    if (answer === null) {
      // No acknowledgement: sent again after the reconnection, with the same id; or now when the line is up.
      this.flushLater(this.connected ? 1_000 : 0);
      return false;
    }
    if (answer.ok) {
      this.acknowledged(item, answer.seq);
      return true;
    }
    if (answer.error === "unavailable" || answer.error === "too_fast") {
      if (answer.error === "unavailable") this.noticed({ code: "unavailable", ...(answer.message ? { text: answer.message } : {}) });
      this.flushLater(2_000);
      return false;
    }
    this.storage.keep({ ...item, refused: answer.message || words.failed });
    this.listener.outbox();
    return true;
  }

  private async emit(item: Pending): Promise<SayAnswer | null> {
    const socket = this.socket;
    if (!socket?.connected) return null;
    try {
      return (await socket.timeout(ACKNOWLEDGE_WITHIN_MS).emitWithAck("say", { id: item.id, ...item.words })) as SayAnswer;
    } catch {
      return null;
    }
  }

  private flushLater(ms: number): void {
    if (ms > 0) window.setTimeout(() => void this.flush(), ms);
  }

  private acknowledged(item: Pending, seq: number): void {
    if (this.serverNotice) this.noticed({ code: "restored" });
    this.storage.drop(item.id);
    const text = "text" in item.words ? item.words.text : item.words.title;
    const message: Message = { seq, author: "person", name: "", text, at: item.at, client_id: item.id, data: {} };
    this.received([message]);
    this.listener.outbox();
  }

  private become(state: LineState, text = ""): void {
    this.state = state;
    this.listener.line(state, text || this.serverNotice || this.defaultText(state));
  }

  private defaultText(state: LineState): string {
    if (!navigator.onLine && state !== "connected") return words.offline;
    if (state === "connecting") return words.connecting;
    return state === "reconnecting" ? words.reconnecting : "";
  }
}

/** Unique without a secure context, where `crypto.randomUUID` is missing. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
