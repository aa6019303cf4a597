// Who else has this ticket open, as the server's stream says.

import { words } from "../words";

interface Present {
  name: string;
  writing: boolean;
}

export function showPresent(data: string): void {
  const line = document.getElementById("present");
  if (!line) return;
  const present = JSON.parse(data) as Present[];
  const writing = present.filter((each) => each.writing).map((each) => each.name);
  const looking = present.filter((each) => !each.writing).map((each) => each.name);
  const parts = [
    sentence(writing, words.console.writing, words.console.writingMany),
    sentence(looking, words.console.looking, words.console.lookingMany),
  ].filter((part) => part !== "");
  const text = parts.join(". ");
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("is-writing", writing.length > 0);
}

function sentence(names: string[], one: (names: string) => string, many: (names: string) => string): string {
  if (names.length === 0) return "";
  const list = new Intl.ListFormat("en", { type: "conjunction" }).format(names);
  return names.length === 1 ? one(list) : many(list);
}
