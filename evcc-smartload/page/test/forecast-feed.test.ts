import { describe, expect, it } from "vitest";
import type { AccuracyReport, Forecast } from "../src/model";
import type { Answer } from "../src/net/api";
import { ForecastFeed, type ForecastNews } from "../src/net/forecast-feed";
import { state } from "./example";

const FORECAST = { issued_at: "2026-11-22T11:00:00Z" } as Forecast;
const JUDGED = { accuracies: [{}] } as unknown as AccuracyReport;
const UNJUDGED = { accuracies: [] } as unknown as AccuracyReport;
const REFUSED = { ok: false, status: 0, code: "no_answer", text: "" } as const;
const DAY = 1;

function asked(accuracy: AccuracyReport = JUDGED): {
  feed: ForecastFeed;
  counts: { forecast: number; accuracy: number };
  latest: () => ForecastNews | undefined;
  refuse: (isRefusing: boolean) => void;
} {
  const counts = { forecast: 0, accuracy: 0 };
  let isRefusing = false;
  let latest: ForecastNews | undefined;
  const answer = <T>(value: T): Promise<Answer<T>> => Promise.resolve(isRefusing ? REFUSED : { ok: true, value });
  const feed = new ForecastFeed(
    {
      forecast: () => ((counts.forecast += 1), answer(FORECAST)),
      accuracy: () => ((counts.accuracy += 1), answer(accuracy)),
    },
    (news) => (latest = news),
  );
  return { feed, counts, latest: () => latest, refuse: (value) => (isRefusing = value) };
}

const at = (issuedAt: string | null) => state({ forecast: { issued_at: issuedAt, start: issuedAt } });

describe("the forecast feed", () => {
  it("asks once for each forecast, and for the accuracy once a day", async () => {
    const { feed, counts, latest } = asked();

    await feed.follow(at("a"), DAY);
    await feed.follow(at("a"), DAY);
    await feed.follow(at("b"), DAY);
    expect(counts).toEqual({ forecast: 2, accuracy: 1 });
    await feed.follow(at("b"), DAY + 1);

    expect(counts).toEqual({ forecast: 2, accuracy: 2 });
    expect(latest()).toEqual({ forecast: FORECAST, accuracy: JUDGED, refusal: null });
  });

  it("asks for the accuracy again while there is nothing to judge", async () => {
    const { feed, counts } = asked(UNJUDGED);

    await feed.follow(at("a"), DAY);
    await feed.follow(at("b"), DAY);

    expect(counts.accuracy).toBe(2);
  });

  it("keeps what it knows when a question fails, and asks again with the next state", async () => {
    const { feed, counts, latest, refuse } = asked();
    await feed.follow(at("a"), DAY);

    refuse(true);
    await feed.follow(at("b"), DAY);
    expect(latest()?.forecast).toBe(FORECAST);
    expect(latest()?.refusal).not.toBeNull();
    refuse(false);
    await feed.follow(at("b"), DAY);

    expect(counts.forecast).toBe(3);
    expect(latest()?.refusal).toBeNull();
  });

  it("asks anew after a restart of the service", async () => {
    const { feed, counts } = asked();
    await feed.follow(at("a"), DAY);
    const restarted = at("a");
    restarted.service.started_at = "2026-11-22T10:00:00Z";

    await feed.follow(restarted, DAY);

    expect(counts.forecast).toBe(2);
  });
});
