/** Keeps the log of writes fed: asks anew when the state tells that something was written or wanted. */

import type { State, WriteLog } from "../model";
import type { Answer } from "./api";

export interface WritesNews {
  log: WriteLog | null; // null: not asked for yet, or never answered
  /** Why the last question was not answered; what was known before stays. */
  refusal: { status: number; text: string } | null;
}

export const NO_WRITES_NEWS: WritesNews = { log: null, refusal: null };

export class WritesFeed {
  private news = NO_WRITES_NEWS;
  private logOf = "";
  private isAsking = false;

  constructor(
    private readonly ask: () => Promise<Answer<WriteLog>>,
    private readonly onNews: (news: WritesNews) => void,
  ) {}

  /** To be called with every state while the view is open; a question that failed is asked again with the next. */
  async follow(state: State): Promise<void> {
    if (this.isAsking || this.keyOf(state) === this.logOf) return;
    this.isAsking = true;
    try {
      const answer = await this.ask();
      this.news = answer.ok ? { log: answer.value, refusal: null } : { ...this.news, refusal: answer };
      if (answer.ok) this.logOf = this.keyOf(state);
      this.onNews(this.news);
    } finally {
      this.isAsking = false;
    }
  }

  /** What was sent last is read back with the next reading of evcc, which changes no count. */
  private keyOf({ service, control, cycle, site }: State): string {
    const isWaiting = this.news.log?.writes.some(({ outcome, settled_at: settledAt }) => outcome === "sent" && settledAt === null) ?? false;
    return JSON.stringify([service.started_at, control.writes?.n_today, control.stages, isWaiting ? [cycle?.count, site?.read_at] : null]);
  }
}
