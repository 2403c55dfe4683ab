/** What SmartLoad does in evcc, for the mock server: stages, overrides, the ladder and a log of writes, in several stories. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SLOT = 15 * MINUTE;
const LONGEST_DAYS = { keep_full: 7, holiday: 60 };

const iso = (ms) => new Date(ms).toISOString();
const floorTo = (ms, step) => Math.floor(ms / step) * step;
/** The home is in Berlin in winter: UTC plus one hour. */
const localMidnight = (ms) => floorTo(ms + HOUR, DAY) - HOUR;

/** Which stages act in which scene; the buffer follows its own observation. */
const LIVE = {
  holding: ["battery"],
  smartlimit: ["cars"],
  overrides: ["battery", "cars"],
  battocar: ["battery", "cars"],
  gates: ["battery", "cars"],
  unconfirmed: ["battery", "cars"],
  hand: ["battery", "cars"],
  automatic: ["battery", "cars"],
  afterautomatic: ["battery", "cars"],
  ladder: ["battery", "cars"],
  degraded: ["battery"],
  released: ["battery", "cars"],
  huge: ["battery", "cars"],
};

/** Scenes in which the buffer is live. */
export const BUFFER_LIVE = ["live", "owner", "released", "degraded", "holding", "overrides", "battocar", "gates", "unconfirmed", "hand", "ladder", "afterautomatic", "huge"];

export class MockControl {
  constructor(scene, now) {
    this.scene = scene;
    this.live = new Map((LIVE[scene] ?? []).map((stage) => [stage, now - 3 * DAY]));
    this.overrides = scene === "overrides"
      ? [
          { kind: "charge_now", device: "lp-1", since: now - 20 * MINUTE, until: now + 70 * MINUTE },
          { kind: "keep_full", device: "", since: now - 2 * HOUR, until: localMidnight(now) + DAY + 8 * HOUR },
          { kind: "holiday", device: "", since: now - HOUR, until: localMidnight(now) + 9 * DAY },
        ]
      : [];
    this.isReleased = scene === "released";
    this.isAutomaticKept = scene === "afterautomatic";
    this.nDone = 0;
  }

  get isAutomatic() {
    return this.scene === "automatic" || this.isAutomaticKept;
  }

  // -- the state ------------------------------------------------------------------------------

  state({ now, site, isBufferLive, bufferPct, observedUntilMs, price }) {
    this.overrides = this.overrides.filter(({ until }) => until > now);
    const { scene } = this;
    const inCharge = this.isReleased ? "released"
      : this.isAutomatic ? "evcc_automatic"
        : scene === "owner" || scene === "hand" ? "owner"
          : scene === "degraded" ? "degraded" : isBufferLive ? "live" : "observing";
    const title = (device) => site?.loadpoints.find(({ name }) => name === device)?.title ?? "";
    const car = (device) => site?.loadpoints.find(({ name }) => name === device)?.vehicle_title ?? title(device);
    const isQuiet = this.isReleased || this.isAutomatic || scene === "degraded";
    return {
      in_charge: inCharge,
      until: inCharge === "owner" ? iso(localMidnight(now) + DAY) : isBufferLive ? null : iso(observedUntilMs),
      owner_values: this.ownerValues({ now, isBufferLive, bufferPct, isQuiet, title, price }),
      holds: this.holds(now, title),
      stages: [
        this.bufferStage({ now, isBufferLive, observedUntilMs, bufferPct, isQuiet }),
        this.stage("battery", now, isQuiet, this.batteryDone(now, site, price)),
        this.stage("cars", now, isQuiet, this.carsDone(now, site, price)),
      ],
      rung: this.rung(now),
      overrides: this.overrides.map((one) => ({ ...one, title: one.device === "" ? "" : car(one.device), since: iso(one.since), until: iso(one.until) })),
      bat_to_car: this.batToCar(now, site, price, bufferPct),
      writes: this.writeCount(title),
      opinions: this.isAutomatic
        ? {
            since: iso(now - 5 * HOUR), is_on: scene === "automatic", evcc_mode: "charge", our_mode: "hold",
            our_reason: { code: "battery_keeps", facts: { price, value: price + 0.07, until: iso(now + 3 * HOUR) } },
          }
        : null,
    };
  }

  stage(stage, now, isQuiet, done) {
    const since = this.live.get(stage);
    const isLive = since !== undefined;
    return {
      stage, mode: isLive ? "live" : "observing", since: iso(since ?? now - 6 * DAY), ends_at: null,
      done: isQuiet && isLive ? [] : done.map((row) => ({ ...row, is_applied: (isLive || this.isAsked(stage)) && row.is_applied !== false })),
    };
  }

  /** What the owner asks for is done, whatever the stage. */
  isAsked(stage) {
    return this.running(stage === "battery" ? "keep_full" : "charge_now") !== undefined;
  }

  bufferStage({ now, isBufferLive, observedUntilMs, bufferPct, isQuiet }) {
    const done = [{ setting: "bufferSoc", device: "", title: "", value: bufferPct, reason: { code: "buffer_decided", facts: {} }, is_applied: isBufferLive && !["owner", "hand"].includes(this.scene) }];
    return {
      stage: "buffer", mode: isBufferLive ? "live" : "observing", since: iso(now - (isBufferLive ? 2.4 : 9.5) * DAY), ends_at: isBufferLive ? null : iso(observedUntilMs),
      done: isQuiet && isBufferLive ? [] : done,
    };
  }

  batteryDone(now, site, price) {
    if (site === null || site.battery === null) return [];
    const row = (value, code, facts) => [{ setting: "batteryMode", device: "", title: "", value, reason: { code, facts } }];
    const end = iso(floorTo(now, SLOT) + 2.5 * HOUR);
    if (this.running("keep_full")) return row("charge", "battery_buys", { price, to_soc_pct: 100, until: end });
    switch (this.scene) {
      case "live":
        return row("charge", "battery_buys", { price, to_soc_pct: 80, until: end });
      case "negative":
        return row("holdcharge", "battery_leaves_sun", { export_price: 0.12, until: end });
      case "ladder":
        return row("hold", "battery_protected", { car: "lp-1" });
      case "battocar":
        return row("hold", "fuse_relief", { phase: 2, current_a: 57.4, limit_a: 63 });
      case "gates":
        return [];
      default:
        return row("hold", "battery_keeps", { price, value: price + 0.068, until: end });
    }
  }

  carsDone(now, site, price) {
    const first = site?.loadpoints[0];
    if (first === undefined || !first.connected) return [];
    const row = (setting, value, code, facts, more = {}) => ({ setting, device: first.name, title: first.vehicle_title ?? first.title, value, reason: { code, facts: { car: first.name, ...facts } }, ...more });
    const end = iso(floorTo(now, SLOT) + 1.75 * HOUR);
    const asked = this.running("charge_now");
    if (asked !== undefined) return [row("mode", "now", "owner_asked", { until: iso(asked.until) })];
    switch (this.scene) {
      case "battocar":
        return [
          row("batteryBoostLimit", 40, "bat_to_car", { value: 0.081, price, buffer_soc_pct: 40 }),
          row("batteryBoost", true, "bat_to_car", { value: 0.081, price, buffer_soc_pct: 40 }),
        ];
      case "hand":
        return [row("smartCostLimit", 0.231, "car_cheap", { price, limit: 0.231, until: end }, { is_applied: false })];
      case "smartlimit":
        return [row("smartCostLimit", 0.21, "car_cheap", { price, limit: 0.21, next_at: iso(localMidnight(now) + DAY + 2.25 * HOUR) })];
      case "ladder":
        return [row("mode", "now", "car_now", { price, until: end })];
      case "noprices":
        return [row("mode", "now", "car_now", { until: end })];
      default:
        return [row("smartCostLimit", Math.round(1000 * (price + 0.004)) / 1000, "car_cheap", { price, limit: price + 0.004, until: end })];
    }
  }

  ownerValues({ now, isBufferLive, bufferPct, isQuiet, title, price }) {
    const { scene } = this;
    if (isQuiet) return [];
    const since = iso(now - 2 * DAY);
    return [
      ...(isBufferLive && !["owner", "hand"].includes(scene) ? [{ setting: "bufferSoc", device: "", title: "", owner: 50, ours: bufferPct, since }] : []),
      ...(this.live.has("cars") && ["smartlimit", "huge"].includes(scene) ? [{ setting: "smartCostLimit", device: "lp-1", title: title("lp-1"), owner: null, ours: price + 0.004, since: iso(now - HOUR) }] : []),
      ...(this.live.has("battery") && scene === "holding" ? [{ setting: "batteryMode", device: "", title: "", owner: null, ours: "hold", since: iso(now - 40 * MINUTE) }] : []),
      ...(this.running("charge_now") ? [{ setting: "mode", device: "lp-1", title: title("lp-1"), owner: "pv", ours: "now", since: iso(now - 20 * MINUTE) }] : []),
    ];
  }

  holds(now, title) {
    const since = iso(now - 35 * MINUTE);
    const midnight = { until: iso(localMidnight(now) + DAY), ends: "midnight" };
    if (this.scene === "owner") return [{ setting: "bufferSoc", device: "", title: "", value: 70, since, ...midnight }];
    if (this.scene !== "hand") return [];
    return [
      { setting: "bufferSoc", device: "", title: "", value: 70, since, ...midnight },
      { setting: "mode", device: "lp-1", title: title("lp-1"), value: "minpv", since, until: null, ends: "car_leaves" },
      { setting: "batteryMode", device: "", title: "", value: "charge", since, until: null, ends: "when_gone" },
    ];
  }

  rung(now) {
    const since = iso(now - 3 * HOUR);
    const missing = (code, detail, minutes) => ({ code, since: iso(now - minutes * MINUTE), detail });
    const rung = (level, ...lack) => ({ level, since, missing: lack });
    if (this.isReleased) return rung("hands_off", missing("released", "", 180));
    if (this.isAutomatic) return rung("hands_off", missing("automatic", "", 300));
    switch (this.scene) {
      case "first":
      case "newborn":
        return null;
      case "config":
        return rung("hands_off", missing("config", "", 180));
      case "degraded":
        return rung("hands_off", missing("evcc", "No answer from http://evcc.local:7070 within 5 s", 23));
      case "ladder":
        return rung("rules", missing("forecast", "the last forecast is 9 h old", 180), missing("solver", "no plan was solved within 20 s", 31), missing("meters", "", 12));
      case "noprices":
        return rung("buffer_only", missing("prices", "evcc names no import tariff", 180));
      case "handsoff":
        return rung("plan", missing("no_gain", "", 44));
      default:
        return rung("plan");
    }
  }

  batToCar(now, site, price, bufferPct) {
    if (site === null || site.battery === null) return null;
    const soc = site.battery.soc_pct;
    const gate = (code, facts = {}) => ({ code, facts });
    const gates = [
      gate("allowed"),
      gate("car_wants", { car: "lp-1" }),
      gate("boost_available"),
      gate("above_buffer", { soc_pct: soc, buffer_soc_pct: bufferPct }),
      gate("plan_agrees", { kwh: this.scene === "battocar" ? 0.62 : 0 }),
      gate("worth_it", { value: this.scene === "gates" ? 0.312 : 0.081, price }),
      gate("no_cheaper_window", { price, best_price: price + (this.scene === "huge" ? -0.08 : 0.02), best_at: iso(floorTo(now, SLOT) + 6 * HOUR) }),
    ];
    const closedAt = { battocar: 7, gates: 5, live: 3, huge: 6, noprices: 4 }[this.scene] ?? 0;
    return {
      is_active: closedAt === 7, device: closedAt === 0 ? "" : "lp-1", title: closedAt === 0 ? "" : "Kombi",
      gates: gates.map((one, index) => ({ ...one, is_open: index < closedAt ? true : index === closedAt ? false : null })),
    };
  }

  writeCount(title) {
    if (["first", "newborn"].includes(this.scene)) return null;
    const one = (setting, device, n, most) => ({ setting, device, title: title(device), n, most });
    const byLever = this.live.size === 0 && !BUFFER_LIVE.includes(this.scene) ? [] : this.scene === "huge"
      ? [one("bufferSoc", "", 24, 24), ...["lp-1", "lp-2", "lp-3", "lp-4", "lp-5"].map((device) => one("smartCostLimit", device, 24, 24))]
      : [one("bufferSoc", "", 2, 24), ...(this.live.has("battery") ? [one("batteryMode", "", 5 + this.nDone, 24)] : []), ...(this.live.has("cars") ? [one("smartCostLimit", "lp-1", 4, 24), one("mode", "lp-1", 1, 24)] : [])];
    return { n_today: byLever.reduce((sum, { n }) => sum + n, 0), most_per_day: this.scene === "huge" ? 144 : 80, by_lever: byLever };
  }

  // -- the log --------------------------------------------------------------------------------

  writes(now, days) {
    const { scene } = this;
    if (["first", "newborn", "nobattery", "config"].includes(scene)) return { writes: [], more: false };
    const writes = [];
    const add = (minutesAgo, setting, before, wanted, reason, more = {}) => {
      const stage = setting === "bufferSoc" ? "buffer" : setting === "batteryMode" ? "battery" : "cars";
      const isLive = stage === "buffer" ? BUFFER_LIVE.includes(scene) && minutesAgo < 2.4 * 24 * 60 : this.live.has(stage) && minutesAgo < 3 * 24 * 60;
      const at = floorTo(now, SLOT) - minutesAgo * MINUTE;
      writes.push({
        at: iso(at), setting, device: stage === "cars" ? "lp-1" : "", title: stage === "cars" ? "Carport" : "", stage, before, wanted,
        accepted: isLive ? wanted : null, outcome: isLive ? "confirmed" : "simulated", reason, detail: "", settled_at: isLive ? iso(at + 30_000) : null, ...more,
      });
    };
    if (scene === "unconfirmed") {
      add(0, "smartCostLimit", null, 0.254, { code: "car_cheap", facts: { car: "lp-1", price: 0.251, limit: 0.254, until: iso(now + 2 * HOUR) } }, { outcome: "sent", settled_at: null });
      add(15, "batteryMode", null, "hold", { code: "battery_keeps", facts: { price: 0.27, value: 0.33 } }, { outcome: "not_confirmed", settled_at: iso(floorTo(now, SLOT) - 13 * MINUTE) });
      add(30, "mode", "pv", "now", { code: "car_now", facts: { car: "lp-1" } }, { outcome: "failed", accepted: null, settled_at: null, detail: "400 invalid value: now" });
      add(45, "bufferSoc", 50, 35, { code: "buffer_decided", facts: {} }, { outcome: "refused", accepted: null, settled_at: null, detail: "in evcc von Hand auf 70% gestellt, gilt bis 23.11. 00:00" });
      add(60, "bufferSoc", 50, 25, { code: "buffer_decided", facts: {} }, { accepted: 30 });
    }
    for (let day = 0; day < days; day++) {
      const minutes = day * 24 * 60;
      const price = 0.19 + 0.01 * (day % 4);
      add(minutes + 70, "batteryMode", "hold", null, { code: "handed_back", facts: {} });
      add(minutes + 310, "batteryMode", null, "hold", { code: "battery_keeps", facts: { price: price + 0.05, value: price + 0.11, until: iso(now - minutes * MINUTE - HOUR) } });
      add(minutes + 420, "bufferSoc", 30, 25, { code: "buffer_decided", facts: {} });
      add(minutes + 640, "smartCostLimit", price + 0.01, null, { code: "handed_back", facts: {} });
      add(minutes + 790, "smartCostLimit", null, price + 0.01, { code: "car_cheap", facts: { car: "lp-1", price, limit: price + 0.01 } });
      add(minutes + 850, "batteryMode", null, "charge", { code: "battery_buys", facts: { price, to_soc_pct: 80 } });
      add(minutes + 1100, "batteryBoost", false, true, { code: "bat_to_car", facts: { car: "lp-1", value: 0.08, price, buffer_soc_pct: 40 } });
    }
    return { writes: writes.sort((a, b) => b.at.localeCompare(a.at)), more: scene === "huge" };
  }

  // -- what the owner does --------------------------------------------------------------------

  running(kind) {
    return this.overrides.find((one) => one.kind === kind);
  }

  /** Status and body of the answer; null for what is none of its routes. */
  change(path, body, { now, site, isConfigWrong }) {
    const refuse = (status, code, error) => [status, { error, code }];
    switch (path) {
      case "control/release":
        this.isReleased = true;
        this.overrides = [];
        return [200, { ok: true }];
      case "control/resume":
        if (this.scene === "automatic") return refuse(409, "evcc_automatic", "Schalte zuerst in evcc die Automatik aus.");
        this.isReleased = this.isAutomaticKept = false;
        return [200, { ok: true }];
      case "control/stage":
        if (!["battery", "cars"].includes(body.stage)) return refuse(400, "invalid", "Die Anfrage ist nicht gültig: „stage“ muss battery oder cars sein.");
        if (body.mode === "live" && this.isAutomatic) return refuse(409, "evcc_automatic", "Schalte zuerst in evcc die Automatik aus.");
        if (body.mode === "live" && isConfigWrong) return refuse(409, "observe_only", "Eine Option stimmt nicht; bis dahin beobachtet SmartLoad nur.");
        if (body.mode === "live") this.live.set(body.stage, now);
        else this.live.delete(body.stage);
        return [200, { ok: true }];
      case "control/charge-now": {
        const loadpoint = site?.loadpoints.find(({ name }) => name === body.device);
        if (this.isReleased) return refuse(409, "released", "SmartLoad schreibt nichts, weil du alles nur beobachten lässt.");
        if (loadpoint === undefined) return refuse(404, "no_loadpoint", "Diesen Ladepunkt gibt es nicht; es gibt lp-1 und lp-2.");
        if (!loadpoint.connected) return refuse(409, "no_car", `An ${loadpoint.title} ist kein Auto angesteckt.`);
        return this.start("charge_now", body.device, now, now + (body.minutes ?? 90) * MINUTE);
      }
      case "control/keep-full": {
        if (site === null || site.battery === null) return refuse(409, "no_battery", "evcc kennt keinen Hausakku.");
        const morning = localMidnight(now) + 8 * HOUR;
        return this.start("keep_full", "", now, body.until === null ? (morning - now >= 6 * HOUR ? morning : morning + DAY) : Date.parse(body.until));
      }
      case "control/holiday":
        return this.start("holiday", "", now, Date.parse(body.until));
      case "control/end": {
        const left = this.overrides.filter(({ kind, device }) => kind !== body.kind || device !== body.device);
        if (left.length === this.overrides.length) return refuse(404, "no_override", "Das läuft gerade nicht.");
        this.overrides = left;
        return [200, { ok: true }];
      }
      default:
        return null;
    }
  }

  start(kind, device, now, until) {
    const days = LONGEST_DAYS[kind] ?? 1;
    if (!(until > now && until <= now + days * DAY)) return [400, { error: `Das Ende muss in den nächsten ${days} Tagen liegen.`, code: "invalid" }];
    this.overrides = [...this.overrides.filter((one) => one.kind !== kind || one.device !== device), { kind, device, since: now, until }];
    this.nDone += 1;
    return [200, { ok: true, until: iso(until) }];
  }
}
