// The server writes times in UTC; readers get their own zone and language.

import { absolute, dayName, relative, sameDay } from "../chat/times";
import { words } from "../words";

export function localTimes(within: ParentNode): void {
  const now = new Date();
  for (const time of within.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const shown = inWords(at, now);
    if (time.textContent !== shown) time.textContent = shown;
    if (time.title !== absolute(at)) time.title = absolute(at);
  }
}

function inWords(at: Date, now: Date): string {
  const clock = relative(at, now);
  if (sameDay(at, now)) return clock;
  const day = dayName(at, now);
  if (day === words.yesterday) return `${day}, ${at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  return at.toLocaleDateString([], { day: "numeric", month: "short", ...year });
}
