import { describe, expect, it } from "vitest";
import { ALL_WRITES, choices, filtered, wasAdjusted } from "../src/logic/writes";
import type { State, WriteLog, WriteRecord } from "../src/model";
import type { Answer } from "../src/net/api";
import { WritesFeed, type WritesNews } from "../src/net/writes-feed";
import { control, stage, state, write } from "./example";

const REFUSED = { ok: false, status: 0, code: "no_answer", text: "" } as const;

describe("the log of writes", () => {
  const writes = [write(), write({ setting: "mode", stage: "cars", outcome: "failed" }), write({ outcome: "simulated" })];

  it("is narrowed by setting, stage and outcome together", () => {
    expect(filtered(writes, ALL_WRITES)).toHaveLength(3);
    expect(filtered(writes, { ...ALL_WRITES, setting: "batteryMode" })).toHaveLength(2);
    expect(filtered(writes, { setting: "batteryMode", stage: "battery", outcome: "simulated" })).toEqual([writes[2]]);
    expect(filtered(writes, { ...ALL_WRITES, stage: "cars", outcome: "simulated" })).toEqual([]);
  });

  it("offers only what occurs", () => {
    expect(choices(writes, "setting")).toEqual(["batteryMode", "mode"]);
    expect(choices(writes, "outcome")).toEqual(["confirmed", "failed", "simulated"]);
  });

  it("tells when evcc took another value than the wanted one", () => {
    expect(wasAdjusted({ wanted: 25, accepted: 30 })).toBe(true);
    expect(wasAdjusted({ wanted: 25, accepted: 25 })).toBe(false);
    expect(wasAdjusted({ wanted: 25, accepted: null })).toBe(false);
  });
});

describe("the feed of writes", () => {
  const at = (nToday: number, change: Partial<State> = {}): State =>
    state({ control: control({ writes: { n_today: nToday, most_per_day: 200, by_lever: [] } }), ...change });

  const cycle = (count: number): State["cycle"] => ({ count, kind: "slot", at: "", next_at: "", duration_ms: 1 });

  function asked(): { feed: WritesFeed; nAsked: () => number; latest: () => WritesNews | undefined; answerWith: (writes: WriteRecord[] | null) => void } {
    let nAsked = 0;
    let answer: WriteRecord[] | null = [write()];
    let latest: WritesNews | undefined;
    const feed = new WritesFeed(
      (): Promise<Answer<WriteLog>> => {
        nAsked += 1;
        return Promise.resolve(answer === null ? REFUSED : { ok: true, value: { writes: answer, more: false } });
      },
      (news) => (latest = news),
    );
    return { feed, nAsked: () => nAsked, latest: () => latest, answerWith: (writes) => (answer = writes) };
  }

  it("asks once while nothing is written or wanted anew", async () => {
    const { feed, nAsked } = asked();

    await feed.follow(at(3, { cycle: cycle(1) }));
    await feed.follow(at(3, { cycle: cycle(2) }));

    expect(nAsked()).toBe(1);
  });

  it("asks again after a write, after a change of a stage, and after a restart", async () => {
    const { feed, nAsked } = asked();
    await feed.follow(at(3));

    await feed.follow(at(4));
    const changed = at(4);
    changed.control.stages = [stage("cars", { mode: "live" })];
    await feed.follow(changed);
    await feed.follow({ ...changed, service: { ...changed.service, started_at: "2026-11-22T10:59:00Z" } });

    expect(nAsked()).toBe(4);
  });

  it("asks with each cycle while something waits to be read back", async () => {
    const { feed, nAsked, answerWith } = asked();
    answerWith([write({ outcome: "sent", settled_at: null })]);
    await feed.follow(at(3, { cycle: cycle(1) }));
    await feed.follow(at(3, { cycle: cycle(1) }));
    expect(nAsked()).toBe(1);

    answerWith([write()]);
    await feed.follow(at(3, { cycle: cycle(2) }));
    await feed.follow(at(3, { cycle: cycle(3) }));

    expect(nAsked()).toBe(2);
  });

  it("asks with each reading of evcc, too, but not for what the next value came before", async () => {
    const read = (time: string): State => ({ ...at(3), site: { ...state().site!, read_at: time } });
    const { feed, nAsked, answerWith } = asked();
    answerWith([write({ outcome: "sent", settled_at: null })]);
    await feed.follow(read("2026-11-22T11:00:00Z"));

    answerWith([write({ outcome: "sent", detail: "superseded" })]);
    await feed.follow(read("2026-11-22T11:00:30Z"));
    await feed.follow(read("2026-11-22T11:01:00Z"));

    expect(nAsked()).toBe(2);
  });

  it("keeps what it knows when a question fails, and asks again with the next state", async () => {
    const { feed, latest, answerWith } = asked();
    await feed.follow(at(3));

    answerWith(null);
    await feed.follow(at(4));
    expect(latest()).toMatchObject({ log: { writes: [{ setting: "batteryMode" }] }, refusal: { status: 0 } });
    answerWith([]);
    await feed.follow(at(4));

    expect(latest()).toMatchObject({ log: { writes: [] }, refusal: null });
  });
});
