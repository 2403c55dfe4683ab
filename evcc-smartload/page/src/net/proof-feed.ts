/** Keeps the report and the back-test fed: asks when the view opens, when the state tells of a new report, and while one is made. */

import { proofSummaryOf } from "../logic/report";
import type { Backtest, Proof, State } from "../model";
import type { Answer } from "./api";

export interface ProofNews {
  proof: Proof | null; // null: not asked for yet, or never answered
  backtest: Backtest | null;
  /** Why the last question for the report was not answered; what was known before stays. */
  refusal: { status: number; text: string } | null;
  /** The same of the back-test. */
  backtestRefusal: { status: number; text: string } | null;
}

export const NO_PROOF_NEWS: ProofNews = { proof: null, backtest: null, refusal: null, backtestRefusal: null };

interface Questions {
  proof(): Promise<Answer<Proof>>;
  backtest(): Promise<Answer<Backtest>>;
}

/** So long after an answer that will not last the next is asked for. */
const WORKING_MS = 2_000;
const RUNNING_MS = 1_000;
const REFUSED_MS = 10_000;

/** One thing that is asked for anew when its key changes, and after a while when its answer will not last. */
class Question<T> {
  private askedOf = "";
  private isAsking = false;
  private nextMs = Infinity;

  constructor(
    private readonly ask: () => Promise<Answer<T>>,
    private readonly restMs: (value: T) => number,
    private readonly onAnswer: (answer: Answer<T>) => void,
  ) {}

  async follow(key: string, clockMs: number): Promise<void> {
    if (this.isAsking || (key === this.askedOf && clockMs < this.nextMs)) return;
    this.isAsking = true;
    this.nextMs = Infinity;
    try {
      const answer = await this.ask();
      this.askedOf = key;
      const restMs = answer.ok ? this.restMs(answer.value) : REFUSED_MS;
      this.nextMs = Math.min(this.nextMs, clockMs + restMs); // forgotten on the way stays forgotten
      this.onAnswer(answer);
    } finally {
      this.isAsking = false;
    }
  }

  /** The next follow asks, whatever was answered. */
  forget(): void {
    this.nextMs = -Infinity;
  }
}

export class ProofFeed {
  private news = NO_PROOF_NEWS;
  private readonly proof: Question<Proof>;
  private readonly backtest: Question<Backtest>;

  constructor(
    ask: Questions,
    private readonly onNews: (news: ProofNews) => void,
  ) {
    this.proof = new Question(ask.proof, ({ state }) => (state === "working" ? WORKING_MS : Infinity), (answer) =>
      this.tell(answer.ok ? { proof: answer.value, refusal: null } : { refusal: answer }),
    );
    this.backtest = new Question(ask.backtest, ({ state }) => (state === "running" ? RUNNING_MS : Infinity), (answer) =>
      this.tell(answer.ok ? { backtest: answer.value, backtestRefusal: null } : { backtestRefusal: answer }),
    );
  }

  /** To be called with every state and now and then while the view is open; `clockMs` is any clock that runs on. */
  async follow(state: State, clockMs: number): Promise<void> {
    const summary = proofSummaryOf(state);
    const service = state.service.started_at;
    await Promise.all([
      this.proof.follow([service, summary?.state, summary?.made_at, summary?.is_live, summary?.days_missing].join("/"), clockMs),
      this.backtest.follow(service, clockMs),
    ]);
  }

  /** The view was opened, or something was changed: what is known may be old. */
  refresh(): void {
    this.proof.forget();
    this.backtest.forget();
  }

  private tell(change: Partial<ProofNews>): void {
    this.news = { ...this.news, ...change };
    this.onNews(this.news);
  }
}
