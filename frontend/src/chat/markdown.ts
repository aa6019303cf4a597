// Light Markdown (bold, emphasis, code, lists, links) as DOM nodes. Text never passes through an HTML parser, and each
// marker without a partner is looked for once only, so that no text makes this slow.

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const DEEPEST = 4;

/** The text as nodes. */
export function markdown(text: string): DocumentFragment {
  const out = document.createDocumentFragment();
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  for (let i = 0; i < lines.length; ) i = block(out, lines, i);
  return out;
}

function block(out: ParentNode, lines: string[], from: number): number {
  const line = lines[from] ?? "";
  if (line.trim() === "") return from + 1;
  if (line.startsWith("```")) return fence(out, lines, from);
  if (bullet(line) !== null) return list(out, lines, from, "ul", bullet);
  if (numbered(line) !== null) return list(out, lines, from, "ol", numbered);
  return paragraph(out, lines, from);
}

function fence(out: ParentNode, lines: string[], from: number): number {
  let end = from + 1;
  while (end < lines.length && !lines[end]?.startsWith("```")) end += 1;
  const code = document.createElement("code");
  code.textContent = lines.slice(from + 1, end).join("\n");
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  pre.append(code);
  out.append(pre);
  return end + 1;
}

type ItemReader = (line: string) => string | null;

const bullet: ItemReader = (line) => /^ {0,3}[-*•]\s+(\S.*)$/.exec(line)?.[1] ?? null;
const numbered: ItemReader = (line) => /^ {0,3}\d{1,3}[.)]\s+(\S.*)$/.exec(line)?.[1] ?? null;

function list(out: ParentNode, lines: string[], from: number, tag: "ul" | "ol", read: ItemReader): number {
  const element = document.createElement(tag);
  const start = tag === "ol" ? Number.parseInt(lines[from]?.trim() ?? "1", 10) : 1;
  if (start !== 1) element.setAttribute("start", String(start));
  let i = from;
  for (let words = read(lines[i] ?? ""); words !== null; words = read(lines[++i] ?? "")) {
    const item = document.createElement("li");
    inline(item, words, 0);
    element.append(item);
  }
  out.append(element);
  return i;
}

function paragraph(out: ParentNode, lines: string[], from: number): number {
  const element = document.createElement("p");
  let i = from;
  for (; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line.trim() === "" || (i > from && (line.startsWith("```") || bullet(line) !== null || numbered(line) !== null))) break;
    if (i > from) element.append(document.createElement("br"));
    inline(element, line.replace(/^#{1,6}\s+/, ""), 0);
  }
  out.append(element);
  return i;
}

function inline(out: ParentNode, text: string, depth: number): void {
  const dead = new Set<string>();
  let plain = "";
  let at = 0;
  const flush = (): void => {
    if (plain) out.append(plain);
    plain = "";
  };
  while (at < text.length) {
    const found = depth < DEEPEST ? span(text, at, depth, dead) : null;
    if (found) {
      flush();
      out.append(found.node);
      at = found.end;
    } else {
      const escaped = text[at] === "\\" && /[\\`*_[\]()#-]/.test(text[at + 1] ?? "");
      plain += escaped ? text[at + 1] : text[at];
      at += escaped ? 2 : 1;
    }
  }
  flush();
}

interface Span {
  node: Node;
  end: number;
}

function span(text: string, at: number, depth: number, dead: Set<string>): Span | null {
  switch (text[at]) {
    case "`":
      return code(text, at, dead);
    case "*":
      return emphasis(text, at, "**", "strong", depth, dead) ?? emphasis(text, at, "*", "em", depth, dead);
    case "_":
      // Not inside a word: snake_case names stay as they are.
      return /\w/.test(text[at - 1] ?? " ") ? null : emphasis(text, at, "_", "em", depth, dead);
    case "[":
      return namedLink(text, at, depth, dead);
    case "h":
    case "H":
      return bareLink(text, at);
    default:
      return null;
  }
}

function code(text: string, at: number, dead: Set<string>): Span | null {
  const end = closing(text, "`", at + 1, dead);
  if (end <= at + 1) return null;
  const node = document.createElement("code");
  node.textContent = text.slice(at + 1, end);
  return { node, end: end + 1 };
}

function emphasis(text: string, at: number, mark: string, tag: "strong" | "em", depth: number, dead: Set<string>): Span | null {
  if (!text.startsWith(mark, at) || /\s|^$/.test(text[at + mark.length] ?? "")) return null;
  const end = closing(text, mark, at + mark.length, dead);
  if (end <= at + mark.length || /\s/.test(text[end - 1] ?? "")) return null;
  if (mark === "_" && /\w/.test(text[end + 1] ?? " ")) return null;
  const node = document.createElement(tag);
  inline(node, text.slice(at + mark.length, end), depth + 1);
  return { node, end: end + mark.length };
}

function namedLink(text: string, at: number, depth: number, dead: Set<string>): Span | null {
  const middle = closing(text, "](", at + 1, dead);
  if (middle <= at + 1) return null;
  const end = closing(text, ")", middle + 2, dead);
  if (end < 0) return null;
  const link = anchor(text.slice(middle + 2, end).trim());
  if (!link) return null;
  inline(link, text.slice(at + 1, middle), depth + DEEPEST);
  return { node: link, end: end + 1 };
}

function bareLink(text: string, at: number): Span | null {
  if (/\w/.test(text[at - 1] ?? " ") || !/^https?:\/\//i.test(text.slice(at, at + 8))) return null;
  const rest = text.slice(at);
  const stop = rest.search(/[\s<>"'`]/);
  const address = (stop < 0 ? rest : rest.slice(0, stop)).replace(/[.,;:!?)\]*_]+$/, "");
  const link = anchor(address);
  if (!link) return null;
  link.textContent = address;
  return { node: link, end: at + address.length };
}

function closing(text: string, mark: string, from: number, dead: Set<string>): number {
  if (dead.has(mark)) return -1;
  const end = text.indexOf(mark, from);
  if (end < 0) dead.add(mark);
  return end;
}

function anchor(address: string): HTMLAnchorElement | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!SCHEMES.has(url.protocol)) return null;
  const link = document.createElement("a");
  link.href = url.href;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  return link;
}
