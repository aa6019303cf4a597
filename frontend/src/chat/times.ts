// Times as people say them, in their own language and time zone.

import { locales, words } from "../words";

const MINUTE = 60_000;

/** "just now", "5 min ago", then the clock. */
export function relative(at: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - at.getTime()) / MINUTE);
  if (minutes < 1) return words.justNow;
  if (minutes < 60) return words.minutesAgo(minutes);
  return at.toLocaleTimeString(locales(), { hour: "2-digit", minute: "2-digit" });
}

/** Day, month, year and time in full. */
export function absolute(at: Date): string {
  return at.toLocaleString(locales(), { dateStyle: "full", timeStyle: "short" });
}

/** The heading of a day. */
export function dayName(at: Date, now: Date): string {
  const days = daysBetween(at, now);
  if (days <= 0) return words.today;
  if (days === 1) return words.yesterday;
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  return at.toLocaleDateString(locales(), { weekday: "long", day: "numeric", month: "long", ...year });
}

export function sameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

function daysBetween(at: Date, now: Date): number {
  const midnight = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
}
