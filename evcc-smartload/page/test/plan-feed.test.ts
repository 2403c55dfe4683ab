import { describe, expect, it } from "vitest";
import type { PlanJson, PlanSummary, State } from "../src/model";
import type { Answer } from "../src/net/api";
import { PlanFeed, type PlanNews } from "../src/net/plan-feed";
import { state } from "./example";
import { plan } from "./example-plan";

const REFUSED = { ok: false, status: 0, code: "no_answer", text: "" } as const;

const at = (madeAt: string | null, isExplained = true): State =>
  state({ plan_summary: madeAt === null ? null : ({ made_at: madeAt, is_explained: isExplained } as PlanSummary) });

function asked(): { feed: PlanFeed; langs: string[]; latest: () => PlanNews | undefined; refuse: (isRefusing: boolean) => void } {
  const langs: string[] = [];
  let isRefusing = false;
  let latest: PlanNews | undefined;
  const feed = new PlanFeed(
    (lang): Promise<Answer<PlanJson>> => {
      langs.push(lang);
      return Promise.resolve(isRefusing ? REFUSED : { ok: true, value: plan({ solve_ms: langs.length }) });
    },
    (news) => (latest = news),
  );
  return { feed, langs, latest: () => latest, refuse: (value) => (isRefusing = value) };
}

describe("the plan feed", () => {
  it("asks once for each plan", async () => {
    const { feed, langs } = asked();

    await feed.follow(at("a"), "de");
    await feed.follow(at("a"), "de");
    await feed.follow(at("b"), "de");

    expect(langs).toEqual(["de", "de"]);
  });

  it("asks again when the plan has been explained", async () => {
    const { feed, langs } = asked();

    await feed.follow(at("a", false), "de");
    await feed.follow(at("a", true), "de");
    await feed.follow(at("a", true), "de");

    expect(langs).toEqual(["de", "de"]);
  });

  it("asks again in the other language, also when it was chosen while an answer was on its way", async () => {
    const { feed, langs, latest } = asked();

    const first = feed.follow(at("a"), "de");
    await feed.follow(at("a"), "en");
    await first;

    expect(langs).toEqual(["de", "en"]);
    expect(latest()?.plan?.solve_ms).toBe(2);
  });

  it("asks why there is no plan, and after a restart", async () => {
    const { feed, langs } = asked();
    await feed.follow(at(null), "de");
    const restarted = at(null);
    restarted.service.started_at = "2026-11-22T10:00:00Z";

    await feed.follow(restarted, "de");

    expect(langs).toHaveLength(2);
  });

  it("keeps what it knows when a question fails, and asks again with the next state", async () => {
    const { feed, langs, latest, refuse } = asked();
    await feed.follow(at("a"), "de");

    refuse(true);
    await feed.follow(at("b"), "de");
    expect(langs).toHaveLength(2);
    expect(latest()).toMatchObject({ plan: { solve_ms: 1 }, refusal: { status: 0 } });
    refuse(false);
    await feed.follow(at("b"), "de");

    expect(latest()).toMatchObject({ plan: { solve_ms: 3 }, refusal: null });
  });
});
