import { expect, test } from "vitest";
import { clockOf, countdown, serviceNow } from "../src/logic/clock";
import { NOW, state } from "./example";

const demo = (speed: number, progress_frac: number | null) =>
  state({ service: { ...state().service, demo: { speed, progress_frac } } });

test("time goes on between two messages", () => {
  expect(serviceNow(clockOf(state(), 1000), 6000)).toBe(NOW + 5000);
});

test("a simulated home's time goes on at its own speed", () => {
  expect(serviceNow(clockOf(demo(360, null), 0), 10_000)).toBe(NOW + 3_600_000);
});

test("time stands still while the past is lived through", () => {
  expect(serviceNow(clockOf(demo(360, 0.4), 0), 10_000)).toBe(NOW);
});

test("a page that heard nothing for long does not invent time", () => {
  expect(serviceNow(clockOf(state(), 0), 3_600_000)).toBe(NOW + 120_000);
});

test("the countdown is over at its end and not before", () => {
  expect(countdown(NOW + 1, NOW)).toMatchObject({ minutes: 1, isOver: false });
  expect(countdown(NOW, NOW).isOver).toBe(true);
  expect(countdown(NOW - 5000, NOW).isOver).toBe(true);
});

test("the countdown is told in days, hours and minutes", () => {
  const left = (4 * 24 * 60 + 7 * 60 + 12) * 60_000;

  expect(countdown(NOW + left, NOW)).toEqual({ days: 4, hours: 7, minutes: 12, isOver: false });
});
