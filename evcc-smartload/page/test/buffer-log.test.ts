import { describe, expect, test } from "vitest";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import { bufferLines, changesOnly, riskBasisOf, withShadow, foundPctOf, heldByOf, limitOf, mergeEvents, outcomeOf, outsideChangeOf, targetOf } from "../src/logic/buffer-log";
import type { BufferEvent } from "../src/model";
import { event } from "./example";

const at = (minute: number): string => new Date(Date.parse("2026-11-22T10:00:00Z") + minute * 60_000).toISOString();

describe("the log", () => {
  test("takes what is new once, in order", () => {
    const known = [event(at(0)), event(at(15))];

    const merged = mergeEvents(known, [event(at(15)), event(at(30))]);

    expect(merged.map((e) => e.ts)).toEqual([at(0), at(15), at(30)]);
  });

  test("stays the same object when nothing is new", () => {
    const known = [event(at(0)), event(at(15))];

    expect(mergeEvents(known, [event(at(15))])).toBe(known);
  });

  test("sees one instant in two spellings as one event", () => {
    expect(mergeEvents([event("2026-11-22T10:00:00+00:00")], [event("2026-11-22T10:00:00Z")])).toHaveLength(1);
  });

  test("keeps the youngest 700", () => {
    const many = Array.from({ length: 750 }, (_, index) => event(at(15 * index)));

    const merged = mergeEvents([], many);

    expect(merged).toHaveLength(700);
    expect(merged.at(-1)?.ts).toBe(at(15 * 749));
  });

  test("tells simulated, applied and failed apart", () => {
    expect(outcomeOf(event(at(0)))).toBe("simulated");
    expect(outcomeOf(event(at(0), { mode: "live", applied: true }))).toBe("applied");
    expect(outcomeOf(event(at(0), { mode: "live", applied: false }))).toBe("failed");
  });

  test("sees that somebody else had the say, and calls it no failure", () => {
    const refused = (why: string): BufferEvent =>
      event(at(0), { mode: "live", new_buffer_pct: 70, reason: `Konfidenz 90% · Spread 9ct · Puffer 25% · nicht übernommen: ${why}` });
    const held = [
      "in evcc von Hand auf 70% gestellt, gilt bis 25.04. 00:00",
      "die Steuerung wurde zurückgegeben",
      "die Automatik von evcc steuert selbst",
      "die Konfiguration ist fehlerhaft, SmartLoad beobachtet nur",
    ].map(refused);

    expect(held.map(heldByOf)).toEqual(["owner", "released", "automatic", "config"]);
    expect(held.map(outcomeOf)).toEqual(["held", "held", "held", "held"]);
    expect(outcomeOf(refused("evcc antwortet nicht"))).toBe("failed");
    expect(held.map(targetOf)).toEqual([25, 25, 25, 25]);
  });

  test("reads from the reason what stood in the way and what somebody changed", () => {
    const limited = event(at(0), { reason: "Konfidenz 90% · Puffer 25% · begrenzt durch prioritySoc 40%" });
    const moved = event(at(0), { reason: "Konfidenz 90% · in evcc geändert: 30% → 55%" });

    expect(limitOf(limited)).toEqual({ setting: "prioritySoc", pct: 40 });
    expect(outsideChangeOf(moved)).toEqual({ fromPct: 30, toPct: 55 });
    expect(limitOf(moved)).toBeNull();
  });

  test("reads from the reason what evcc held before the first decision", () => {
    const first = event(at(0), { reason: "Konfidenz 0% · Spread 0ct · Puffer 30% · [Simulation] · in evcc steht: 55%" });

    expect(foundPctOf(first)).toBe(55);
    expect(foundPctOf(event(at(15)))).toBeNull();
    expect(outsideChangeOf(first)).toBeNull();
  });

  test("tells in both languages what evcc held before the first decision", () => {
    const facts = {
      confidence: "0%",
      spread: "0 ct",
      buffer: "30%",
      isSimulated: true,
      isFailed: false,
      held: null,
      limit: null,
      outside: null,
    };
    const written = "Konfidenz 0% · Spread 0ct · Puffer 30% · [Simulation] · in evcc steht: 55%";

    expect(de.buffer.reasonText({ ...facts, outside: de.buffer.found("55 %") }, written)).toBe(written);
    expect(en.buffer.reasonText({ ...facts, outside: en.buffer.found("55%") }, written)).toBe(
      "Confidence 0% · spread 0 ct · buffer 30% · evcc holds 55% · [Simulation]",
    );
  });

  test("as a table has the changes only", () => {
    const events = [event(at(0)), event(at(15)), event(at(30), { new_buffer_pct: 20 })];

    expect(changesOnly(events).map((e) => e.ts)).toEqual([at(0), at(30)]);
  });
});

describe("the line", () => {
  const now = Date.parse(at(40));

  test("is observed until it is applied, and the two meet", () => {
    const events = [event(at(0)), event(at(15), { mode: "live", applied: true, new_buffer_pct: 20 })];

    const lines = bufferLines(events, Date.parse(at(20)));

    expect(lines.observed.slice(0, 2)).toEqual([25, 25]);
    expect(lines.applied.slice(0, 2)).toEqual([null, 20]);
  });

  test("breaks where no event came for long", () => {
    const lines = bufferLines([event(at(0)), event(at(120))], Date.parse(at(125)));

    expect(lines.observed).toContain(null);
  });

  test("holds the old value through a failed write and marks it", () => {
    const failed = event(at(0), { mode: "live", old_buffer_pct: 30, new_buffer_pct: 20 });

    const lines = bufferLines([failed], now);

    expect(lines.applied[0]).toBe(30);
    expect(lines.failed).toEqual([{ x: Date.parse(at(0)), y: 30 }]);
  });

  test("draws what somebody else holds as a line of its own, without a mark", () => {
    const held = event(at(15), {
      mode: "live",
      old_buffer_pct: 70,
      new_buffer_pct: 70,
      reason: "Konfidenz 90% · nicht übernommen: die Steuerung wurde zurückgegeben",
    });

    const lines = bufferLines([event(at(0), { mode: "live", applied: true }), held], Date.parse(at(20)));

    expect(lines.applied.slice(0, 2)).toEqual([25, 25]);
    expect(lines.held.slice(0, 2)).toEqual([null, 70]);
    expect(lines.failed).toEqual([]);
  });

  test("rises in time, with as many values as instants", () => {
    const lines = bufferLines([event(at(0)), event(at(7)), event(at(200)), event(at(215))], now);

    expect(lines.xs.every((x, index) => index === 0 || x > (lines.xs[index - 1] ?? 0))).toBe(true);
    expect(lines.observed).toHaveLength(lines.xs.length);
    expect(lines.confidence).toHaveLength(lines.xs.length);
  });
});

describe("the other buffer", () => {
  const now = Date.parse(at(60));

  test("is drawn on the instants of both, and leaves the one in charge as it is", () => {
    const events = [event(at(0), { new_buffer_pct: 30 }), event(at(15), { new_buffer_pct: 30 })];
    const shadow = [event(at(15), { reason: "Puffer 60%" }), event(at(20), { reason: "Puffer 65%" })];

    const lines = withShadow(bufferLines(events, now), shadow, now);

    const of = (minute: number): [number | null, number | null] => {
      const index = lines.xs.indexOf(Date.parse(at(minute)));
      return [lines.observed[index] ?? null, lines.shadow[index] ?? null];
    };
    expect([of(0), of(15), of(20), of(30), of(35)]).toEqual([[30, null], [30, 60], [30, 65], [30, 65], [null, 65]]);
  });

  test("never looks applied, whatever its log says", () => {
    const shadow = [event(at(0), { mode: "live", applied: true, new_buffer_pct: 60, reason: "Puffer 60%" })];

    expect(withShadow(bufferLines([], now), shadow, now).applied.every((value) => value === null)).toBe(true);
  });

  test("tells what it rests on", () => {
    const reason = "Sicherheit 90% · Bedarf 4,2 kWh bis 08:15 (günstiger Strom) · Puffer 55% · [Simulation]";

    expect(riskBasisOf(event(at(0), { reason }))).toEqual({ confidencePct: 90, needKwh: 4.2, until: "08:15", end: "cheap" });
    expect(riskBasisOf(event(at(0)))).toBeNull();
  });
});
