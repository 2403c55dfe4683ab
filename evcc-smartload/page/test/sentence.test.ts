import { describe, expect, test } from "vitest";
import { chooseLang, MESSAGES, problemWords } from "../src/i18n";
import { Format } from "../src/logic/format";
import { judgePrice, priceLine, priceStretches } from "../src/logic/prices";
import { nowSentence } from "../src/logic/sentence";
import type { State } from "../src/model";
import { control, event, NOW, slots, stage, state } from "./example";

const format = new Format("de", { timeZone: "Europe/Berlin", offsetMin: 60 }, "EUR");
const MIDNIGHT = format.startOfDay(NOW);

function lead(shown: State | null, isLost = false): string {
  return nowSentence(shown, isLost, NOW, MESSAGES.de, format).lead.replaceAll("\u00a0", " ");
}

function live(socPct: number, bufferPct: number): State {
  const base = state();
  const { site, buffer } = base;
  if (site?.battery == null || buffer === null) throw new Error("the example has a battery and a buffer");
  return state({
    site: {
      ...site,
      battery: { ...site.battery, soc_pct: socPct },
      settings: { priority_soc_pct: 10, buffer_soc_pct: bufferPct, buffer_start_soc_pct: 0 },
    },
    buffer: {
      ...buffer,
      mode: "live",
      log_recent: [event("2026-11-22T11:00:00Z", { mode: "live", applied: true, new_buffer_pct: bufferPct })],
    },
    control: control({ in_charge: "live", until: null, stages: [stage("buffer", { mode: "live" }), stage("battery"), stage("cars")] }),
  });
}

describe("the sentence", () => {
  test("knows a write that is newer than the reading beside it", () => {
    const shown = live(60, 50);
    const at = "2026-11-22T11:00:00Z";
    const applied = event(at, { mode: "live", applied: true, old_buffer_pct: 50, new_buffer_pct: 25 });
    if (shown.buffer === null || shown.site === null) throw new Error("the example has both");

    const written = { ...shown, buffer: { ...shown.buffer, log_recent: [applied] } };
    const readAgain = { ...written, site: { ...shown.site, read_at: "2026-11-22T11:00:30Z" } };

    expect(lead(written)).toContain("unteren 25 %");
    expect(lead(readAgain)).toContain("unteren 50 %");
  });

  test("speaks of what would be while it is only observed", () => {
    expect(lead(state())).toContain("Es würde die unteren 25 %");
  });

  test("says that evcc keeps its value while observing", () => {
    const { because } = nowSentence(state(), false, NOW, MESSAGES.de, format);

    expect(because[0]?.replaceAll("\u00a0", " ")).toBe("In evcc bleibt der Puffer (bufferSoc) bei 50 %.");
  });

  test("names the energy above the buffer when live", () => {
    expect(lead(live(60, 20))).toContain("4,0 kWh");
  });

  test("says that the battery is all the house's at or below the buffer", () => {
    expect(lead(live(20, 20))).toContain("ganz für das Haus");
  });

  test("puts what is missing before what was decided", () => {
    const away = state({ evcc: { ...state().evcc, reachable: false, since: "2026-11-22T10:37:00Z" } });

    expect(lead(away)).toContain("antwortet seit 11:37 nicht");
  });

  test("has words for the first minute, for no battery and for no service", () => {
    const { site } = state();

    expect(lead(null)).toContain("gleich");
    expect(lead(null, true)).toContain("nicht zu erreichen");
    expect(lead(state({ site: null }))).toContain("zum ersten Mal");
    expect(lead(state({ site: site === null ? null : { ...site, battery: null } }))).toContain("keinen Hausakku");
    expect(lead(state({ buffer: null }))).toContain("noch nicht berechnet");
  });
});

describe("the price of now", () => {
  function judge(prices: readonly number[], now: number) {
    const known = { ...state().prices, import_now_eur_per_kwh: now, import_slots: slots(MIDNIGHT, prices) };
    return judgePrice(known, NOW, format);
  }

  test("is ranked among the prices of today", () => {
    const day = Array.from({ length: 24 }, (_, hour) => 0.2 + hour / 100);

    expect(judge(day, 0.2)?.rank).toBe("lowest");
    expect(judge(day, 0.43)?.rank).toBe("highest");
    expect(judge(day, 0.32)?.rank).toBe("middle");
    expect(judge(day, -0.01)?.rank).toBe("negative");
    expect(judge(Array<number>(24).fill(0.3), 0.3)?.rank).toBe("flat");
  });

  test("names the cheapest time to come only when it is worth the wait", () => {
    const day = Array<number>(24).fill(0.3);
    day[15] = 0.1;

    expect(judge(day, 0.3)?.cheaper).toEqual({ startMs: MIDNIGHT + 15 * 3_600_000, perKwh: 0.1 });
    expect(judge(day, 0.11)?.cheaper).toBeNull();
  });

  test("is not judged without prices", () => {
    expect(judgePrice(state().prices, NOW, format)).toBeNull();
  });

  test("is drawn with the holes in what is known, and listed in stretches", () => {
    const [first, , third] = slots(MIDNIGHT, [0.2, 0.2, 0.3]);
    if (first === undefined || third === undefined) throw new Error("three slots were made");

    expect(priceLine([first, third]).values).toContain(null);
    expect(priceStretches(slots(MIDNIGHT, [0.2, 0.2, 0.3]))).toHaveLength(2);
  });
});

describe("the language", () => {
  test("is the owner's choice, else the service's, else the browser's", () => {
    expect(chooseLang("en", "de", ["de-DE"])).toBe("en");
    expect(chooseLang(null, "de", ["en-GB"])).toBe("de");
    expect(chooseLang(null, "auto", ["fr-FR", "de-AT"])).toBe("de");
    expect(chooseLang(null, undefined, ["fr-FR"])).toBe("en");
  });

  test("has words for known problems and none for unknown ones", () => {
    expect(problemWords("no_prices", MESSAGES.de)?.title).toBe("Es fehlen Strompreise");
    expect(problemWords("toString", MESSAGES.en)).toBeNull();
  });

  test("English reasons are built from the figures", () => {
    const english = MESSAGES.en.buffer.reasonText(
      {
        confidence: "82%", spread: "14.0 ct/kWh", buffer: "25%",
        isSimulated: true, isFailed: false,
        held: null, limit: null, outside: null,
      },
      "Konfidenz 82% · Spread 14ct · Puffer 25% · [Simulation]",
    );

    expect(english).toBe("Confidence 82% · spread 14.0 ct/kWh · buffer 25% · [Simulation]");
  });
});
