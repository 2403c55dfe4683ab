import { describe, expect, it } from "vitest";
import { MESSAGES } from "../src/i18n";
import { executionOf, firstClosed, isReleased, isSimulated, otherHolds, rowsOf, spokenFacts, stagesThat, standingOf } from "../src/logic/control";
import { Format } from "../src/logic/format";
import { proofSentence } from "../src/logic/proof-sentence";
import type { Control, DoneNow, Hold, StageName, State } from "../src/model";
import { control, loadpoint, NOW, stage, state } from "./example";

const format = new Format("de", { timeZone: "Europe/Berlin", offsetMin: 60 }, "EUR");
const SINCE = "2026-11-22T10:10:00Z";

const live = (...names: StageName[]): Control["stages"] =>
  (["buffer", "battery", "cars"] as const).map((name) => stage(name, { mode: names.includes(name) ? "live" : "observing" }));

const done = (change: Partial<DoneNow> = {}): DoneNow => ({ setting: "mode", device: "lp-1", title: "Carport", value: "now", reason: null, is_applied: true, ...change });

const hold = (change: Partial<Hold> = {}): Hold => ({ setting: "mode", device: "lp-1", title: "Carport", value: "pv", since: SINCE, until: null, ends: "car_leaves", ...change });

const withCars = (change: Partial<Control>): Pick<State, "control" | "site"> => {
  const base = state();
  if (base.site === null) throw new Error("the example has a site");
  return { control: control(change), site: { ...base.site, loadpoints: [loadpoint()] } };
};

function sentence(shown: State | null): { lead: string; because: string } {
  const { lead, because } = proofSentence({ state: shown, isLost: false, nowMs: NOW }, MESSAGES.de, format);
  return { lead, because: because.join(" ") };
}

describe("how a stage stands", () => {
  it("is observed until the owner lets it act", () => {
    const shown = control({ in_charge: "live", stages: live("buffer", "cars") });

    expect(stagesThat(shown, "live")).toEqual(["buffer", "cars"]);
    expect(stagesThat(shown, "observing")).toEqual(["battery"]);
  });

  it("rests while everything is only observed, whatever the owner had let act", () => {
    const shown = control({ in_charge: "released", stages: live("battery", "cars") });

    expect(stagesThat(shown, "resting")).toEqual(["battery", "cars"]);
  });

  it("rests on the lowest rung and while evcc's automatic mode is in charge", () => {
    const stages = live("buffer", "battery");

    expect(stagesThat(control({ stages, rung: { level: "hands_off", since: SINCE, missing: [] } }), "resting")).toEqual(["buffer", "battery"]);
    expect(stagesThat(control({ stages, in_charge: "evcc_automatic" }), "resting")).toEqual(["buffer", "battery"]);
  });

  it("is the owner's where they moved the buffer", () => {
    expect(stagesThat(control({ in_charge: "owner", stages: live("buffer", "cars") }), "owner")).toEqual(["buffer"]);
  });

  it("leaves battery and cars to evcc when only the buffer is decided, except for what the owner asked for", () => {
    const rung = { level: "buffer_only", since: SINCE, missing: [] } as const;
    const cars = stage("cars", { mode: "live", done: [done()] });
    const shown = control({ in_charge: "live", rung: { ...rung, missing: [] }, stages: [...live("buffer", "battery").slice(0, 2), cars] });

    expect(stagesThat(shown, "live")).toEqual(["buffer", "cars"]);
    expect(standingOf(shown, cars)).toBe("live");
    expect(stagesThat(shown, "resting")).toEqual(["battery"]);
  });

  it("knows a release also where something else is in charge of the buffer", () => {
    const rung: Control["rung"] = { level: "hands_off", since: SINCE, missing: [{ code: "released", since: SINCE, detail: "" }] };

    expect(isReleased(control({ in_charge: "evcc_automatic", rung }))).toBe(true);
    expect(isReleased(control())).toBe(false);
  });
});

describe("how much of the plan is carried out", () => {
  it("is nothing, a part or all of it", () => {
    expect(executionOf(withCars({ stages: live("buffer") }))).toBe("simulated");
    expect(executionOf(withCars({ stages: live("cars") }))).toBe("partly");
    expect(executionOf(withCars({ stages: live("battery", "cars") }))).toBe("done");
    expect(executionOf(withCars({ stages: live("battery", "cars"), in_charge: "released" }))).toBe("resting");
  });

  it("does not ask stages that have nothing to control", () => {
    const { control: shown, site } = withCars({ stages: live("cars") });
    if (site === null) throw new Error("the example has a site");

    expect(executionOf({ control: shown, site: { ...site, battery: null } })).toBe("done");
    expect(executionOf({ control: shown, site: { ...site, loadpoints: [] } })).toBe("simulated");
  });

  it("counts what the owner asks of a stage that observes", () => {
    const asked = stage("cars", { done: [done({ is_applied: true })] });
    const shown = withCars({ stages: [stage("buffer"), stage("battery"), asked] });

    expect(executionOf(shown)).toBe("partly");
    expect(isSimulated(shown, "lp-1")).toBe(false);
    expect(stagesThat(shown.control, "observing")).toContain("cars");
  });

  it("tells devices apart by evcc's names", () => {
    const shown = withCars({ stages: live("cars") });

    expect(isSimulated(shown, "lp-1")).toBe(false);
    expect(isSimulated(shown, "battery")).toBe(true);
  });
});

describe("what else is told", () => {
  it("is a hold that the headline does not tell of already", () => {
    const holds = [hold({ setting: "bufferSoc", device: "" }), hold()];

    expect(otherHolds(control({ in_charge: "owner", holds })).map(({ setting }) => setting)).toEqual(["mode"]);
    expect(otherHolds(control({ in_charge: "degraded", holds }))).toHaveLength(2);
  });

  it("is the first gate that is closed, not one that was not asked", () => {
    const gate = (code: string, isOpen: boolean | null) => ({ code, is_open: isOpen, facts: {} });
    const gates = [gate("allowed", true), gate("car_wants", false), gate("boost_available", null)];

    expect(firstClosed({ is_active: false, device: "", title: "", gates })?.code).toBe("car_wants");
    expect(firstClosed({ is_active: true, device: "", title: "", gates: gates.slice(0, 1) })).toBeNull();
  });

  it("lists the site's settings before those of loadpoints", () => {
    const rows = rowsOf(stage("cars", { done: [done({ device: "lp-2" }), done(), done({ device: "" })] }));

    expect(rows.map(({ device }) => device)).toEqual(["", "lp-1", "lp-2"]);
  });
});

describe("facts", () => {
  it("have their units", () => {
    const spoken = spokenFacts(
      { price: 0.2134, soc_pct: 61.7, kwh: 0.62, current_a: 57.43, limit_a: 63, phase: 2, until: "2026-11-22T16:00:00Z", best_at: "2026-11-23T01:15:00Z", car: "Kombi" },
      null,
      format,
      NOW,
    );

    expect(Object.fromEntries(Object.entries(spoken).filter(([, text]) => text !== null))).toEqual({
      price: "21,3\u00a0ct/kWh",
      soc: "62\u00a0%",
      kwh: "0,6\u00a0kWh",
      current: "57,4\u00a0A",
      limitA: "63\u00a0A",
      phase: "L2",
      until: "17:00",
      bestAt: "Mo., 23. Nov., 02:15",
      car: "Kombi",
    });
  });

  it("that make no sense are missing", () => {
    const spoken = spokenFacts({ price: Number.NaN, until: "soon", car: "", value: "0.3" }, null, format, NOW);

    expect(Object.values(spoken).every((text) => text === null)).toBe(true);
  });

  it("call a car what people call it", () => {
    const { site } = withCars({});
    const called = (car: string): string | null => spokenFacts({ car }, site, format, NOW).car;

    expect(called("lp-1")).toBe("Kombi");
    expect(called("lp-9")).toBe("lp-9");
  });

  it("name a phase once", () => {
    expect(["L1", "1", 1].map((phase) => spokenFacts({ phase }, null, format, NOW).phase)).toEqual(["L1", "L1", "L1"]);
  });
});

describe("the sentence of the proof", () => {
  it("says that everything is only observed", () => {
    expect(sentence(state()).lead).toContain("beobachtet");
    expect(sentence(state()).because).toContain("oberste von fünf Stufen");
  });

  it("names what it is in charge of and what it only observes", () => {
    const { lead, because } = sentence(state({ control: control({ in_charge: "live", stages: live("buffer", "cars") }) }));

    expect(lead).toBe("SmartLoad führt seinen Plan aus und steuert den Puffer und die Autos.");
    expect(because).toContain("Außerdem beobachtet es den Akku.");
  });

  it("says what is missing, since when, and how far down the ladder that is", () => {
    const rung: Control["rung"] = { level: "rules", since: SINCE, missing: [{ code: "prices", since: SINCE, detail: "no tariff" }] };
    const { lead, because } = sentence(state({ control: control({ rung, stages: live("battery") }) }));

    expect(lead).toContain("nach einfachen Regeln und steuert den Akku");
    expect(because).toContain("Es fehlen Strompreise (seit 11:10). Das ist Stufe 3 von 5.");
  });

  it("tells what the owner asked for while everything is observed", () => {
    const until = "2026-11-22T12:30:00Z";
    const overrides: Control["overrides"] = [
      { kind: "charge_now", device: "lp-1", title: "Kombi", since: SINCE, until },
      { kind: "holiday", device: "", title: "", since: SINCE, until },
    ];

    expect(sentence(state()).because).toContain("In evcc ändert es nichts.");
    expect(sentence(state({ control: control({ overrides }) })).because).toContain("nur, worum du gebeten hast: Kombi lädt sofort bis 13:30.");
  });

  it("does not speak of carrying out a plan that is no better than evcc's own rules", () => {
    const rung: Control["rung"] = { level: "plan", since: SINCE, missing: [{ code: "no_gain", since: SINCE, detail: "" }] };
    const { lead, because } = sentence(state({ control: control({ rung, in_charge: "live", stages: live("buffer", "battery", "cars") }) }));

    expect(lead).toBe("SmartLoad steuert den Puffer, den Akku und die Autos.");
    expect(because).toContain("kein Plan besser als evccs eigene Regeln (seit 11:10)");
  });

  it("says that nothing is written when hands are off", () => {
    const rung: Control["rung"] = { level: "hands_off", since: SINCE, missing: [{ code: "automatic", since: SINCE, detail: "" }] };
    const opinions = { since: SINCE, is_on: false, evcc_mode: "normal", our_mode: "hold", our_reason: null };
    const { lead, because } = sentence(state({ control: control({ rung, opinions, in_charge: "evcc_automatic", stages: live("battery") }) }));

    expect(lead).toBe("SmartLoad schreibt gerade nichts nach evcc.");
    expect(because).toContain("Die Automatik von evcc war an");
    expect(because).not.toContain("Außerdem");
  });

  it("knows the owner's hand on the buffer", () => {
    const { lead, because } = sentence(state({ control: control({ in_charge: "owner", stages: live("buffer", "cars") }) }));

    expect(lead).toContain("steuert die Autos");
    expect(because).toContain("Den Puffer hast du selbst gesetzt");
  });

  it("does without a rung, without a service and with wrong options", () => {
    const wrong = state();
    wrong.service.config_problems = [{ option: "evc_url", given: "x", allowed: "a known option", nearest: null }];

    expect(sentence(state({ control: control({ rung: null }) })).because).toContain("nach der ersten Berechnung");
    expect(sentence(null).lead).toBe(MESSAGES.de.sentence.connecting);
    expect(sentence(wrong).lead).toContain("evc_url");
  });
});
