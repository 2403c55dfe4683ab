/** Areas that can be told apart without their colour: hatchings, on a canvas and as swatches of a legend. */

import { svg, type SVGTemplateResult } from "lit";

export type Pattern = "solid" | "rising" | "falling" | "level" | "upright" | "dots" | "cross" | "sparse";

/** Lines of a tile that repeats. */
const TILE_PX = 6;
const LINES: Record<Pattern, string> = {
  solid: "",
  rising: "M-1 7 7 -1M-1 1 1 -1M5 7 7 5",
  falling: "M-1 -1 7 7M5 -1 7 1M-1 5 1 7",
  level: "M0 3H6",
  upright: "M3 0V6",
  dots: "M2 2h2v2h-2z",
  cross: "M0 3H6M3 0V6",
  sparse: "M-1 7 7 -1M-1 1 1 -1M5 7 7 5",
};
/** How much of the colour is behind the lines; a plan is not done yet, so its areas are muted. */
const MUTED = 0.34;
const MUTED_SOLID = 0.55;
const HOLLOW = 0.06;

function backOpacity(pattern: Pattern): number {
  return pattern === "solid" ? MUTED_SOLID : pattern === "sparse" ? HOLLOW : MUTED;
}

/** A fill for a canvas of `ratio` device pixels per pixel. */
export function patternFill(ctx: CanvasRenderingContext2D, colour: string, pattern: Pattern, ratio: number): CanvasPattern | string {
  const tile = document.createElement("canvas");
  tile.width = tile.height = Math.round(TILE_PX * ratio);
  const on = tile.getContext("2d");
  if (on === null) return colour;
  on.scale(tile.width / TILE_PX, tile.height / TILE_PX);
  on.globalAlpha = backOpacity(pattern);
  on.fillStyle = on.strokeStyle = colour;
  on.fillRect(0, 0, TILE_PX, TILE_PX);
  on.globalAlpha = 0.9;
  const lines = new Path2D(LINES[pattern]);
  if (pattern === "dots") on.fill(lines);
  else on.stroke(lines);
  return ctx.createPattern(tile, "repeat") ?? colour;
}

/** The same for a legend; `colour` is a token's name. */
export function patternSwatch(colour: string, pattern: Pattern): SVGTemplateResult {
  const tiles = [0, TILE_PX, 2 * TILE_PX].flatMap((x) => [0, TILE_PX].map((y) => ({ x, y })));
  const stroke = pattern === "dots" ? "none" : `var(${colour})`;
  return svg`
    <svg class="chart-swatch is-area" viewBox="0 0 18 12" aria-hidden="true">
      <rect width="18" height="12" fill="var(${colour})" fill-opacity=${backOpacity(pattern)}></rect>
      ${tiles.map(
        ({ x, y }) => svg`<path d=${LINES[pattern]} transform="translate(${x} ${y})"
          stroke=${stroke} fill=${pattern === "dots" ? `var(${colour})` : "none"}></path>`,
      )}
      <rect x="0.5" y="0.5" width="17" height="11" fill="none" stroke="var(${colour})"></rect>
    </svg>`;
}
