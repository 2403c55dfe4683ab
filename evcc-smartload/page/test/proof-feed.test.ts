import { describe, expect, it } from "vitest";
import type { Backtest, Proof } from "../src/model";
import type { Answer } from "../src/net/api";
import { NO_PROOF_NEWS, ProofFeed, type ProofNews } from "../src/net/proof-feed";
import { backtest, proof, stateWith, summary } from "./example-proof";

const REFUSED = { ok: false, status: 503, code: "starting", text: "" } as const;

interface Asked {
  feed: ProofFeed;
  counts: { proof: number; backtest: number };
  latest: () => ProofNews;
  answer: (next: { proof?: Answer<Proof>; backtest?: Answer<Backtest> }) => void;
}

function asked(): Asked {
  const counts = { proof: 0, backtest: 0 };
  const answers: { proof: Answer<Proof>; backtest: Answer<Backtest> } = { proof: { ok: true, value: proof() }, backtest: { ok: true, value: backtest() } };
  let latest = NO_PROOF_NEWS;
  const feed = new ProofFeed(
    {
      proof: () => {
        counts.proof++;
        return Promise.resolve(answers.proof);
      },
      backtest: () => {
        counts.backtest++;
        return Promise.resolve(answers.backtest);
      },
    },
    (news) => (latest = news),
  );
  return { feed, counts, latest: () => latest, answer: (next) => Object.assign(answers, next) };
}

describe("the proof feed", () => {
  it("asks once for each report", async () => {
    const { feed, counts } = asked();

    await feed.follow(stateWith(summary()), 0);
    await feed.follow(stateWith(summary()), 60_000);
    await feed.follow(stateWith(summary({ made_at: "2026-11-23T00:20:00Z" })), 61_000);

    expect(counts).toEqual({ proof: 2, backtest: 1 });
  });

  it("asks again and again while a report is made", async () => {
    const { feed, counts, answer } = asked();
    answer({ proof: { ok: true, value: proof({ state: "working", report: null }) } });

    for (const ms of [0, 500, 1_000, 2_000, 2_500, 4_000]) await feed.follow(stateWith(summary()), ms);

    expect(counts.proof).toBe(3);
  });

  it("follows a back-test every second until it is over", async () => {
    const { feed, counts, answer, latest } = asked();
    answer({ backtest: { ok: true, value: backtest({ state: "running", progress_frac: 0.4 }) } });
    await feed.follow(stateWith(summary()), 0);
    await feed.follow(stateWith(summary()), 1_000);

    answer({ backtest: { ok: true, value: backtest({ state: "done" }) } });
    for (const ms of [2_000, 3_000, 9_000]) await feed.follow(stateWith(summary()), ms);

    expect(counts.backtest).toBe(3);
    expect(latest().backtest?.state).toBe("done");
  });

  it("keeps what it knew when it is refused, and asks again later", async () => {
    const { feed, counts, answer, latest } = asked();
    await feed.follow(stateWith(summary()), 0);
    answer({ proof: REFUSED });
    await feed.follow(stateWith(summary({ made_at: "later" })), 1_000);
    await feed.follow(stateWith(summary({ made_at: "later" })), 2_000);

    expect(latest().proof).toEqual(proof());
    expect(latest().refusal).toEqual(REFUSED);

    answer({ proof: { ok: true, value: proof({ made_at: "later" }) } });
    await feed.follow(stateWith(summary({ made_at: "later" })), 12_000);

    expect(counts.proof).toBe(3);
    expect(latest().refusal).toBeNull();
  });

  it("asks anew after a refresh, also one while an answer is on its way", async () => {
    const { feed, counts } = asked();
    const first = feed.follow(stateWith(summary()), 0);
    feed.refresh();
    await first;

    await feed.follow(stateWith(summary()), 10);

    expect(counts).toEqual({ proof: 2, backtest: 2 });
  });

  it("asks a service that was started anew", async () => {
    const { feed, counts } = asked();
    const known = stateWith(summary());
    await feed.follow(known, 0);

    await feed.follow({ ...known, service: { ...known.service, started_at: "2026-11-22T12:00:00Z" } }, 1);

    expect(counts).toEqual({ proof: 2, backtest: 2 });
  });
});
