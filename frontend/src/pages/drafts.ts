// What is typed and not sent survives a reload, a login that ran out, and the sending of another form of the page.

const PREFIX = "help-sage:draft:";

function key(field: HTMLTextAreaElement): string | null {
  const ticket = field.closest<HTMLElement>("[data-drafts]")?.dataset["drafts"];
  return ticket && field.dataset["draft"] ? `${PREFIX}${ticket}:${field.dataset["draft"]}` : null;
}

function fields(within: ParentNode): HTMLTextAreaElement[] {
  return [...within.querySelectorAll<HTMLTextAreaElement>("textarea[data-draft]")];
}

export const drafts = {
  keep(target: EventTarget | null): void {
    const name = target instanceof HTMLTextAreaElement ? key(target) : null;
    if (name && target instanceof HTMLTextAreaElement) quietly(() => sessionStorage.setItem(name, target.value));
  },

  restore(): void {
    for (const field of fields(document)) {
      const kept = quietly(() => sessionStorage.getItem(key(field) ?? ""));
      if (!kept || field.value) continue;
      field.value = kept;
      field.closest("details")?.setAttribute("open", "");
    }
  },

  /** The form was sent. */
  forget(form: HTMLFormElement): void {
    const kind = new URL(form.action, location.href).pathname.split("/").at(-1);
    for (const field of fields(document)) {
      if (field.dataset["draft"] !== kind) continue;
      const name = key(field);
      if (name) quietly(() => sessionStorage.removeItem(name));
    }
  },
};

function quietly<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null; // storage is full or forbidden: drafts are a comfort only
  }
}
