import { describe, expect, it } from "vitest";
import { MESSAGES } from "../src/i18n";
import { gateText, holdEndText, leverText, missingText, overrideEndText, overrideText, reasonText, settingText, valueText } from "../src/logic/control-words";
import { Format, type Lang } from "../src/logic/format";
import type { Facts } from "../src/model";
import { NOW } from "./example";

const LANGS: readonly Lang[] = ["de", "en"];
const formats = Object.fromEntries(LANGS.map((lang) => [lang, new Format(lang, { timeZone: "Europe/Berlin", offsetMin: 60 }, "EUR")])) as Record<Lang, Format>;
const FACTS: Facts = {
  price: 0.21,
  value: 0.31,
  export_price: 0.08,
  limit: 0.22,
  best_price: 0.19,
  best_at: "2026-11-23T01:15:00Z",
  next_at: "2026-11-23T01:15:00Z",
  until: "2026-11-22T16:00:00Z",
  soc_pct: 38,
  to_soc_pct: 80,
  buffer_soc_pct: 40,
  kwh: 0.62,
  phase: "2",
  current_a: 57.4,
  limit_a: 63,
  import_kw: 10.8,
  limit_kw: 11,
  car: "Kombi",
};
/** With nothing, with everything, with everything but one, with one alone. */
const SOME_FACTS: readonly Facts[] = [
  {},
  FACTS,
  ...Object.keys(FACTS).map((key) => Object.fromEntries(Object.entries(FACTS).filter(([other]) => other !== key))),
  ...Object.entries(FACTS).map(([key, value]) => ({ [key]: value })),
];
/** What a broken sentence looks like: a missing word, punctuation on its own, no end. */
const BROKEN = /null|undefined|NaN|–|\s[,.:;)]|[,(:]\s*[.)]|\(\s|:\s*:|,\s*,|\s{2}/;

const spaced = (text: string): string => text.replaceAll("\u00a0", " ");

describe.each(LANGS)("the words in %s", (lang) => {
  const t = MESSAGES[lang];
  const format = formats[lang];
  const speech = { state: null, t, format, nowMs: NOW };

  it("tell every reason with whatever facts there are", () => {
    for (const code of Object.keys(t.control.reason)) {
      for (const facts of SOME_FACTS) {
        const text = spaced(reasonText({ code, facts }, speech) ?? "");

        expect(text).toMatch(/^(\p{Lu}|evcc).*\.$/su);
        expect(text).not.toMatch(BROKEN);
      }
    }
  });

  it("tell every closed gate and its figures with whatever facts there are", () => {
    for (const code of Object.keys(t.control.batToCar.gate)) {
      for (const facts of SOME_FACTS) {
        const { title, figures, closed } = gateText({ code, is_open: false, facts }, speech);

        expect(title).not.toBe(code);
        expect(spaced(closed)).toMatch(/\.$/);
        expect(spaced(`${figures} ${closed}`).trim()).not.toMatch(BROKEN);
      }
    }
  });

  it("have the figures in them", () => {
    const reason = spaced(reasonText({ code: "battery_keeps", facts: FACTS }, speech) ?? "");
    const gate = spaced(gateText({ code: "above_buffer", is_open: false, facts: FACTS }, speech).closed);

    expect(reason).toMatch(/17:00.*21[,.]0 ct\/kWh.*31[,.]0 ct\/kWh/);
    expect(gate).toMatch(/38 ?%.*40 ?%/);
  });

  it("say that a car waits where its next quarter hour is still to come", () => {
    const waits = spaced(reasonText({ code: "car_cheap", facts: { car: "Kombi", limit: 0.2, next_at: "2026-11-22T16:00:00Z" } }, speech) ?? "");

    expect(waits).toMatch(/^Kombi (wartet|waits).*17:00.*20[,.]0 ct\/kWh/);
  });

  it("say which limit is near", () => {
    const near = (facts: Facts): string => spaced(reasonText({ code: "fuse_relief", facts }, speech) ?? "");

    expect(near({ phase: 2, current_a: 57.4, limit_a: 63 })).toMatch(/Phase L2.*57[,.]4 A.*63 A/);
    expect(near({ import_kw: 10.8, limit_kw: 11 })).toMatch(/10[,.]8 kW.*11[,.]0 kW/);
  });

  it("translate what the service says of a write in one language only", () => {
    expect(t.control.writes.detail("400 Bad Request")).toBe("400 Bad Request");
  });

  it("say nothing of a reason they do not know, and show a gate or a lack by its code", () => {
    expect(reasonText({ code: "toString", facts: {} }, speech)).toBeNull();
    expect(reasonText(null, speech)).toBeNull();
    expect(gateText({ code: "something_new", is_open: false, facts: {} }, speech).title).toBe("something_new");
    expect(missingText({ code: "something_new", since: "", detail: "" }, { opinions: null }, t)).toBe("something_new");
    expect(settingText("planSoc", t)).toBe("planSoc");
  });

  it("tell an end of every hold, known or not", () => {
    const until = "2026-11-22T23:00:00Z";

    for (const ends of [...Object.keys(t.control.hold.end), "something_new"]) {
      expect(holdEndText({ ends, until: null }, t, format, NOW)).toMatch(/^(bis|until) /);
      expect(holdEndText({ ends, until }, t, format, NOW)).toMatch(/^(bis|until) /);
    }
  });
});

describe("a value", () => {
  const t = MESSAGES.de;
  const shown = (setting: string, value: number | string | boolean | null): string => spaced(valueText(setting, value, t, formats.de));

  it("has its unit", () => {
    expect(shown("bufferSoc", 25)).toBe("25 %");
    expect(shown("smartCostLimit", 0.2134)).toBe("21,3 ct/kWh");
    expect(shown("batteryBoostLimit", 40)).toBe("40 %");
  });

  it("is spoken in words where evcc has words", () => {
    expect(shown("mode", "minpv")).toBe("Min+PV");
    expect(shown("batteryMode", "hold")).toBe("Entladen gesperrt");
    expect(shown("batteryMode", "something_new")).toBe("something_new");
    expect(shown("batteryBoost", true)).toBe("an");
  });

  it("that is not set says so", () => {
    expect(shown("smartCostLimit", null)).toBe("keine Grenze");
    expect(shown("batteryMode", null)).toBe("nichts vorgegeben");
    expect(shown("bufferSoc", 0)).toBe("aus");
    expect(shown("batteryBoostLimit", 100)).toBe("keine Grenze");
    expect(shown("mode", null)).toBe("–");
  });
});

describe("what the owner asked for", () => {
  const t = MESSAGES.de;

  it("is named by its loadpoint, or by what is known of it", () => {
    const wish = { kind: "charge_now", since: "", until: "" } as const;

    expect(overrideText({ ...wish, device: "lp-1", title: "Carport" }, t)).toBe("Carport lädt sofort");
    expect(overrideText({ ...wish, device: "lp-9", title: "" }, t)).toBe("lp-9 lädt sofort");
  });

  it("ends at a time, and a holiday with its last day", () => {
    const midnight = "2026-11-29T23:00:00Z";

    expect(overrideEndText({ kind: "keep_full", until: "2026-11-22T17:30:00Z" }, t, formats.de, NOW)).toBe("bis 18:30");
    expect(overrideEndText({ kind: "holiday", until: midnight }, t, formats.de, NOW)).toBe("bis So., 29. Nov.");
  });

  it("is named with the setting it belongs to", () => {
    expect(leverText({ setting: "mode", device: "lp-1", title: "Carport" }, t)).toBe("Carport: Lademodus (mode)");
    expect(leverText({ setting: "batteryMode", device: "", title: "" }, t)).toBe("Modus des Akkus (batteryMode)");
  });
});

describe("what became of a write", () => {
  it("is not still to be read back once the next value came before", () => {
    for (const lang of LANGS) {
      const { readBackOf } = MESSAGES[lang].control.writes;

      expect(readBackOf.sent("17:06")).toBe({ de: "evcc hat es angenommen.", en: "evcc accepted it." }[lang]);
    }
  });
});
