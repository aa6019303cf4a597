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
    ["M4.6 28.6c.9-3 1.5-4.700 1.900-6.300C4.100 12.600 10.400 4.300 28 3.400c.7 13.700-4.200 22.400-13.600 22.900-2.300.1-4.200-.3-5.800-1.100-1.200 1.100-2.500 2.200-4 3.400Z", { fill: "currentColor" }],
    ["M9.600 22.600C13 16.800 17.400 12.200 22.600 9M13.400 17.400l-.6-4.600M17.200 13.400l-.2-4M15.800 18.600l5-.2M12.600 22l4.400.4", { ...LINE, stroke: "var(--vein, #fff)", "stroke-width": "1.5" }],
  );

export const cross = (): SVGSVGElement => drawing("0 0 24 24", ["M6 6l12 12M18 6 6 18", LINE]);
export const arrow = (): SVGSVGElement => drawing("0 0 24 24", ["M5 12h13M12 5.500 18.500 12 12 18.500", { ...LINE, "stroke-width": "2.2" }]);
export const down = (): SVGSVGElement => drawing("0 0 24 24", ["M12 5v13M5.500 12 12 18.500 18.500 12", LINE]);
