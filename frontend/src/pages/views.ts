// The list of views, and the form that saves one, follow the filter: that changes without a new page.

export const views = {
  refresh(): void {
    const field = document.querySelector<HTMLInputElement>("#view-query");
    if (!field) return;
    field.value = asked(location.search);
    for (const link of document.querySelectorAll<HTMLAnchorElement>("#views a")) {
      if (asked(link.search) === field.value) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  },
};

/** What an address asks for, written in one way: without what is empty, as usual, or only about this page. */
function asked(search: string): string {
  const said = new URLSearchParams(search);
  for (const name of ["after", "done", "told"]) said.delete(name);
  for (const [name, value] of [...said]) if (value === "" || (name === "status" && value === "active")) said.delete(name);
  said.sort();
  return said.toString();
}
