// Drawn for this project. Icons are built as nodes, so that no string is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function drawing(viewBox: string, ...paths: [string, Record<string, string>?][]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  for (const [d, attributes = {}] of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    svg.append(path);
  }
  return svg;
}

const LINE = { fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" };

/** The sage leaf that is a speech bubble: its stem is the bubble's tail. */
export const leaf = (): SVGSVGElement =>
  drawing(
    "0 0 32 32",
    ["M28.5 3.5H16.3C9.2 3.5 4 8.9 4 15.9c0 3 .9 5.7 2.4 7.9L4.2 28.8l5.7-1.9c1.9 1 4.1 1.5 6.4 1.5 7.1 0 12.2-5.5 12.2-12.5Z", { fill: "currentColor" }],
    ["M10.2 22.8C13 17.4 17 13 22.8 9.2M13.5 18l-.4-5M17.5 13.8l-.2-4.2M15.6 19.6l5.3.2M19.6 14.9l4.3.3", { ...LINE, stroke: "var(--vein, #fff)", "stroke-width": "1.5" }],
  );

export const cross = (): SVGSVGElement => drawing("0 0 24 24", ["M6 6l12 12M18 6 6 18", LINE]);
export const arrow = (): SVGSVGElement => drawing("0 0 24 24", ["M5 12h13M12 5.5 18.5 12 12 18.5", { ...LINE, "stroke-width": "2.2" }]);
export const down = (): SVGSVGElement => drawing("0 0 24 24", ["M12 5v13M5.5 12 12 18.5 18.5 12", LINE]);
