/** Which language the page speaks. */

import type { Lang } from "../logic/format";
import { de, type Messages } from "./de";
import { en } from "./en";

export type { Messages };

export const MESSAGES: Record<Lang, Messages> = { de, en };

/** The owner's choice on this page, else the service's, else the browser's. */
export function chooseLang(
  chosen: string | null,
  ofService: "auto" | "de" | "en" | undefined,
  ofBrowser: readonly string[],
): Lang {
  if (chosen === "de" || chosen === "en") return chosen;
  if (ofService === "de" || ofService === "en") return ofService;
  for (const tag of ofBrowser) {
    if (tag.toLowerCase().startsWith("de")) return "de";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

/** Null for a problem that a newer service knows and this page does not. */
export function problemWords(code: string, t: Messages): { title: string; text: string } | null {
  return Object.hasOwn(t.problems, code) ? t.problems[code as keyof Messages["problems"]] : null;
}
