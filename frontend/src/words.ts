// Every word that the widget and the pages' scripts show to people. Translations stand in locales.ts; a script that
// shows words calls `speak` first when its page is not in English.

import { translations } from "./locales";

/** What people can read, in its own name. */
export const LANGUAGES = { en: "English", es: "Español", de: "Deutsch", fr: "Français", hi: "हिन्दी" } as const;
export type Language = keyof typeof LANGUAGES;

const english = {
  open: "Open the chat",
  openUnread: (n: number) => (n === 1 ? "Open the chat, 1 new message" : `Open the chat, ${n} new messages`),
  close: "Close the chat",
  language: "Language",
  panel: (desk: string) => `Chat with ${desk}`,
  subtitle: "Usually answers at once",
  waitingFor: (place: number) => (place === 1 ? "Waiting for a person: you are next" : `Waiting for a person: you are number ${place}`),
  talkingWith: (name: string) => `You are talking with ${name}`,
  log: "Conversation",
  input: "Your message",
  placeholder: "Write your message…",
  send: "Send",
  articles: "Help articles",
  newTab: " (opens in a new tab)",
  hint: "Enter sends, Shift and Enter begins a new line.",
  quickReplies: "Quick replies",
  newest: "Newest messages",
  you: "You",
  said: (who: string) => `${who} said: `,
  agentAbout: (reference: string) => `about ${reference}`,
  welcomeTitle: "Hello. What can we help with?",
  welcome:
    "Say what is wrong in your own words. You get an answer at once where there is one; otherwise your words become a ticket with a number, and a person takes it from there.",
  starters: ["I can't log in", "My payment failed", "The Wi-Fi does not work", "Where is my ticket?"],
  typing: (who: string) => `${who} is writing…`,
  typingAgent: "The agent is writing…",
  connecting: "Connecting…",
  reconnecting: "Reconnecting… What you write is kept and sent as soon as the line is back.",
  offline: "You are offline. What you write is kept and sent when you are back.",
  restored: "Connected again.",
  refusedOrigin: "This page may not show this chat. Please tell the people who run it.",
  busy: "Many people are starting a chat right now. Trying again shortly…",
  unavailable: "The desk cannot be reached right now. Trying again…",
  beganAnew: "Your earlier conversation here has ended, so this is a new one.",
  waiting: "Not sent yet",
  sending: "Sending…",
  failed: "Not sent",
  tryAgain: "Try again",
  remove: "Remove",
  left: (n: number) => (n === 1 ? "1 character left" : `${n} characters left`),
  over: (n: number) => (n === 1 ? "1 character too many" : `${n} characters too many`),
  today: "Today",
  yesterday: "Yesterday",
  justNow: "just now",
  minutesAgo: (n: number) => `${n} min ago`,
  hoursAgo: (n: number) => `${n} h ago`,
  minutes: (n: number) => `${n} min`,
  hours: (n: number) => `${n} h`,
  days: (n: number) => (n === 1 ? "1 day" : `${n} days`),
  dueIn: (span: string) => `in ${span}`,
  lateBy: (span: string) => `late by ${span}`,
  ticket: "Ticket",
  tickets: "Tickets",
  copy: "Copy the number",
  copied: "Copied",
  files: "Files",
  priority: "Priority",
  category: "About",
  opened: "Opened",
  unread: (n: number) => `(${n}) `,
  pages: {
    copied: "Copied.",
    marked: "Marked: press Ctrl and C to copy it.",
    drawing: (title: string) => `${title}: a drawing of the table below it`,
  },
  requests: {
    refused: (status: number) => `That did not work (${status}). Nothing was sent, and what you typed is still here.`,
    unreachable: "The desk cannot be reached. Nothing was sent, and what you typed is still here.",
  },
  console: {
    chosen: (n: number) => (n === 1 ? "1 ticket chosen" : `${n} tickets chosen`),
    writing: (names: string) => `${names} is writing on this ticket`,
    writingMany: (names: string) => `${names} are writing on this ticket`,
    looking: (names: string) => `${names} is looking at this ticket`,
    lookingMany: (names: string) => `${names} are looking at this ticket`,
    draftKept: "Draft kept",
  },
  chats: {
    calls: (waiting: number, unread: number) => {
      const parts = [
        waiting ? (waiting === 1 ? "1 chat waits" : `${waiting} chats wait`) : "",
        unread ? (unread === 1 ? "1 of yours has something new" : `${unread} of yours have something new`) : "",
      ];
      return parts.filter((part) => part !== "").join(", ");
    },
    typing: "They are writing…",
    sendingFiles: "Sending files…",
    removeFile: (name: string) => `Remove ${name}`,
    fileTooLarge: (name: string, megabytes: number) => `“${name}” is larger than ${megabytes} MB.`,
    fileEmpty: (name: string) => `“${name}” is empty.`,
    tooManyFiles: (name: string, most: number) => `“${name}” is one file too many: at most ${most} at once.`,
    filesTooLarge: "These files are too large together. Please send some of them first.",
  },
  live: {
    lost: "Live updates are paused; trying again…",
  },
};

export type Words = typeof english;
/** What a translation has; the console's words are in English only. */
export type Translated = Omit<Words, "pages" | "console" | "chats"> & { priorities: Record<string, string> };

export let words: Words = english;
let spoken: Language = "en";

/** The language of ours that a code means (`de-AT` is `de`). */
export function languageOf(code: string | null | undefined): Language | null {
  const base = (code ?? "").toLowerCase().split("-")[0] as Language;
  return Object.hasOwn(LANGUAGES, base) ? base : null;
}

/** Shows words in this language from now on. */
export function speak(language: Language): void {
  spoken = language;
  words = language === "en" ? english : { ...english, ...translations[language] };
  PRIORITIES = language === "en" ? ENGLISH_PRIORITIES : translations[language].priorities;
}

export function language(): Language {
  return spoken;
}

/** For dates and numbers: the reader's own habits where they read English, else those of the language. */
export function locales(): string[] {
  return spoken === "en" ? [] : [spoken];
}

/** How a priority and a category are written when the server sends only their keys. */
const ENGLISH_PRIORITIES: Record<string, string> = { low: "Low", normal: "Normal", high: "High", urgent: "Urgent" };
export let PRIORITIES: Record<string, string> = ENGLISH_PRIORITIES;
