/** Line drawings, 24 by 24, in the colour of the text around them. */

import { svg, type SVGTemplateResult } from "lit";

const drawn = (content: SVGTemplateResult): SVGTemplateResult => svg`
  <g fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${content}</g>`;

export const icons = {
  sun: drawn(svg`<circle cx="12" cy="12" r="4.200"/><path d="M12 2.500v2.200M12 19.300v2.200M2.500 12h2.200M19.300 12h2.200M5.300 5.300l1.500 1.500M17.200 17.200l1.500 1.500M5.300 18.700l1.500-1.500M17.200 6.800l1.500-1.500"/>`),
  house: drawn(svg`<path d="M3.500 11.500 12 4l8.500 7.500"/><path d="M6 9.800V20h12V9.800"/><path d="M10 20v-5h4v5"/>`),
  battery: drawn(svg`<rect x="6" y="5" width="12" height="16" rx="2.200"/><path d="M10 5V2.800h4V5M9 17h6M9 13.500h6"/>`),
  grid: drawn(svg`<path d="M12 2.500 7 21.500M12 2.500l5 19M6 8h12M4.500 12.500h15M8.800 14.500l7 5M15.200 14.500l-7 5"/>`),
  car: drawn(svg`<path d="M3.500 16.500v-3.800l2-5.200A2 2 0 0 1 7.400 6.200h9.200a2 2 0 0 1 1.900 1.300l2 5.200v3.800z"/><path d="M3.800 12.300h16.400M5.500 16.500v2.200M18.500 16.500v2.200"/><circle cx="7.300" cy="14.400" r=".6"/><circle cx="16.700" cy="14.400" r=".6"/>`),
  eye: drawn(svg`<path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z"/><circle cx="12" cy="12" r="3"/>`),
  bolt: drawn(svg`<path d="M13.500 2.500 5 13.500h6l-.8 8L19 10.200h-6z"/>`),
  hand: drawn(svg`<path d="M7.500 12V6.200a1.400 1.400 0 0 1 2.800 0V11 4.400a1.400 1.400 0 0 1 2.800 0V11 5.600a1.400 1.400 0 0 1 2.800 0V12 8.200a1.400 1.400 0 0 1 2.700 0v6.300c0 3.900-2.600 7-6.400 7-3 0-4.700-1.300-6.100-3.700l-2.300-4a1.400 1.400 0 0 1 2.400-1.500z"/>`),
  cycle: drawn(svg`<path d="M4 12a8 8 0 0 1 13.900-5.400L20 8.500M20 3.500v5h-5M20 12a8 8 0 0 1-13.900 5.400L4 15.500M4 20.500v-5h5"/>`),
  back: drawn(svg`<path d="M9 14 4 9l5-5"/><path d="M4 9h10.500a5.500 5.500 0 0 1 0 11H10"/>`),
  warning: drawn(svg`<path d="M12 3.500 2.500 20h19z"/><path d="M12 10v4.500M12 17.300v.2"/>`),
  check: drawn(svg`<circle cx="12" cy="12" r="9"/><path d="m8 12.300 2.800 2.700L16 9.500"/>`),
  waiting: drawn(svg`<circle cx="12" cy="12" r="9"/><path d="M12 7v5.300l3.400 2"/>`),
  info: drawn(svg`<circle cx="12" cy="12" r="9"/><path d="M12 11v5.500M12 7.600v.2"/>`),
};

export type IconName = keyof typeof icons;

export function icon(name: IconName): SVGTemplateResult {
  return svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${icons[name]}</svg>`;
}
