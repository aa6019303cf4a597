// Files for the person in a chat: chosen, dropped or pasted, shown before they are sent, and sent with their progress.

import { words } from "../words";

const THUMBNAIL_PX = 56;
const MEGABYTE = 1_000_000;

interface Chosen {
  file: File;
  row: HTMLLIElement;
}

/** What is to be sent next, for the form that is on the page. */
let chosen: Chosen[] = [];

export const chatFiles = {
  begin(): void {
    document.addEventListener("click", onClick);
    document.addEventListener("change", onChange);
    document.addEventListener("paste", onPaste);
    for (const kind of ["dragenter", "dragover"] as const) document.addEventListener(kind, onDrag);
    document.addEventListener("dragleave", (event) => !event.relatedTarget && mark(false));
    document.addEventListener("drop", onDrop);
  },

  /** Another page was opened: the script's own button instead of the browser's field. */
  opened(): void {
    for (const form of document.querySelectorAll<HTMLFormElement>("[data-chat-say]")) {
      const button = form.querySelector<HTMLButtonElement>("[data-chat-attach]");
      const field = form.querySelector<HTMLDetailsElement>("[data-chat-field]");
      if (button) button.hidden = false;
      // What the server kept of a refused form is chosen there, and stays in sight.
      if (field && !field.querySelector("[name=kept]")) field.hidden = true;
    }
  },

  /** Takes what was chosen: the next message begins with none. */
  take(): File[] {
    const files = chosen.map((each) => each.file);
    chosen = [];
    return files;
  },

  any(): boolean {
    return chosen.length > 0;
  },

  /** They were not sent: they stand there again, before what was chosen meanwhile. */
  putBack(form: HTMLFormElement, files: File[]): void {
    chosen = [...files.map((file) => ({ file, row: row(form, file) })), ...chosen];
    show(form);
  },

  /** How much of what is on its way has left; nothing is shown when it is null. */
  progress(form: HTMLFormElement, sent: number | null): void {
    const line = form.querySelector<HTMLElement>("[data-chat-progress]");
    const bar = line?.querySelector("progress");
    const status = line?.querySelector("span");
    if (!line || !bar || !status) return;
    line.hidden = sent === null;
    bar.value = sent === null ? 0 : Math.round(sent * 100);
    // A screen reader hears that it began, and not each step.
    const told = sent === null ? "" : words.chats.sendingFiles;
    if (status.textContent !== told) status.textContent = told;
  },

  refresh: show,

  problem(form: HTMLFormElement, told: string): void {
    const line = form.querySelector<HTMLElement>("[data-chat-files-problem]");
    if (!line) return;
    line.textContent = told;
    line.hidden = told === "";
  },
};

function formOf(target: EventTarget | null): HTMLFormElement | null {
  const within = target instanceof Element ? target.closest(".talk") : null;
  return within?.querySelector<HTMLFormElement>("[data-chat-say]") ?? null;
}

function onClick(event: Event): void {
  if (!(event.target instanceof Element) || !event.target.closest("[data-chat-attach]")) return;
  formOf(event.target)?.querySelector<HTMLInputElement>("input[name=files]")?.click();
}

function onChange(event: Event): void {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || field.name !== "files" || !field.form?.matches("[data-chat-say]")) return;
  const files = [...(field.files ?? [])];
  field.value = "";
  add(field.form, files);
}

function onPaste(event: ClipboardEvent): void {
  const form = formOf(event.target);
  const given = event.clipboardData;
  // Words that were copied in an office program come with a picture of themselves: those are words.
  if (!form || !given?.files.length || given.types.includes("text/plain")) return;
  event.preventDefault();
  add(form, [...given.files]);
}

function onDrag(event: DragEvent): void {
  if (!event.dataTransfer?.types.includes("Files")) return;
  const form = formOf(event.target);
  mark(form !== null);
  if (form) event.preventDefault();
}

function onDrop(event: DragEvent): void {
  mark(false);
  const form = formOf(event.target);
  if (!form || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  add(form, [...event.dataTransfer.files]);
}

function mark(on: boolean): void {
  document.querySelector(".talk")?.classList.toggle("is-dropping", on);
}

function add(form: HTMLFormElement, files: File[]): void {
  const most = Number(form.dataset["mostFiles"]);
  const megabytes = Number(form.dataset["mostMb"]);
  const problems = [];
  for (const file of files) {
    const is = (each: Chosen): boolean => each.file.name === file.name && each.file.size === file.size && each.file.lastModified === file.lastModified;
    if (chosen.some(is)) continue;
    if (file.size > megabytes * MEGABYTE) problems.push(words.chats.fileTooLarge(file.name, megabytes));
    else if (file.size === 0) problems.push(words.chats.fileEmpty(file.name));
    else if (chosen.length >= most) problems.push(words.chats.tooManyFiles(file.name, most));
    else chosen.push({ file, row: row(form, file) });
  }
  chatFiles.problem(form, problems.join(" "));
  show(form);
  form.querySelector<HTMLTextAreaElement>("textarea[name=body]")?.focus();
}

function show(form: HTMLFormElement): void {
  const list = form.querySelector<HTMLElement>("[data-chat-chosen]");
  if (!list) return;
  list.replaceChildren(...chosen.map((each) => each.row));
  list.hidden = chosen.length === 0;
}

function row(form: HTMLFormElement, file: File): HTMLLIElement {
  const line = document.createElement("li");
  const name = document.createElement("bdi");
  name.textContent = file.name;
  const size = document.createElement("span");
  size.className = "soft small";
  size.textContent = shownSize(file.size);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "btn btn-quiet btn-sm";
  remove.textContent = words.remove;
  remove.setAttribute("aria-label", words.chats.removeFile(file.name));
  remove.addEventListener("click", () => {
    chosen = chosen.filter((each) => each.row !== line);
    chatFiles.problem(form, "");
    show(form);
    form.querySelector<HTMLTextAreaElement>("textarea[name=body]")?.focus();
  });
  line.append(name, " ", size, " ", remove);
  if (file.type.startsWith("image/")) void draw(file, line);
  return line;
}

/** A small picture, drawn here: the page may load none but the desk's own. */
async function draw(file: File, line: HTMLElement): Promise<void> {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, THUMBNAIL_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.setAttribute("aria-hidden", "true");
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    line.prepend(canvas);
  } catch {
    // No picture that this browser draws: its name is there.
  }
}

/** Bytes as people read them: 10^3 to a kilobyte, as everywhere on the desk. */
function shownSize(bytes: number): string {
  const steps: [number, string][] = [[1e6, "megabyte"], [1e3, "kilobyte"], [1, "byte"]];
  const [step, unit] = steps.find(([from]) => bytes >= from) ?? [1, "byte"];
  return new Intl.NumberFormat([], { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(bytes / step);
}
