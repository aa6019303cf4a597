// Where the keyboard goes on after a form was sent and its page was put in anew.

/** To what was just said; otherwise to the same form on the new page, when the focus went with the old one. */
export function goOn(form: HTMLFormElement): void {
  const path = pathOf(form);
  const said = path.endsWith("/reply") || path.endsWith("/note") ? document.getElementById("newest") : null;
  const entry = said?.closest<HTMLElement>("article");
  if (entry) {
    entry.tabIndex = -1;
    entry.focus();
    return;
  }
  if (document.activeElement !== document.body) return;
  const twin = [...document.forms].find((each) => pathOf(each) === path);
  twin?.querySelector<HTMLElement>("select, input:not([type=hidden]), button[type=submit]")?.focus({ preventScroll: true });
}

function pathOf(form: HTMLFormElement): string {
  return new URL(form.getAttribute("action") ?? "", location.href).pathname;
}
