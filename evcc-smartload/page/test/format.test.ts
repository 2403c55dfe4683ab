import { describe, expect, test } from "vitest";
import { Format } from "../src/logic/format";

const BERLIN = { timeZone: "Europe/Berlin", offsetMin: 60 };
const HOUR_MS = 3_600_000;
const german = new Format("de", BERLIN, "EUR");
const english = new Format("en", BERLIN, "EUR");

describe("numbers", () => {
  test("are written as the language writes them, with their unit", () => {
    expect(german.kw(3.24)).toBe("3,2\u00a0kW");
    expect(english.kwh(0.05)).toBe("0.1\u00a0kWh");
    expect(german.pct(82)).toBe("82\u00a0%");
    expect(english.pct(82)).toBe("82%");
  });

  test("stay readable when they are huge", () => {
    expect(german.kw(16_432)).toBe("16,4\u00a0MW");
    expect(german.price(102.48)).toBe("10.248\u00a0ct/kWh");
  });

  test("that are not known are a dash, never a zero", () => {
    expect(german.kw(null)).toBe("–\u00a0kW");
    expect(german.pct(Number.NaN)).toBe("–");
  });

  test("of currents have a digit only where they need one", () => {
    expect(german.amps(63)).toBe("63\u00a0A");
    expect(german.amps(57.43)).toBe("57,4\u00a0A");
  });

  test("below zero carry a true minus, and nothing is minus zero", () => {
    expect(german.price(-0.075)).toBe("−7,5\u00a0ct/kWh");
    expect(german.kw(-0.01)).toBe("0,0\u00a0kW");
  });

  test("of a currency without a spoken hundredth are shown in full", () => {
    expect(new Format("en", BERLIN, "SEK").price(1.234)).toBe("1.234\u00a0SEK/kWh");
  });
});

test("things are listed as they are spoken", () => {
  expect(german.list(["den Puffer", "den Akku", "die Autos"])).toBe("den Puffer, den Akku und die Autos");
  expect(english.list(["the buffer", "the battery", "the cars"])).toBe("the buffer, the battery and the cars");
});

describe("local time", () => {
  test.each([
    ["Europe/Berlin", "2026-11-23", "2026-11-23T23:00:00Z"],
    ["Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"], // 25 hours
    ["Pacific/Auckland", "2026-01-10", "2026-01-10T11:00:00Z"],
    ["Pacific/Honolulu", "2026-01-10", "2026-01-11T10:00:00Z"],
  ])("in %s knows when the day %s is over", (timeZone, day, over) => {
    const format = new Format("de", { timeZone, offsetMin: 0 }, "EUR");

    expect(format.endOfIsoDay(day)).toBe(Date.parse(over));
  });

  test("knows no end of what is no day", () => {
    expect(german.endOfIsoDay("")).toBeNull();
    expect(german.endOfIsoDay("2026-13-01")).toBeNull();
  });

  test("falls back to the offset when the zone has no name", () => {
    const offsetOnly = new Format("de", { timeZone: null, offsetMin: 330 }, "EUR");

    expect(offsetOnly.time(Date.parse("2026-06-01T00:15:00Z"))).toBe("05:45");
  });

  test("survives a zone this browser does not know", () => {
    const unknown = new Format("de", { timeZone: "Mars/Olympus", offsetMin: 60 }, "EUR");

    expect(unknown.time(Date.parse("2026-11-22T11:00:00Z"))).toBe("12:00");
  });

  test.each([
    ["2026-11-22T11:00:00Z", 24],
    ["2026-03-29T10:00:00Z", 23],
    ["2026-10-25T10:00:00Z", 25],
    ["2026-10-25T00:30:00Z", 25],
    ["2026-03-29T22:30:00Z", 24],
  ])("the day of %s has %i hours", (instant, hours) => {
    const ms = Date.parse(instant);

    expect((german.endOfDay(ms) - german.startOfDay(ms)) / HOUR_MS).toBe(hours);
    expect(german.local(german.startOfDay(ms))).toMatchObject({ hour: 0, minute: 0 });
  });

  test("ticks of the axis stand on local hours on both sides of a clock change", () => {
    const from = Date.parse("2026-10-24T22:00:00Z");

    const ticks = german.hourTicks(from, from + 25 * HOUR_MS, 6).map((ms) => german.time(ms));

    expect(ticks).toEqual(["00:00", "06:00", "12:00", "18:00", "00:00"]);
  });
});
