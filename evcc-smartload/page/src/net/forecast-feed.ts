/** Keeps the forecast view fed: asks anew when the state tells of a new forecast, and for the accuracy once a day. */

import type { AccuracyReport, Forecast, State } from "../model";
import type { Answer } from "./api";

export interface ForecastNews {
  forecast: Forecast | null; // null: not asked for yet, or never answered
  accuracy: AccuracyReport | null;
  /** Why the last question was not answered; what was known before stays. */
  refusal: { status: number; text: string } | null;
}

export const NO_NEWS: ForecastNews = { forecast: null, accuracy: null, refusal: null };

interface Questions {
  forecast(): Promise<Answer<Forecast>>;
  accuracy(): Promise<Answer<AccuracyReport>>;
}

export class ForecastFeed {
  private news = NO_NEWS;
  private forecastOf = "";
  private accuracyOf = "";
  private isAsking = false;

  constructor(
    private readonly ask: Questions,
    private readonly onNews: (news: ForecastNews) => void,
  ) {}

  /** To be called with every state while the view is open; a question that failed is asked again with the next. */
  async follow(state: State, dayMs: number): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const isForecastKnown = await this.followForecast(state);
      const isAccuracyKnown = await this.followAccuracy(state, dayMs);
      if (isForecastKnown && isAccuracyKnown && this.news.refusal !== null) this.tell({ refusal: null });
    } finally {
      this.isAsking = false;
    }
  }

  private async followForecast(state: State): Promise<boolean> {
    const key = `${state.service.started_at}/${state.forecast.issued_at}`;
    if (key === this.forecastOf) return true;
    const answer = await this.ask.forecast();
    if (answer.ok) this.forecastOf = key;
    this.tell(answer.ok ? { forecast: answer.value } : { refusal: answer });
    return answer.ok;
  }

  /** It changes at midnight, with an import of the past, and when there is something to judge for the first time. */
  private async followAccuracy(state: State, dayMs: number): Promise<boolean> {
    if (this.accuracyKey(state, dayMs) === this.accuracyOf) return true;
    const answer = await this.ask.accuracy();
    this.tell(answer.ok ? { accuracy: answer.value } : { refusal: answer });
    if (answer.ok) this.accuracyOf = this.accuracyKey(state, dayMs);
    return answer.ok;
  }

  private accuracyKey(state: State, dayMs: number): string {
    const nDone = state.history?.imports.filter((one) => one.state === "done").length ?? 0;
    const isJudged = (this.news.accuracy?.accuracies.length ?? 0) > 0;
    return [state.service.started_at, dayMs, nDone, isJudged || state.forecast.issued_at].join("/");
  }

  private tell(change: Partial<ForecastNews>): void {
    this.news = { ...this.news, ...change };
    this.onNews(this.news);
  }
}
