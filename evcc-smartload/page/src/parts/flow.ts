/** The energy flow: who gives, who takes, how much, as a drawing and as sentences. */

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { Context } from "../context";
import type { Loadpoint, Site } from "../model";
import { icons, type IconName } from "./icons";

/** Below, a flow is noise of the meters [kW]. */
const IDLE_KW = 0.03;
const MAX_CARS = 3;

interface Node {
  x: number;
  y: number;
  icon: IconName;
  colour: string;
  title: string;
  figure: string;
  note: string;
  isActive: boolean;
}

interface Flow {
  node: Node;
  kw: number;
  towardsHouse: boolean;
  colour: string;
}

const HOUSE = { x: 172, y: 158 };
const NODE_RADIUS = 35;

export function renderFlow(context: Context): TemplateResult {
  const { t } = context;
  const site = context.state?.site ?? null;
  return html`
    <section class="card flow" aria-labelledby="flow-title" data-testid="flow">
      <h2 id="flow-title">${t.flow.title}</h2>
      <div class="flow-drawing">${drawing(site, context)}</div>
      ${site === null
        ? html`<p class="empty">${t.flow.empty}</p>`
        : site.loadpoints.length === 0 ? nothing : loadpoints(site.loadpoints, context)}
    </section>
  `;
}

function drawing(site: Site | null, context: Context): SVGTemplateResult {
  const flows = flowsOf(site, context);
  const house = houseNode(site, context);
  return svg`
    <svg class="flow-svg" viewBox="0 0 344 336" role="img" aria-label=${accessibleText(site, context)}>
      ${flows.map((flow) => arrow(flow))}
      ${flows.map((flow) => disc(flow.node))}
      ${disc(house)}
    </svg>`;
}

function flowsOf(site: Site | null, context: Context): Flow[] {
  return [sunFlow(site, context), gridFlow(site, context), batteryFlow(site, context), ...carFlows(site, context)];
}

function houseNode(site: Site | null, { t, format }: Context): Node {
  const kw = site?.home_kw ?? null;
  return {
    ...HOUSE,
    icon: "house",
    colour: "--c-house",
    title: t.flow.house,
    figure: format.kw(kw),
    note: "",
    isActive: site !== null,
  };
}

function sunFlow(site: Site | null, { t, format }: Context): Flow {
  const kw = site?.pv_kw ?? null;
  const isActive = kw !== null && kw > IDLE_KW;
  return {
    kw: kw ?? 0,
    towardsHouse: true,
    colour: "--c-sun",
    node: {
      x: HOUSE.x, y: 38, icon: "sun", colour: "--c-sun", title: t.flow.sun, figure: format.kw(kw), note: "", isActive,
    },
  };
}

function gridFlow(site: Site | null, { t, format }: Context): Flow {
  const importKw = site?.grid_import_kw ?? null;
  const exportKw = site?.grid_export_kw ?? null;
  const isExport = (exportKw ?? 0) > (importKw ?? 0);
  const kw = isExport ? exportKw : importKw;
  const isActive = kw !== null && kw > IDLE_KW;
  const colour = isExport ? "--c-export" : "--c-import";
  const note = isActive ? (isExport ? t.flow.exporting : t.flow.importing) : kw === null ? "" : t.flow.idle;
  return {
    kw: kw ?? 0,
    towardsHouse: !isExport,
    colour,
    node: { x: 296, y: HOUSE.y, icon: "grid", colour, title: t.flow.grid, figure: format.kw(kw), note, isActive },
  };
}

function batteryFlow(site: Site | null, { t, format }: Context): Flow {
  const battery = site?.battery ?? null;
  const isCharging = battery !== null && battery.charge_kw > battery.discharge_kw;
  const kw = battery === null ? null : Math.max(battery.charge_kw, battery.discharge_kw);
  const isActive = kw !== null && kw > IDLE_KW;
  const colour = isCharging ? "--c-charge" : "--c-discharge";
  const direction = isCharging ? t.flow.charging : t.flow.discharging;
  const soc = battery?.soc_pct ?? null;
  const note =
    battery === null
      ? site === null ? "" : t.flow.noBattery
      : [soc === null ? null : format.pct(soc), isActive ? direction : t.flow.idle].filter((p) => p !== null).join(", ");
  return {
    kw: kw ?? 0,
    towardsHouse: !isCharging,
    colour,
    node: { x: 48, y: HOUSE.y, icon: "battery", colour, title: t.flow.battery, figure: format.kw(kw), note, isActive },
  };
}

const CAR_XS: Record<number, number[]> = { 1: [172], 2: [100, 244], 3: [56, 172, 288] };

function carFlows(site: Site | null, { t, format }: Context): Flow[] {
  const points = site?.loadpoints ?? [];
  const shown = points.slice(0, MAX_CARS);
  const xs = CAR_XS[shown.length] ?? [];
  return shown.map((point, index) => {
    const isActive = point.charging && point.charge_kw > IDLE_KW;
    const colour = `--c-car-${index + 1}`;
    const soc = point.connected && point.vehicle_soc_pct !== null ? format.pct(point.vehicle_soc_pct) : null;
    const standing = isActive ? t.flow.charging : point.connected ? t.flow.connected : t.flow.away;
    return {
      kw: point.charge_kw,
      towardsHouse: false,
      colour,
      node: {
        x: xs[index] ?? HOUSE.x,
        y: 268,
        icon: "car",
        colour,
        title: nameOf(point, t.flow.car),
        figure: format.kw(point.charge_kw),
        note: [soc, standing].filter((part) => part !== null).join(", "),
        isActive,
      },
    };
  });
}

function nameOf(point: Loadpoint, fallback: string): string {
  return (point.connected ? point.vehicle_title : null) ?? (point.title || fallback);
}

/** Icon and figure in the disc; who it is and how it stands below. */
function disc(node: Node): SVGTemplateResult {
  const standing = node.isActive ? "is-active" : "is-idle";
  return svg`
    <g class="flow-node ${standing}" color="var(${node.colour})" aria-hidden="true">
      <circle class="flow-back" cx=${node.x} cy=${node.y} r=${NODE_RADIUS}></circle>
      <circle class="flow-tint" cx=${node.x} cy=${node.y} r=${NODE_RADIUS} fill="currentColor"></circle>
      <circle class="flow-ring" cx=${node.x} cy=${node.y} r=${NODE_RADIUS} fill="none" stroke="currentColor"></circle>
      <g transform="translate(${node.x - 12} ${node.y - 27})">${icons[node.icon]}</g>
      <text class="flow-figure num" x=${node.x} y=${node.y + 17}>${node.figure}</text>
      ${label(node)}
    </g>`;
}

function label(node: Node): SVGTemplateResult {
  const isTop = node.icon === "sun";
  const isHouse = node.icon === "house";
  if (isTop || isHouse) {
    // Flows run above and below these two: their names stand beside the disc.
    const y = isHouse ? node.y + 28 : node.y + 5;
    return svg`<text class="flow-title beside" x=${node.x + NODE_RADIUS + (isHouse ? 2 : 10)} y=${y}>${node.title}</text>`;
  }
  return svg`
    <text class="flow-title" x=${node.x} y=${node.y + NODE_RADIUS + 15}>${shorten(node.title)}</text>
    <text class="flow-note" x=${node.x} y=${node.y + NODE_RADIUS + 28}>${node.note}</text>`;
}

function shorten(title: string): string {
  return title.length > 14 ? `${title.slice(0, 13)}…` : title;
}

function arrow(flow: Flow): SVGTemplateResult {
  const { node } = flow;
  const path = flow.towardsHouse ? between(node, HOUSE) : between(HOUSE, node);
  const resting = svg`<path class="flow-rest" d=${path}></path>`;
  if (!node.isActive) return resting;
  const widthPx = Math.min(7, 2 + 1.6 * Math.log2(1 + flow.kw));
  return svg`
    ${resting}
    <path class="flow-line" d=${path} stroke="var(${flow.colour})" stroke-width=${widthPx}></path>
    <path class="flow-beads" d=${path} stroke-width=${Math.max(1.4, widthPx / 2.4)}></path>
    ${arrowHead(flow, widthPx)}`;
}

function edge(from: { x: number; y: number }, to: { x: number; y: number }): { x: number; y: number } {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const share = (NODE_RADIUS + 4) / length;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function between(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const a = edge(from, to);
  const b = edge(to, from);
  return `M${a.x} ${a.y}L${b.x} ${b.y}`;
}

/** Direction without motion: a head in the middle of the line. */
function arrowHead(flow: Flow, widthPx: number): SVGTemplateResult {
  const [from, to] = flow.towardsHouse ? [flow.node, HOUSE] : [HOUSE, flow.node];
  const x = (from.x + to.x) / 2;
  const y = (from.y + to.y) / 2;
  const angle = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
  const size = 5 + widthPx * 0.8;
  return svg`<path class="flow-head" fill="var(${flow.colour})"
    transform="translate(${x} ${y}) rotate(${angle})"
    d="M${-size * 0.6} ${-size * 0.75}L${size * 0.7} 0L${-size * 0.6} ${size * 0.75}Z"></path>`;
}

function accessibleText(site: Site | null, { t, format }: Context): string {
  if (site === null) return t.flow.empty;
  const words = t.flow;
  const { battery } = site;
  const importKw = site.grid_import_kw ?? 0;
  const exportKw = site.grid_export_kw ?? 0;
  const parts = [
    site.pv_kw === null ? "" : words.sunText(format.kw(site.pv_kw)),
    site.home_kw === null ? "" : words.houseText(format.kw(site.home_kw)),
    exportKw > IDLE_KW && exportKw > importKw
      ? words.exportText(format.kw(exportKw))
      : importKw > IDLE_KW ? words.importText(format.kw(importKw)) : words.gridIdleText,
  ];
  if (battery !== null) {
    if (battery.charge_kw > IDLE_KW) parts.push(words.chargeText(format.kw(battery.charge_kw)));
    else if (battery.discharge_kw > IDLE_KW) parts.push(words.dischargeText(format.kw(battery.discharge_kw)));
    else parts.push(words.batteryIdleText);
  }
  for (const point of site.loadpoints) {
    if (point.charging) parts.push(words.carText(nameOf(point, words.car), format.kw(point.charge_kw)));
  }
  return [words.label, ...parts.filter((part) => part !== "")].join(". ").replaceAll("..", ".");
}

function loadpoints(points: readonly Loadpoint[], { t, format }: Context): TemplateResult {
  return html`
    <ul class="loadpoints" aria-label=${t.flow.loadpoints}>
      ${points.map(
        (point, index) => html`<li>
          <span class="dot car-${Math.min(index, MAX_CARS - 1) + 1}" aria-hidden="true"></span>
          <span class="loadpoint-name">${point.title || t.flow.car}</span>
          <span class="tag">${t.flow.mode[point.mode]}</span>
          <span class="loadpoint-figure num">${point.connected
            ? html`${point.session_kwh === null ? "" : format.kwh(point.session_kwh)}
              ${point.limit_soc_pct === null ? "" : html`→ ${format.pct(point.limit_soc_pct)}`}`
            : t.flow.away}</span>
        </li>`,
      )}
    </ul>
  `;
}
