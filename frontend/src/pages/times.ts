// The server writes times in UTC; readers get their own zone and language.

import { absolute, dayName, relative, sameDay } from "../chat/times";
import { locales, words } from "../words";

/** Tells the server in which zone this reader's days begin: helpsage/web/zones.py. */
export function tellZone(): void {
  const cookie = `helpsage_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  if (document.cookie.split("; ").includes(cookie)) return;
  document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

export function localTimes(within: ParentNode): void {
  const now = new Date();
  for (const time of within.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const shown = "at" in time.dataset ? dayAndClock(at) : "due" in time.dataset ? untilWords(at, now) : inWords(at, now);
    if (time.textContent !== shown) time.textContent = shown;
    if (time.title !== absolute(at)) time.title = absolute(at);
  }
}

const HOUR = 3_600_000;
const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;

/** How long there is left until something is due, or how late it is. */
function untilWords(at: Date, now: Date): string {
  const left = Math.floor((at.getTime() - now.getTime()) / 60_000);
  const minutes = Math.abs(left);
  if (left < 0) return words.lateBy(minutes >= 1440 ? words.days(Math.floor(minutes / 1440)) : span(minutes));
  if (minutes < 1440) return words.dueIn(span(minutes));
  return dayAndClock(at);
}

function dayAndClock(at: Date): string {
  return at.toLocaleString(locales(), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

function span(minutes: number): string {
  return minutes < 60 ? words.minutes(minutes) : words.hours(Math.floor(minutes / 60));
}

/** Minutes or hours ago today, the day and the clock within a week, else the date. */
function inWords(at: Date, now: Date): string {
  const age = now.getTime() - at.getTime();
  if (sameDay(at, now)) {
    if (age < -60_000) return at.toLocaleTimeString(locales(), CLOCK);
    return age < HOUR ? relative(at, now) : words.hoursAgo(Math.floor(age / HOUR));
  }
  const day = dayName(at, now);
  if (day === words.yesterday) return `${day.toLowerCase()}, ${at.toLocaleTimeString(locales(), CLOCK)}`;
  if (age > 0 && age < 6 * 24 * HOUR) return at.toLocaleString(locales(), { weekday: "short", ...CLOCK });
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  return at.toLocaleDateString(locales(), { day: "numeric", month: "short", ...year });
}
