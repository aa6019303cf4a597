// chat.js: what any page includes with one script tag. See docs/widget.md.

import { HelpSageChat, setDefaults, type Defaults } from "./element";

/** Put around this script by the desk that serves it. */
declare const helpSage: Defaults | undefined;

const NAME = "help-sage-chat";
const COPIED = ["theme", "position", "desk", "chat", "open", "lang"] as const;

const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;

if (typeof helpSage !== "undefined") setDefaults({ ...withWholeAddress(helpSage), ...articles(helpSage.key), own: isOurs() });
if (!customElements.get(NAME)) customElements.define(NAME, HelpSageChat);

/** Whether the page comes from where the script comes from. */
function isOurs(): boolean {
  return script !== null && new URL(script.src).origin === location.origin;
}

/** The logo lies where the script came from. */
function withWholeAddress(given: Defaults): Defaults {
  return given.logo && script ? { ...given, logo: new URL(given.logo, script.src).href } : given;
}

/** The articles lie there too, with the department's own when the chat is a department's. */
function articles(key: string | undefined): Pick<Defaults, "help"> {
  if (!script) return {};
  const help = new URL("/help", script.src);
  if (key) help.searchParams.set("desk", key);
  return { help: help.href };
}

function addLauncher(): void {
  if (document.querySelector(NAME)) return;
  const element = document.createElement(NAME);
  for (const name of COPIED) {
    const value = script?.dataset[name];
    if (value !== undefined) element.setAttribute(name, value);
  }
  document.body.append(element);
}

if (script?.dataset["auto"] !== "false") {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", addLauncher, { once: true });
  else addLauncher();
}

// Any link or button of the page can open the chat; without this script a link leads to the full page.
document.addEventListener("click", (event) => {
  const opener = event.target instanceof Element ? event.target.closest("[data-help-sage='open']") : null;
  const chat = document.querySelector<HelpSageChat>(NAME);
  if (!opener || !chat || event.defaultPrevented) return;
  event.preventDefault();
  chat.open();
});
