// Draws the tables of figures. The table stays, for whoever cannot see the drawing, and says where a click leads.

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  type ChartDataset,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";

import { words } from "../words";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);

type Style = "main" | "second" | "third" | "fourth" | "soft" | "before";

interface Cell {
  value: number | null;
  shown: string;
  href: string | null;
}

interface Column {
  title: string;
  style: Style;
  cells: Cell[];
}

/** Told apart by colour, and by shape, dash or hatching as well. */
const LOOKS: Record<Style, { colour: string; dash: number[]; point: "circle" | "rect" | "triangle" | "rectRot"; hatch: number }> = {
  main: { colour: "--chart-1", dash: [], point: "circle", hatch: 0 },
  second: { colour: "--chart-2", dash: [7, 4], point: "rect", hatch: 1 },
  third: { colour: "--chart-3", dash: [2, 3], point: "triangle", hatch: 2 },
  fourth: { colour: "--chart-4", dash: [9, 3, 2, 3], point: "rectRot", hatch: 3 },
  soft: { colour: "--chart-5", dash: [1, 4], point: "circle", hatch: 4 },
  before: { colour: "--chart-5", dash: [2, 4], point: "circle", hatch: 4 },
};
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** Steps at which axes of durations are marked. */
const STEPS = [1, 5, 15, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
const MARKS = 5;

const drawn = new Map<HTMLElement, Chart>();

function columns(table: HTMLTableElement): Column[] {
  const heads = [...table.tHead!.rows[0]!.cells].slice(1);
  return heads.map((head, place) => ({
    title: head.textContent ?? "",
    style: (head.dataset["style"] ?? "main") as Style,
    cells: [...table.tBodies[0]!.rows].map((row) => read(row.cells[place + 1]!)),
  }));
}

function read(cell: HTMLTableCellElement): Cell {
  const value = cell.dataset["value"];
  return {
    value: value === undefined ? null : Number(value),
    shown: cell.textContent ?? "",
    href: cell.querySelector("a")?.getAttribute("href") ?? null,
  };
}

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hatched(colour: string, kind: number): string | CanvasPattern {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  if (!pen || kind === 0) return colour;
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = 2;
  if (kind === 4) {
    pen.fillRect(2, 2, 2.5, 2.5);
    pen.fillRect(6, 6, 2.5, 2.5);
  } else {
    pen.beginPath();
    if (kind === 1 || kind === 3) lines(pen, [[-2, 6, 6, -2], [2, 10, 10, 2]]);
    if (kind === 2 || kind === 3) lines(pen, [[-2, 2, 6, 10], [2, -2, 10, 6]]);
    pen.stroke();
  }
  return pen.createPattern(tile, "repeat") ?? colour;
}

function lines(pen: CanvasRenderingContext2D, ends: number[][]): void {
  for (const [x1, y1, x2, y2] of ends) {
    pen.moveTo(x1!, y1!);
    pen.lineTo(x2!, y2!);
  }
}

function dataset(column: Column, kind: string): ChartDataset<"line"> | ChartDataset<"bar"> {
  const look = LOOKS[column.style];
  const colour = token(look.colour);
  const data = column.cells.map((cell) => cell.value);
  if (kind === "line" || kind === "area") {
    return {
      type: "line",
      label: column.title,
      data,
      borderColor: colour,
      backgroundColor: kind === "area" ? token("--brand-soft") : colour,
      fill: kind === "area",
      borderWidth: column.style === "before" ? 1.5 : 2.25,
      borderDash: look.dash,
      pointStyle: look.point,
      pointRadius: column.style === "before" ? 0 : data.length > 40 ? 1.5 : 3.5,
      pointHoverRadius: 6,
      pointHitRadius: 10,
      spanGaps: false,
      tension: 0.15,
    };
  }
  return {
    type: "bar",
    label: column.title,
    data,
    backgroundColor: hatched(colour, look.hatch),
    borderColor: colour,
    borderWidth: look.hatch ? 1.5 : 0,
    borderRadius: 3,
    maxBarThickness: 34,
  };
}

function short(seconds: number): string {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.round(seconds / MINUTE)} min`;
  return seconds < 2 * DAY ? `${Math.round(seconds / HOUR)} h` : `${Math.round(seconds / DAY)} d`;
}

function onAxis(value: number, unit: string): string {
  if (unit === "seconds") return short(value);
  return unit === "share" ? `${Math.round(value * 100)} %` : value.toLocaleString();
}

function draw(figure: HTMLElement): void {
  const table = figure.querySelector("table");
  const room = figure.querySelector<HTMLElement>(".chart-drawing");
  if (!table || !room) return;
  drawn.get(figure)?.destroy();
  const kind = figure.dataset["chart"] ?? "line";
  const unit = figure.dataset["unit"] ?? "count";
  const series = columns(table);
  const labels = [...table.tBodies[0]!.rows].map((row) => row.cells[0]!.textContent ?? "");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.pages.drawing(figure.querySelector("h2")?.textContent ?? ""));
  room.hidden = false;
  room.replaceChildren(canvas);
  if (kind === "ranking") room.classList.toggle("is-long", labels.length > 6);
  drawn.set(figure, new Chart(canvas, configuration(kind, unit, labels, series)));
}

function configuration(kind: string, unit: string, labels: string[], series: Column[]): ChartConfiguration {
  const across = kind === "ranking";
  const most = Math.max(...series.flatMap((column) => column.cells.map((cell) => cell.value ?? 0)));
  const step = unit === "seconds" ? (STEPS.find((size) => most / size <= MARKS) ?? STEPS.at(-1)!) : undefined;
  const stacked = kind === "stacked";
  const values = {
    beginAtZero: true,
    stacked,
    ...(unit === "share" ? { max: 1 } : {}),
    grid: { color: token("--line") },
    border: { display: false },
    ticks: {
      color: token("--ink-soft"),
      maxTicksLimit: MARKS + 1,
      ...(unit === "count" ? { precision: 0 } : {}),
      ...(step ? { stepSize: step } : {}),
      callback: (value: string | number) => onAxis(Number(value), unit),
    },
  };
  const steps = {
    stacked,
    grid: { display: false },
    border: { color: token("--line-strong") },
    ticks: { color: token("--ink-soft"), autoSkip: !across, maxRotation: 0, autoSkipPadding: 14 },
  };
  return {
    type: "bar",
    data: { labels, datasets: series.map((column) => dataset(column, kind)) },
    options: {
      indexAxis: across ? "y" : "x",
      maintainAspectRatio: false,
      animation: false,
      font: { family: getComputedStyle(document.body).fontFamily, size: 12 },
      interaction: { mode: kind === "bar" || across ? "nearest" : "index", intersect: false, axis: across ? "y" : "x" },
      scales: across ? { x: values, y: steps } : { x: steps, y: values },
      onHover: (_event, found, chart) => {
        const leads = found.some((hit) => series[hit.datasetIndex]?.cells[hit.index]?.href);
        chart.canvas.style.cursor = leads ? "pointer" : "default";
      },
      onClick: (event, _found, chart) => {
        const hits = chart.getElementsAtEventForMode(event as unknown as Event, "nearest", { intersect: false, axis: across ? "y" : "xy" }, true);
        const href = hits.map((hit) => series[hit.datasetIndex]?.cells[hit.index]?.href).find(Boolean);
        if (href) location.assign(href);
      },
      plugins: {
        legend: {
          display: series.length > 1,
          position: "bottom",
          labels: { color: token("--ink"), usePointStyle: kind === "line", boxHeight: kind === "line" ? 6 : 12, boxWidth: kind === "line" ? 6 : 26, padding: 14 },
        },
        tooltip: {
          callbacks: {
            label: (item) => `${item.dataset.label}: ${series[item.datasetIndex]?.cells[item.dataIndex]?.shown ?? ""}`,
          },
        },
      },
    },
  };
}

function drawAll(): void {
  for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) draw(figure);
}

for (const details of document.querySelectorAll<HTMLDetailsElement>(".chart-table")) details.open = false;
drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
