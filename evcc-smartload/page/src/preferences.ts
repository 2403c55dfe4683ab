/** What the owner chose on this device; the keys are prefixed, ingress shares the storage with Home Assistant. */

import type { Lang } from "./logic/format";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const LANG_KEY = "smartload.lang";
const THEME_KEY = "smartload.theme";

export function chosenLang(): Lang | null {
  const lang = read(LANG_KEY);
  return lang === "de" || lang === "en" ? lang : null;
}

export function keepLang(lang: Lang): void {
  keep(LANG_KEY, lang);
}

export function chosenTheme(): Theme {
  const theme = read(THEME_KEY);
  return THEMES.find((known) => known === theme) ?? "auto";
}

export function keepTheme(theme: Theme): void {
  keep(THEME_KEY, theme);
}

export function applyTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  document.dispatchEvent(new Event("smartload-theme"));
}

// A browser may refuse storage altogether; the page then forgets the choice and works.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The choice holds until the page is closed.
  }
}
