import { describe, expect, it } from "vitest";
import { MESSAGES } from "../src/i18n";
import { Format } from "../src/logic/format";
import {
  actionsAhead,
  addUp,
  aligned,
  costRows,
  edgesOf,
  failures,
  gridOf,
  kwOf,
  makerOf,
  reserveEdges,
  shownUntil,
  slotAt,
  socEdges,
  sourcesOf,
  stacked,
  startsOf,
  steppedMs,
  summaryMaker,
  titleOf,
  usesOf,
  wishesOf,
} from "../src/logic/plan";
import { planSentence } from "../src/logic/plan-sentence";
import type { BandSeries, PlanCar, PlanCost, PlanJson, PlannedAction, PlanSummary, PlanSummaryAction } from "../src/model";
import { flowsTable, priceTable, socTable, stateText } from "../src/parts/plan-tables";
import { NOW, state } from "./example";
import { battery, car, cost, plan, reason } from "./example-plan";

const BERLIN = { timeZone: "Europe/Berlin", offsetMin: 60 };
const DE = new Format("de", BERLIN, "EUR");
const EN = new Format("en", BERLIN, "EUR");
const QUARTER = 900_000;
const plain = (text: string): string => text.replaceAll("\u00a0", " ");
const NOT_BETTER = { rung: "exact" as const, cause: "not_better", detail: "saves 0.0000", sentence: "Er wäre nicht günstiger." };

/** What evcc does by its own rules, shown as a plan. */
function evccs(change: Partial<PlanJson> = {}): PlanJson {
  return plan({ rung: "hands_off", saving_eur: 0, baseline: cost(), skipped: [NOT_BETTER], ...change });
}

/** The grid of a plan that there is. */
function grid(of: PlanJson): NonNullable<ReturnType<typeof gridOf>> {
  const found = gridOf(of);
  if (found === null) throw new Error("no plan");
  return found;
}

describe("the slots of a plan", () => {
  it("begin where the plan begins, and an instant lies in one of them", () => {
    const of = grid(plan());

    expect(startsOf(of)).toEqual([NOW, NOW + QUARTER, NOW + 2 * QUARTER, NOW + 3 * QUARTER]);
    expect(edgesOf(of)).toHaveLength(5);
    expect(slotAt(of, NOW + QUARTER - 1)).toBe(0);
    expect(slotAt(of, NOW + QUARTER)).toBe(1);
  });

  it("are the nearest ones before and after the plan", () => {
    const of = grid(plan());

    expect(slotAt(of, NOW - 1)).toBe(0);
    expect(slotAt(of, NOW + 4 * QUARTER)).toBe(3);
  });

  it("are stepped through and end at the plan's ends", () => {
    const of = grid(plan());

    expect(steppedMs(of, NOW + 10, 1)).toBe(NOW + QUARTER);
    expect(steppedMs(of, NOW, -1)).toBe(NOW);
    expect(steppedMs(of, NOW, 99)).toBe(NOW + 3 * QUARTER);
  });

  it("do not exist without a plan", () => {
    expect(gridOf(null)).toBeNull();
    expect(gridOf(plan({ made_at: null }))).toBeNull();
    expect(gridOf(plan({ n_slots: 0 }))).toBeNull();
  });

  it("are shown for 48 hours of a longer plan", () => {
    expect(shownUntil({ startMs: NOW, slotMs: QUARTER, nSlots: 288 })).toBe(NOW + 192 * QUARTER);
    expect(shownUntil({ startMs: NOW, slotMs: QUARTER, nSlots: 96 })).toBe(NOW + 96 * QUARTER);
  });
});

describe("flows", () => {
  it("balance: what comes is what goes, in every slot", () => {
    const of = plan();
    const sum = (flows: { kwh: readonly number[] }[], slot: number): number => flows.reduce((all, { kwh }) => all + (kwh[slot] ?? 0), 0);

    for (const slot of [0, 1, 2, 3]) expect(sum(sourcesOf(of), slot)).toBeCloseTo(sum(usesOf(of), slot), 9);
  });

  it("lie upon each other without gaps", () => {
    const layers = stacked([
      [1, 2],
      [0.5, 0],
      [0, 3],
    ]);

    expect(layers.map(({ low }) => low)).toEqual([
      [0, 0],
      [1, 2],
      [1.5, 2],
    ]);
    expect(layers.at(-1)?.high).toEqual([1.5, 5]);
  });

  it("hang below zero when their values are negative", () => {
    expect(stacked([[-1], [-2]]).map(({ high }) => high)).toEqual([[-1], [-3]]);
  });

  it("name curtailed sun only where there is some, and the battery only where there is one", () => {
    expect(usesOf(plan()).map(({ flow }) => flow)).toEqual(["house", "charge", "car", "export"]);
    expect(usesOf(plan({ curtail_kwh: [0, 0.2, 0, 0] })).map(({ flow }) => flow)).toContain("curtail");
    expect(sourcesOf(plan({ batteries: [] })).map(({ flow }) => flow)).toEqual(["sun", "import"]);
  });

  it("add up over several batteries, and give each car its colour", () => {
    const of = plan({ batteries: [battery(), battery({ name: "second" })], cars: [car({ number: 7 })] });

    expect(usesOf(of).find(({ flow }) => flow === "charge")?.kwh[0]).toBeCloseTo(1);
    expect(usesOf(of).find(({ flow }) => flow === "car")?.number).toBe(3);
  });

  it("are mean powers, and a solver's rounding is none", () => {
    expect(kwOf(0.5, { slotMs: QUARTER })).toBe(2);
    expect(kwOf(0.5, { slotMs: 4 * QUARTER })).toBe(0.5);
    expect(kwOf(-1e-7, { slotMs: QUARTER })).toBe(0);
  });
});

describe("a forecast beside a plan", () => {
  const band = (startMs: number): BandSeries => ({ start: new Date(startMs).toISOString(), n_known: 0, p10: [0, 0], p50: [1, 2], p90: [3, 3] });

  it("is laid at the plan's time, whenever it begins", () => {
    const of = grid(plan());

    expect(aligned(band(NOW - QUARTER), of, "p50")).toEqual([2, null, null, null]);
    expect(aligned(band(NOW + QUARTER), of, "p50")).toEqual([null, 1, 2, null]);
    expect(aligned(null, of, "p50")).toEqual([null, null, null, null]);
  });

  it("holds for every part of its quarter hour", () => {
    const fine = { startMs: NOW, slotMs: QUARTER / 3, nSlots: 6 };

    expect(aligned(band(NOW), fine, "p50")).toEqual([1, 1, 1, 2, 2, 2]);
  });
});

describe("states of charge", () => {
  it("begin with what is stored and end with the last slot", () => {
    expect(socEdges(battery(), 10)).toEqual([40, 45, 45, 40, 40]);
  });

  it("have the reserve as a share of all batteries", () => {
    const of = plan({ reserve: { soc_kwh: [2, 2, 4, 4], eur_per_kwh_h: 0.01, eur: 0, eur_per_day: 0, short_kwh: 0 } });

    expect(reserveEdges(of)).toEqual([20, 20, 20, 40, 40]);
    expect(reserveEdges({ ...of, batteries: [] })).toEqual([]);
    expect(reserveEdges(plan())).toEqual([]);
  });

  it("are kWh above an unknown state where the car does not tell", () => {
    expect(plain(stateText({ format: DE }, 4.25, null))).toBe("+4,3 kWh");
    expect(plain(stateText({ format: DE }, 4.25, 50))).toBe("9 %");
    expect(stateText({ format: DE }, null, 50)).toBe("–");
  });
});

describe("who makes the plan", () => {
  const action: PlanSummaryAction = { start: "", end: "", kwh: 0, code: "battery_rests", device: "battery", text: { de: "", en: "" } };
  const summary = (change: Partial<PlanSummary>): PlanSummary => ({
    made_at: plan().start ?? "", rung: "hands_off", status: null, cost_eur: null, baseline_eur: null, saving_eur: null, solve_ms: null,
    is_explained: true, until: plan().start ?? "", now: [], next: [], unmet: [], ...change,
  });

  it("is evcc where no plan is better, and nobody where there is none", () => {
    expect(makerOf(plan())).toBe("smartload");
    expect(makerOf(evccs())).toBe("evcc");
    expect(makerOf(plan({ made_at: null, start: null, n_slots: 0, rung: "hands_off" }))).toBe("none");
  });

  it("is seen in the plan in short too", () => {
    expect(summaryMaker(summary({ rung: "exact" }))).toBe("smartload");
    expect(summaryMaker(summary({ now: [action], until: new Date(NOW + QUARTER).toISOString() }))).toBe("evcc");
    expect(summaryMaker(summary({ until: new Date(NOW + QUARTER).toISOString() }))).toBe("evcc");
    expect(summaryMaker(summary({}))).toBe("none");
  });
});

describe("wishes", () => {
  it("are met by what is in the car at the deadline, not after it", () => {
    const late: Partial<PlanCar> = { soc_kwh: [20, 22, 30, 30], target_kwh: 30, by: new Date(NOW + 2 * QUARTER).toISOString() };

    expect(wishesOf(plan({ cars: [car(late)] }))[0]).toMatchObject({ reachedKwh: 22, isMet: false });
    expect(wishesOf(plan({ cars: [car({ ...late, by: null })] }))[0]).toMatchObject({ reachedKwh: 30, isMet: true });
  });

  it("that cannot be met are told as the plan tells them", () => {
    const unmet = { car: "car", title: "Kombi", target_kwh: 30, reached_kwh: 25, missing_kwh: 5, capacity_kwh: 50, by: null, sentence: "50 % statt 60 %." };

    expect(wishesOf(plan({ unmet: [unmet] }))[0]).toMatchObject({ reachedKwh: 25, isMet: false, unmet });
  });
});

describe("lists", () => {
  it("have what is under way and what comes, in the order of time", () => {
    const action = (from: number, to: number): PlannedAction => ({
      start: new Date(NOW + from).toISOString(),
      end: new Date(NOW + to).toISOString(),
      kwh: 1,
      reason: reason("battery"),
    });
    const [past, now, later] = [action(-2 * QUARTER, -QUARTER), action(-QUARTER, QUARTER), action(QUARTER, 2 * QUARTER)];

    expect(actionsAhead(plan({ actions: [later, past, now] }), NOW)).toEqual([now, later]);
  });

  it("know a device by the owner's name for it", () => {
    expect(titleOf(plan(), "car")).toBe("Kombi");
    expect(titleOf(plan(), "")).toBeNull();
  });

  it("leave out the costs that are none, but never what is bought and fed in", () => {
    const none: PlanCost = cost({ import_eur: 0, export_eur: 0, wear_eur: 0 });

    expect(costRows(none, null).map(({ part }) => part)).toEqual(["import", "export"]);
    expect(costRows(none, cost({ missing_eur: 1 })).map(({ part }) => part)).toEqual(["import", "export", "wear", "missing"]);
  });

  it("tell each reason for what was skipped once", () => {
    const skip = (rung: "exact" | "fast" | "shifted", cause: string, sentence: string, detail: string) => ({ rung, cause, detail, sentence });

    expect(failures([skip("exact", "not_verified", "A.", "x"), skip("shifted", "no_last_plan", "B.", "y"), skip("fast", "not_verified", "A.", "x")])).toEqual([
      { sentence: "A.", details: ["x"] },
      { sentence: "B.", details: [] },
    ]);
  });

  it("do not call it a failure that evcc's own rules are as good", () => {
    expect(failures([NOT_BETTER])).toEqual([]);
  });

  it("show amounts that add up to what is shown as their sum", () => {
    expect(addUp([1 / 3, 1 / 3, 1 / 3], 0.01).map((eur) => eur.toFixed(2))).toEqual(["0.34", "0.33", "0.33"]);
    expect(addUp([-0.061, 0.0154, 0, 0.0126, -0.01], 0.001).reduce((a, b) => a + b, 0)).toBeCloseTo(-0.043);
    expect(addUp([], 0.01)).toEqual([]);
  });
});

describe("the sentence of the plan", () => {
  const speak = (change: Partial<Parameters<typeof planSentence>[0]>, lang: "de" | "en" = "de") => {
    const facts = { state: state(), isLost: false, isRefused: false, plan: plan(), nowMs: NOW, ...change };
    const sentence = planSentence(facts, MESSAGES[lang], lang === "de" ? DE : EN);
    return { lead: sentence.lead, because: plain(sentence.because.join(" ")) };
  };

  it("says what is done now and why, and what it saves", () => {
    expect(speak({})).toEqual({
      lead: "battery tut 0.",
      because:
        "car tut 0. Bis 13:00 wäre das um 50 ct günstiger als mit evccs eigenen Regeln: 1,20 € statt 1,70 €. Das ist bewiesen optimal: Kein anderer Plan, der in den nächsten Stunden dasselbe tut, ist um mehr als 0,1 ct günstiger.",
    });
    expect(speak({}, "en").because).toContain("Until 13:00 this would cost 50 ct less than evcc's own rules: €1.20 instead of €1.70.");
  });

  it("moves on with the time, slot by slot", () => {
    expect(speak({ nowMs: NOW + QUARTER }).lead).toBe("battery tut 1.");
  });

  it("is honest about a plan that ended, saves nothing or is worse", () => {
    expect(speak({ nowMs: NOW + 4 * QUARTER }).lead).toContain("reichte bis 13:00");
    expect(speak({ plan: plan({ saving_eur: 0.001 }) }).because).toContain("genauso teuer");
    expect(speak({ plan: plan({ saving_eur: -0.2 }) }).because).toContain("20 ct teurer");
    expect(speak({ plan: plan({ baseline: null }) }).because).not.toContain("evcc");
  });

  it("says how good the plan is known to be", () => {
    expect(speak({ plan: plan({ status: "unproven", gap_eur: 0.02 }) }).because).toContain("höchstens 2,0 ct günstiger");
    expect(speak({ plan: plan({ rung: "fast", status: "unproven", gap_eur: null }) }).because).toContain("schnellen Verfahren");
    expect(speak({ plan: plan({ rung: "shifted", status: "unproven" }) }).because).toContain("letzte gute Plan");
    expect(speak({ plan: plan({ rung: "rules", status: "unproven" }) }).because).toContain("Einfache Regeln");
  });

  it("says that evcc does as well by itself, what happens now, and what it costs", () => {
    expect(speak({ plan: evccs() })).toEqual({
      lead: "evcc macht es von sich aus so gut, wie es geht: Ein Plan würde nichts sparen.",
      because: "battery tut 0. car tut 0. Bis 13:00 kostet das 1,20 €. Das ist bewiesen: Kein Plan wäre um mehr als 0,1 ct günstiger.",
    });
    expect(speak({ plan: evccs({ cost: cost({ export_eur: -3 }) }) }, "en").because).toContain("Until 13:00 that brings in €1.70.");
  });

  it("does not call proven what is not", () => {
    const unproven = { status: "unproven" as const, gap_eur: 0.02 };

    expect(speak({ plan: evccs(unproven) }).lead).toContain("war nicht zu finden");
    expect(speak({ plan: evccs(unproven) }).because).toContain("höchstens 2,0 ct sparen");
    const skipped = [{ rung: "exact" as const, cause: "time_is_up", detail: "", sentence: "Die Zeit hat nicht gereicht." }];
    expect(speak({ plan: evccs({ skipped, status: "unproven" }) }).lead).toContain("Einen eigenen Plan hat SmartLoad gerade nicht");
    expect(speak({ plan: evccs({ skipped, status: "unproven" }) }).because).toContain("Die Zeit hat nicht gereicht.");
  });

  it("says why there is no plan, each reason once", () => {
    const skip = (rung: "exact" | "fast") => ({ rung, cause: "no_prices", detail: "", sentence: "Es fehlen Strompreise." });
    const none = plan({ made_at: null, start: null, n_slots: 0, rung: "hands_off", skipped: [skip("exact"), skip("fast")] });

    expect(speak({ plan: none })).toEqual({
      lead: "Gerade gibt es keinen Plan: evcc macht, was es von sich aus macht.",
      because: "Es fehlen Strompreise.",
    });
  });

  it("waits for the first plan, the first answer and the service", () => {
    expect(speak({ plan: plan({ made_at: null, rung: "hands_off" }) }).lead).toContain("erste Plan");
    expect(speak({ plan: null }).lead).toContain("wird geladen");
    expect(speak({ plan: null, isRefused: true }).lead).toContain("ließ sich gerade nicht laden");
    expect(speak({ state: null }).lead).toContain("meldet sich gleich");
    expect(speak({ state: null, isLost: true }).lead).toContain("nicht zu erreichen");
  });

  it("has something to say when nothing is to be done", () => {
    expect(speak({ plan: plan({ reasons: [] }) }).lead).toBe("Gerade ist nichts zu tun.");
  });
});

describe("the tables of the charts", () => {
  const words = { t: MESSAGES.de, format: DE };

  it("have all slots with their prices, published or not, and the value of a kWh", () => {
    const rows = priceTable(words, plan()).rows();

    expect(rows).toHaveLength(4);
    expect(rows[0]?.map(plain)).toEqual(["So., 22. Nov., 12:00", "30,0 ct/kWh", "8,0 ct/kWh", "veröffentlicht", "28,0 ct/kWh"]);
    expect(rows[3]?.map(plain)).toEqual(["So., 22. Nov., 12:45", "20,0 ct/kWh", "8,0 ct/kWh", "erwartet", "– ct/kWh"]);
  });

  it("name every flow with its power", () => {
    const { head, rows } = flowsTable(words, plan());

    expect(head).toEqual(["Zeit", "Sonne", "Vom Akku", "Netzbezug", "Haus", "Zum Akku", "Kombi", "Einspeisung"]);
    expect(rows()[0]?.map(plain).slice(1)).toEqual(["4,00 kW", "0,00 kW", "2,00 kW", "2,00 kW", "2,00 kW", "2,00 kW", "0,00 kW"]);
  });

  it("have the states at the end of each slot, with the buffer where there is one", () => {
    const of = plan({ reserve: { soc_kwh: [2, 2, 4, 4], eur_per_kwh_h: 0.01, eur: 0, eur_per_day: 0, short_kwh: 0 } });

    expect(socTable(words, of).rows()[2]?.map(plain).slice(1)).toEqual(["40 %", "49 %", "40 %"]);
    expect(socTable(words, plan()).head).toEqual(["Zeit", "Hausakku, am Ende", "Kombi, am Ende"]);
  });

  it("tell the two hours of an autumn night apart", () => {
    const of = plan({ start: "2026-10-25T00:45:00Z", made_at: "2026-10-25T00:45:00Z", slot_min: 60 });

    const times = priceTable(words, of).rows().map(([time = ""]) => plain(time));

    expect(times.map((time) => time.replace("So., 25. Okt., ", ""))).toEqual(["02:45 MESZ", "02:45 MEZ", "03:45", "04:45"]);
  });

  it("skip the hour that a spring night does not have", () => {
    const of = plan({ start: "2026-03-29T00:30:00Z", made_at: "2026-03-29T00:30:00Z", slot_min: 30 });

    const times = priceTable(words, of).rows().map(([time = ""]) => time.slice(-5));

    expect(times).toEqual(["01:30", "03:00", "03:30", "04:00"]);
  });
});

describe("money", () => {
  it("is spoken in the small unit while it is small", () => {
    expect([0.0042, 0.68, 3.42, 1234.5, -0.5, 0].map((eur) => plain(DE.money(eur)))).toEqual(["0,4 ct", "68 ct", "3,42 €", "1.235 €", "−50 ct", "0,0 ct"]);
    expect(EN.money(3.42)).toBe("€3.42");
    expect(DE.money(null)).toBe("–");
    expect(DE.moneys([12_345_678, 821]).map(plain)).toEqual(["12,3 Mio. €", "821,0 €"]);
  });

  it("has one unit among amounts that are compared", () => {
    expect(DE.moneys([0.4, 3.42]).map(plain)).toEqual(["0,40 €", "3,42 €"]);
    expect(DE.moneys([0.004, -0.02], true).map(plain)).toEqual(["+0,4 ct", "−2,0 ct"]);
  });

  it("is shown whatever the currency", () => {
    const of = (currency: string): string => plain(new Format("de", BERLIN, currency).money(0.5));

    expect(of("CHF")).toBe("0,50 CHF");
    expect(of("SEK")).toBe("0,50 kr");
    expect(of("Taler")).toBe("0,50 Taler");
  });
});
