/** Changes that the cards of the proof view ask for, and what became of them. */

import { html, nothing, type TemplateResult } from "lit";
import type { Messages } from "../i18n";
import type { StageName } from "../model";
import type { Answer } from "../net/api";
import { refusal } from "./dialogs";

/** The card that asked; its answer is shown there. */
export type Place = "master" | "stages" | "own" | "opinions";

export interface Said {
  place: Place;
  text: string;
  isRefused: boolean;
}

export interface ControlActions {
  take: (place: Place, request: () => Promise<Answer<unknown>>, done: string) => void;
  ask: (stage: StageName, mode: "live" | "observing") => void;
  said: Said | null;
}

/** What was done shows by itself and is only read aloud; a refusal stays to be read. */
export function renderSaid({ said }: ControlActions, place: Place): TemplateResult | typeof nothing {
  if (said === null || said.place !== place) return nothing;
  return html`<p class=${said.isRefused ? "refused" : "visually-hidden"} role=${said.isRefused ? "alert" : "status"} data-testid="said">${said.text}</p>`;
}

/** While evcc's automatic mode is on there is something the owner has to do first. */
export function controlRefusal(answer: { status: number; code: string; text: string }, t: Messages): string {
  return answer.code === "evcc_automatic" ? t.control.master.switchOffFirst : refusal(answer, t);
}
