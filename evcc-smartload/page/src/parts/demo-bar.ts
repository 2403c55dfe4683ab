/** The demo's own bar: it is a simulated home, what time it is there, how fast it runs. */

import { html, type TemplateResult } from "lit";
import type { Context } from "../context";
import type { Format } from "../logic/format";

export const SPEEDS = [1, 10, 60, 360, 900, 3600];

export function renderDemoBar(
  { state, t, format, nowMs }: Context,
  setSpeed: (speed: number) => void,
): TemplateResult {
  const demo = state?.service.demo;
  if (demo === null || demo === undefined) return html``;
  const speeds = SPEEDS.includes(demo.speed) ? SPEEDS : [...SPEEDS, demo.speed].sort((a, b) => a - b);
  return html`
    <aside class="demo-bar" aria-label=${t.demo.long} data-testid="demo">
      <span class="demo-badge"><b>${t.demo.badge}</b> <span class="demo-long">${t.demo.long}</span></span>
      ${demo.progress_frac === null
        ? html`<span class="demo-time num" title=${t.demo.time}>${format.dateTime(nowMs)}</span>
            <label class="demo-speed">
              <span class="demo-long">${t.demo.speed}</span>
              <select
                data-testid="speed"
                aria-label=${t.demo.speed}
                .value=${String(demo.speed)}
                @change=${(event: Event) => setSpeed(Number((event.target as HTMLSelectElement).value))}
              >
                ${speeds.map(
                  (speed) => html`<option value=${speed} ?selected=${speed === demo.speed}>
                    ${speed === 1 ? t.demo.realTime : t.demo.speedOf(hourIn(speed, format))}
                  </option>`,
                )}
              </select>
            </label>`
        : html`<label class="demo-progress">
            <span class="num">${t.demo.progress(format.pct(100 * demo.progress_frac))}</span>
            <progress data-testid="demo-progress" max="1" .value=${demo.progress_frac}></progress>
          </label>`}
    </aside>
  `;
}

/** How long a simulated hour takes. */
function hourIn(speed: number, format: Format): string {
  const seconds = 3600 / speed;
  return seconds >= 60 ? `${format.number(seconds / 60)}\u00a0min` : `${format.number(seconds)}\u00a0s`;
}
