/** Keeps the plan view fed: asks anew when the state tells of a new plan, or the page speaks another language. */

import type { Lang } from "../logic/format";
import type { PlanJson, State } from "../model";
import type { Answer } from "./api";

export interface PlanNews {
  plan: PlanJson | null; // null: not asked for yet, or never answered
  /** Why the last question was not answered; what was known before stays. */
  refusal: { status: number; text: string } | null;
}

export const NO_PLAN_NEWS: PlanNews = { plan: null, refusal: null };

export class PlanFeed {
  private news = NO_PLAN_NEWS;
  private planOf = "";
  private wanted: { key: string; lang: Lang } | null = null;
  private isAsking = false;

  constructor(
    private readonly ask: (lang: Lang) => Promise<Answer<PlanJson>>,
    private readonly onNews: (news: PlanNews) => void,
  ) {}

  /** To be called with every state while the view is open; a question that failed is asked again with the next. */
  async follow(state: State, lang: Lang): Promise<void> {
    const { made_at = null, is_explained = false } = state.plan_summary ?? {};
    this.wanted = { key: `${state.service.started_at}/${made_at}/${is_explained}/${lang}`, lang };
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      // What is wanted may change while an answer is on its way: the owner chose the other language.
      while (this.wanted.key !== this.planOf && (await this.askFor(this.wanted)));
    } finally {
      this.isAsking = false;
    }
  }

  private async askFor({ key, lang }: { key: string; lang: Lang }): Promise<boolean> {
    const answer = await this.ask(lang);
    if (answer.ok) this.planOf = key;
    this.news = answer.ok ? { plan: answer.value, refusal: null } : { ...this.news, refusal: answer };
    this.onNews(this.news);
    return answer.ok;
  }
}
