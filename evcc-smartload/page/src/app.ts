/** The page as a whole: what is known, which view is shown, and the frame around it. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Context } from "./context";
import { chooseLang, MESSAGES } from "./i18n";
import { mergeEvents } from "./logic/buffer-log";
import { clockOf, serviceNow, type ServiceClock } from "./logic/clock";
import { Format, type Lang } from "./logic/format";
import type { BufferEvent, State } from "./model";
import { api, isPasswordMissing, rememberPassword, speak, type Answer, type Send } from "./net/api";
import { StateFeed } from "./net/feed";
import { ForecastFeed, NO_NEWS, type ForecastNews } from "./net/forecast-feed";
import { initialLink, type Link } from "./net/link";
import { NO_PLAN_NEWS, PlanFeed, type PlanNews } from "./net/plan-feed";
import { NO_PROOF_NEWS, ProofFeed, type ProofNews } from "./net/proof-feed";
import { NO_WRITES_NEWS, WritesFeed, type WritesNews } from "./net/writes-feed";
import { renderDemoBar } from "./parts/demo-bar";
import { icon } from "./parts/icons";
import { applyTheme, chosenLang, chosenTheme, keepLang, keepTheme, THEMES, type Theme } from "./preferences";
import { renderForecast } from "./views/forecast";
import { renderNow } from "./views/now";

const TICK_MS = 1_000;
/** In the demo a simulated minute passes faster than a second. */
const FAST_TICK_MS = 250;

/** The report is a page of the proof view, beside what SmartLoad does. */
const ROUTES = ["now", "plan", "buffer", "forecast", "proof", "report"] as const;
type Route = (typeof ROUTES)[number];

@customElement("sl-app")
export class App extends LitElement {
  @state() private data: State | null = null;
  @state() private events: readonly BufferEvent[] = [];
  @state() private shadowEvents: readonly BufferEvent[] = [];
  @state() private link: Link = initialLink(Date.now());
  @state() private route: Route = routeOf(location.hash);
  @state() private ownLang: Lang | null = chosenLang();
  @state() private theme: Theme = chosenTheme();
  @state() private isAskingPassword = false;
  @state() private refusedText = "";
  @state() private forecastNews: ForecastNews = NO_NEWS;
  @state() private planNews: PlanNews = NO_PLAN_NEWS;
  @state() private writesNews: WritesNews = NO_WRITES_NEWS;
  @state() private proofNews: ProofNews = NO_PROOF_NEWS;

  private clock: ServiceClock | null = null;
  private format: Format | null = null;
  private formatKey = "";
  private tickTimer = 0;
  private hasLog = false;
  private password = "";
  private isPasswordWrong = false;
  private passwordGiven: ((given: boolean) => void) | null = null;
  private readonly feed = new StateFeed({
    onState: (state) => this.onState(state),
    onLink: (link) => this.onLink(link),
    onRefused: (text) => (this.refusedText = text),
    onPasswordMissing: () => void this.askPassword().then((given) => given && this.feed.hurry()),
  });

  private readonly forecastFeed = new ForecastFeed(
    { forecast: api.forecast, accuracy: api.forecastAccuracy },
    (news) => (this.forecastNews = news),
  );

  private readonly planFeed = new PlanFeed(api.plan, (news) => (this.planNews = news));

  private readonly writesFeed = new WritesFeed(api.writes, (news) => (this.writesNews = news));

  private readonly proofFeed = new ProofFeed({ proof: api.proof, backtest: api.backtest }, (news) => (this.proofNews = news));

  protected override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("hashchange", this.onHash);
    this.feed.start();
    this.scheduleTick();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("hashchange", this.onHash);
    window.clearTimeout(this.tickTimer);
    this.feed.stop();
  }

  protected override render(): TemplateResult {
    const context = this.context();
    const isAway = ["lost", "expired", "refused"].includes(this.link.status);
    return html`
      <a class="skip" href="#main" @click=${this.skip}>${context.t.skip}</a>
      ${this.header(context)}
      <div class="frame ${isAway ? "is-away" : ""}">
        ${this.linkNotice(context)}
        <sl-in-charge .context=${context} .send=${this.send}></sl-in-charge>
        <main id="main" tabindex="-1">
          ${this.view(context)}
        </main>
      </div>
      ${renderDemoBar(context, (speed) => void this.send(() => api.setDemoSpeed(speed)))}
      ${this.passwordDialog(context)}
    `;
  }

  private view(context: Context): TemplateResult {
    switch (this.route) {
      case "now":
        return renderNow(context, this.send);
      case "plan":
        return html`<sl-plan-view .context=${context} .news=${this.planNews} .forecast=${this.forecastNews.forecast}></sl-plan-view>`;
      case "buffer":
        return html`<sl-buffer-view .context=${context} .events=${this.events} .shadowEvents=${this.shadowEvents} .send=${this.send}></sl-buffer-view>`;
      case "forecast":
        return renderForecast(context, this.forecastNews);
      case "proof":
        return html`<sl-proof-view .context=${context} .news=${this.writesNews} .send=${this.send}></sl-proof-view>`;
      case "report":
        return html`<sl-report-view .context=${context} .news=${this.proofNews} .send=${this.send} .refresh=${this.refreshProof}></sl-report-view>`;
    }
  }

  protected override updated(): void {
    const { t } = this.context();
    document.documentElement.lang = this.currentLang();
    speak(this.currentLang());
    const place = this.data?.site?.title ?? "";
    document.title = [t.nav[this.route], place === "" ? null : place, t.name].filter((p) => p !== null).join(" · ");
  }

  // -- what is known -------------------------------------------------------------------------

  private context(): Context {
    const format = this.currentFormat();
    const nowMs = this.clock === null ? Date.now() : serviceNow(this.clock, performance.now());
    return { state: this.data, t: MESSAGES[format.lang], format, nowMs, link: this.link };
  }

  private currentLang(): Lang {
    return chooseLang(this.ownLang, this.data?.service.language, navigator.languages);
  }

  private currentFormat(): Format {
    const service = this.data?.service;
    const zone = {
      timeZone: service === undefined ? browserZone() : service.time_zone,
      offsetMin: service?.utc_offset_min ?? 0,
    };
    const lang = this.currentLang();
    const currency = this.data?.site?.currency ?? "EUR";
    const key = `${lang}/${zone.timeZone}/${zone.offsetMin}/${currency}`;
    if (this.format === null || this.formatKey !== key) {
      this.formatKey = key;
      this.format = new Format(lang, zone, currency);
    }
    return this.format;
  }

  private onState(state: State): void {
    const isRestarted =
      this.data !== null &&
      (this.data.service.started_at !== state.service.started_at || state.version < this.data.version);
    this.data = state;
    this.clock = clockOf(state, performance.now());
    this.events = mergeEvents(isRestarted ? [] : this.events, state.buffer?.log_recent ?? []);
    this.shadowEvents = mergeEvents(isRestarted ? [] : this.shadowEvents, state.buffer_shadow?.log_recent ?? []);
    if (isRestarted) this.hasLog = false;
    if (!this.hasLog) void this.loadLog();
    this.followView();
  }

  /** Forecasts, plans and writes are asked for while somebody looks at them; the plan is drawn over the forecasts. */
  private followView(): void {
    if (this.data === null) return;
    if (this.route === "proof") void this.writesFeed.follow(this.data);
    if (this.route === "report") void this.proofFeed.follow(this.data, performance.now());
    if (this.route === "plan") void this.planFeed.follow(this.data, this.currentLang());
    if (this.route !== "forecast" && this.route !== "plan") return;
    const { format, nowMs } = this.context();
    void this.forecastFeed.follow(this.data, format.startOfDay(nowMs));
  }

  /** The whole log once; what comes after is in each state. */
  private async loadLog(): Promise<void> {
    this.hasLog = true;
    const shadow = this.data?.buffer_shadow?.strategy ?? null;
    const [answer, ofShadow] = await Promise.all([
      api.bufferLog(shadow === "formula" ? "risk" : "formula"),
      shadow === null ? null : api.bufferLog(shadow),
    ]);
    if (answer.ok) this.events = mergeEvents(answer.value.events, this.events);
    else this.hasLog = answer.status === 503; // without a calculator there is no log to ask for again
    if (ofShadow?.ok === true) this.shadowEvents = mergeEvents(ofShadow.value.events, this.shadowEvents);
  }

  private onLink(link: Link): void {
    if (link.status === "lost" && this.clock !== null) {
      // A page that hears nothing stands still.
      this.clock = { serviceMs: serviceNow(this.clock, performance.now()), heardAtMs: performance.now(), rate: 0 };
    }
    // Longer away than the recent events reach back: ask for the whole log again.
    if (link.status === "lost") this.hasLog = false;
    this.link = link;
  }

  private scheduleTick(): void {
    const isFast = (this.clock?.rate ?? 1) > 1;
    this.tickTimer = window.setTimeout(() => {
      if (document.visibilityState === "visible") {
        this.requestUpdate();
        if (this.route === "report") this.followView(); // a report and a back-test grow without a word in the state
      }
      this.scheduleTick();
    }, isFast ? FAST_TICK_MS : TICK_MS);
  }

  private readonly onHash = (): void => {
    if (location.hash === "#main") return;
    this.route = routeOf(location.hash);
    if (this.route === "report") this.proofFeed.refresh();
    this.followView();
  };

  private readonly refreshProof = (): void => {
    this.proofFeed.refresh();
    this.followView();
  };

  private readonly skip = (event: Event): void => {
    event.preventDefault();
    this.querySelector<HTMLElement>("#main")?.focus();
  };

  // -- the frame -----------------------------------------------------------------------------

  private header({ t, state }: Context): TemplateResult {
    const problems = state?.problems.length ?? 0;
    // There is a view of the plan once there is a plan, or somebody asks for it by its address.
    const hasPlan = this.route === "plan" || (state?.plan_summary ?? null) !== null;
    const routes = ROUTES.filter((route) => route !== "report" && (route !== "plan" || hasPlan));
    const place = (route: Route): TemplateResult => html`
      <a href="#${route}" aria-current=${this.route === route ? "page" : route === "proof" && this.route === "report" ? "true" : nothing}>${t.nav[route]}</a>
    `;
    return html`
      <header class="header">
        <div class="header-inner">
          <p class="brand"><img src="./icon.svg" alt="" width="28" height="28" /><span>${t.name}</span></p>
          <nav aria-label=${t.nav.label}>${routes.map(place)}</nav>
          <div class="tools">
            ${problems === 0 ? nothing : html`<a class="pill is-warning" href="#now" @click=${this.showHealth}>${icon("warning")} <span class="num">${t.health.count(problems)}</span></a>`}
            ${this.connection()}
            <label><span class="visually-hidden">${t.language}</span>
              <select data-testid="lang" .value=${this.currentLang()} @change=${this.onLang}>
                ${(["de", "en"] as const).map(
                  (lang) => html`<option value=${lang} ?selected=${lang === this.currentLang()}>${lang.toUpperCase()}</option>`,
                )}
              </select>
            </label>
            <label><span class="visually-hidden">${t.theme.label}</span>
              <select data-testid="theme" .value=${this.theme} @change=${this.onTheme}>
                ${THEMES.map(
                  (theme) => html`<option value=${theme} ?selected=${theme === this.theme}>${t.theme[theme]}</option>`,
                )}
              </select>
            </label>
          </div>
        </div>
      </header>
    `;
  }

  private connection(): TemplateResult {
    const { t, format } = this.context();
    const { status, sinceMs } = this.link; // by our own clock: the service's may be a simulated one
    const text = status === "lost" ? t.link.lost(format.timeWithSeconds(sinceMs)) : t.link[status];
    return html`
      <span class="pill link-${status}" role="status" data-testid="connection" data-status=${status} aria-label="${t.link.label}: ${text}">
        <span class="dot" aria-hidden="true"></span><span class="link-text num">${text}</span>
      </span>
    `;
  }

  private linkNotice({ t, format }: Context): TemplateResult | typeof nothing {
    const { status, sinceMs } = this.link;
    if (status === "lost") {
      const text = this.data === null ? t.link.neverHeard : t.link.lostLong(format.timeWithSeconds(sinceMs));
      return html`<p class="link-notice" data-testid="lost">${icon("warning")} ${text}</p>`;
    }
    if (status === "refused") return html`<p class="link-notice" data-testid="refused">${icon("warning")} ${this.refusedText || t.link.refused}</p>`;
    if (status === "expired") {
      return html`<p class="link-notice" data-testid="expired">${icon("warning")} ${t.link.expiredLong}
        <button @click=${() => location.reload()}>${t.link.reload}</button></p>`;
    }
    return nothing;
  }

  private readonly showHealth = async (event: Event): Promise<void> => {
    event.preventDefault();
    location.hash = "#now";
    this.route = "now";
    await this.updateComplete;
    this.querySelector("#health")?.scrollIntoView({ block: "center" });
  };

  private readonly onLang = (event: Event): void => {
    this.ownLang = (event.target as HTMLSelectElement).value as Lang;
    keepLang(this.ownLang);
    this.followView();
  };

  private readonly onTheme = (event: Event): void => {
    this.theme = (event.target as HTMLSelectElement).value as Theme;
    keepTheme(this.theme);
    applyTheme(this.theme);
  };

  // -- changes and the password --------------------------------------------------------------

  private readonly send: Send = async (request) => {
    let answer = await request();
    while (isPasswordMissing(answer) && (await this.askPassword())) {
      answer = await request();
      this.isPasswordWrong = isPasswordMissing(answer);
    }
    this.isPasswordWrong = false;
    return answer;
  };

  private askPassword(): Promise<boolean> {
    this.passwordGiven?.(false);
    this.password = "";
    this.isAskingPassword = true;
    return new Promise((resolve) => {
      this.passwordGiven = resolve;
    });
  }

  private passwordDialog({ t }: Context): TemplateResult {
    return html`
      <sl-dialog
        .isOpen=${this.isAskingPassword}
        .heading=${t.password.title}
        .body=${html`
          <p>${this.isPasswordWrong ? t.password.wrong : t.password.text}</p>
          <label class="field">
            <span>${t.password.label}</span>
            <input data-testid="password" type="password" autocomplete="current-password" required autofocus
              @input=${(event: Event) => (this.password = (event.target as HTMLInputElement).value)} />
          </label>
        `}
        .confirmLabel=${t.password.confirm}
        .confirmId=${"confirm-password"}
        .words=${t}
        .confirm=${this.takePassword}
        @dialog-closed=${this.closePassword}
      ></sl-dialog>
    `;
  }

  private readonly takePassword = (): Promise<Answer<unknown> | null> => {
    if (this.password === "") return Promise.resolve(null);
    rememberPassword(this.password);
    return Promise.resolve({ ok: true, value: null });
  };

  private readonly closePassword = (event: CustomEvent<{ isConfirmed: boolean }>): void => {
    this.isAskingPassword = false;
    const resolve = this.passwordGiven;
    this.passwordGiven = null;
    resolve?.(event.detail.isConfirmed);
  };
}

function routeOf(hash: string): Route {
  return ROUTES.find((route) => hash === `#${route}`) ?? "now";
}

function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

declare global {
  interface HTMLElementTagNameMap {
    "sl-app": App;
  }
}
