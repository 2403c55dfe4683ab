/** The service's time between two messages; in the demo it runs faster than ours. */

import type { State } from "../model";

export interface ServiceClock {
  serviceMs: number;
  heardAtMs: number; // on our monotonic clock
  rate: number; // service seconds per second
}

/** A page that heard nothing for longer does not invent time. */
const LONGEST_GUESS_MS = 120_000;

export function clockOf(state: State, heardAtMs: number): ServiceClock {
  const demo = state.service.demo;
  const rate = demo === null ? 1 : demo.progress_frac === null ? demo.speed : 0;
  return { serviceMs: Date.parse(state.now), heardAtMs, rate };
}

export function serviceNow(clock: ServiceClock, atMs: number): number {
  const passedMs = Math.min(Math.max(atMs - clock.heardAtMs, 0), LONGEST_GUESS_MS);
  return clock.serviceMs + passedMs * clock.rate;
}

export interface Countdown {
  days: number;
  hours: number;
  minutes: number;
  isOver: boolean;
}

/** What is left until `untilMs`; minutes are rounded up, so that nothing is over before it is. */
export function countdown(untilMs: number, nowMs: number): Countdown {
  const left = Math.max(0, Math.ceil((untilMs - nowMs) / 60_000));
  return {
    days: Math.floor(left / 1440),
    hours: Math.floor((left % 1440) / 60),
    minutes: left % 60,
    isOver: left === 0,
  };
}
