/** A stand-in for the service while the page is being built: the built page with a believable state.
 *
 *  node dev/mock-server.mjs [port] [folder of the built page]     then open http://localhost:8098/<scene>/
 *
 *  Scenes: observing, live, owner, released, automatic, degraded, config, first, newborn (no past yet), nobattery, noprices, handsoff (no plan), negative, huge,
 *  demo, progress, password, dropping (the stream breaks off), silent (a proxy holds the stream back), gone.
 *  Of the report: working (it is being made), proofless (it failed), unsized (evcc does not say how large the battery is), costly (live, and dearer than evcc), tested (a back-test is done), unaware (an older service).
 *  Of control: holding (the battery is live), smartlimit (the cars are), hand (the owner changed settings), afterautomatic, ladder (on a lower rung),
 *  overrides (all three run), battocar (the battery helps), gates (it does not), unconfirmed (a write that failed), nocar. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { BUFFER_LIVE, MockControl } from "./mock-control.mjs";
import { accuracyOf, expectedSunKw, forecastOf, historyOf } from "./mock-forecast.mjs";
import { planOf, planSummaryOf } from "./mock-plan.mjs";
import { MockProof } from "./mock-proof.mjs";

const ROOT = process.argv[3] ?? fileURLToPath(new URL("../../rootfs/app/web/static/", import.meta.url));
const PORT = Number(process.argv[2] ?? 8098);
const PASSWORD = "sonne";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SLOT = 15 * MINUTE;
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

const startedAt = Date.now();
const worlds = new Map();

/** A small generator, so that two runs show the same home. */
function noise(seed) {
  const x = Math.sin(seed * 127.1) * 43758.5453;
  return x - Math.floor(x);
}

const iso = (ms) => new Date(ms).toISOString();
const floorTo = (ms, step) => Math.floor(ms / step) * step;
/** The home is in Berlin in winter: UTC plus one hour. */
const localHour = (ms) => ((ms + HOUR) % DAY) / HOUR;
const localMidnight = (ms) => floorTo(ms + HOUR, DAY) - HOUR;

function sunKw(ms) {
  const hour = localHour(ms);
  const height = Math.max(0, Math.sin(((hour - 7) / 10) * Math.PI));
  const cloud = 0.45 + 0.55 * noise(floorTo(ms, HOUR) / HOUR);
  return hour < 7 || hour > 17 ? 0 : 8.4 * height * cloud;
}

function priceAt(ms, scene) {
  const hour = localHour(ms);
  const base = 0.27 + 0.07 * Math.cos(((hour - 19) / 12) * Math.PI) + 0.06 * Math.cos(((hour - 8) / 6) * Math.PI);
  const jitter = 0.012 * (noise(floorTo(ms, SLOT) / SLOT) - 0.5);
  const dip = scene === "negative" && hour > 11 && hour < 15.5 ? -0.29 : 0;
  return Math.round(1e4 * (base + jitter + dip)) / 1e4;
}

function confidenceAt(ms) {
  const day = floorTo(ms + HOUR, DAY) / DAY;
  return Math.min(0.98, Math.max(0.3, 0.55 + 0.42 * noise(day) + 0.06 * Math.sin(ms / (3 * HOUR))));
}

function eventAt(ms, old, { isLive, isBusy }) {
  const confidence = confidenceAt(ms);
  const spreadCt = 6 + 11 * noise(floorTo(ms, 6 * HOUR));
  const hour = Math.floor(localHour(ms));
  const factor = Math.min(1, Math.max(0, (confidence - 0.65) / 0.35) + (spreadCt > 10 ? 0.1 : 0));
  const target = confidence <= 0.65 ? 50 : Math.max(20, 5 * Math.round((50 - 30 * factor) / 5));
  const fails = isLive && isBusy && noise(ms / SLOT) > 0.985;
  const limited = isLive && isBusy && target < 30 && !fails;
  const value = limited ? 30 : target;
  const note = fails
    ? " · nicht übernommen: evcc antwortet nicht"
    : limited ? " · begrenzt durch prioritySoc 30%" : "";
  const mode = isLive ? "" : " · [Simulation]";
  return {
    ts: iso(ms),
    mode: isLive ? "live" : "observation",
    pv_confidence: Math.round(confidence * 1000) / 10,
    price_spread_ct: Math.round(spreadCt * 10) / 10,
    hour_of_day: hour,
    expected_pv_kw: Array.from({ length: 16 }, (_, i) => sunKw(ms + i * SLOT)).reduce((a, b) => a + b, 0),
    old_buffer_pct: old,
    new_buffer_pct: fails ? old : value,
    reason: `Konfidenz ${Math.round(confidence * 100)}% · Spread ${Math.round(spreadCt)}ct · Puffer ${target}%${mode}${note}`,
    applied: isLive && !fails,
  };
}

function logUntil(nowMs, liveFromMs) {
  const events = [];
  let current = 50;
  for (let i = 671; i >= 0; i--) {
    const ms = floorTo(nowMs, SLOT) - i * SLOT;
    // The service was off for some hours on one of the days.
    if (i > 430 && i < 446) continue;
    const isLive = ms >= liveFromMs;
    const event = eventAt(ms, current, { isLive, isBusy: true });
    if (event.applied) current = event.new_buffer_pct;
    events.push(event);
  }
  return events;
}

/** What the risk-based buffer would have set: high in the evening, next to nothing at noon. */
function riskEventOf(event) {
  const hour = event.hour_of_day;
  const needKwh = hour >= 16 ? 4.4 - (hour - 16) * 0.15 : hour < 8 ? 3.2 - hour * 0.35 : 0.3;
  const target = Math.max(10, 10 * Math.ceil((5 + needKwh * 10.5) / 10));
  return {
    ...event,
    mode: "observation",
    applied: false,
    old_buffer_pct: 50,
    new_buffer_pct: target,
    reason: `Sicherheit 90% · Bedarf ${needKwh.toFixed(1).replace(".", ",")} kWh bis 08:15 (Sonne) · Puffer ${target}% · [Simulation]`,
  };
}

class World {
  constructor(scene) {
    this.scene = scene;
    this.version = 1;
    this.speed = scene === "demo" ? 360 : 1;
    this.simMs = Date.now();
    this.simAt = Date.now();
    this.liveFromMs = BUFFER_LIVE.includes(scene) ? this.simMs - 2.4 * DAY : Infinity;
    this.liveAtMs = this.simMs + 4 * DAY + 7 * HOUR + 12 * MINUTE;
    this.control = new MockControl(scene, this.simMs);
    this.proof = new MockProof(scene, Date.now());
    this.soc = 62;
    this.log = logUntil(this.simMs, this.liveFromMs);
    this.bornMs = Date.now();
    this.readers = new Set();
  }

  get now() {
    return this.simMs + (Date.now() - this.simAt) * this.speed;
  }

  setSpeed(speed) {
    this.simMs = this.now;
    this.simAt = Date.now();
    this.speed = speed;
  }

  tick() {
    const now = this.now;
    let last = Date.parse(this.log.at(-1).ts);
    while (last + SLOT <= now) {
      last += SLOT;
      const isLive = last >= this.liveFromMs;
      const current = this.currentPct();
      this.log.push(eventAt(last, current, { isLive, isBusy: false }));
      this.log = this.log.slice(-700);
    }
    this.version++;
  }

  currentPct() {
    return this.log.findLast((event) => event.applied)?.new_buffer_pct ?? 50;
  }

  site(now) {
    const { scene } = this;
    if (scene === "first" || scene === "config") return null;
    const big = scene === "huge" ? 4321 : 1;
    const pv = (scene === "degraded" ? 0 : sunKw(now)) * big;
    const home = (0.35 + 0.5 * noise(floorTo(now, 2 * MINUTE))) * big;
    const hasCar = scene !== "nocar";
    const car = hasCar && localHour(now) > 9 ? 3.6 * big : 0;
    const net = pv - home - car;
    const hasBattery = scene !== "nobattery";
    const charge = hasBattery && net > 0 ? Math.min(net, 5 * big) : 0;
    const discharge = hasBattery && net < 0 ? Math.min(-net, 2.5 * big) : 0;
    const grid = net - charge + discharge;
    const inEvcc = ["owner", "hand"].includes(scene) ? 70 : this.control.isReleased || this.liveFromMs > now ? 50 : this.currentPct();
    return {
      title: scene === "huge" ? "Donaudampfschifffahrtsgesellschaftskapitänswohnanlage am Neuen Hafen" : "Zuhause",
      currency: "EUR",
      read_at: iso(now),
      pv_kw: pv,
      home_kw: home,
      grid_import_kw: grid < 0 ? -grid : 0,
      grid_export_kw: grid > 0 ? grid : 0,
      battery: hasBattery
        ? {
            soc_pct: scene === "live" ? 26 : this.soc + 3 * Math.sin(now / HOUR),
            capacity_kwh: 10.2 * big,
            charge_kw: charge,
            discharge_kw: discharge,
            mode: { holding: "hold", automatic: "charge" }[scene] ?? "normal",
            controllable: scene !== "smartlimit",
          }
        : null,
      settings: hasBattery ? { priority_soc_pct: 20, buffer_soc_pct: inEvcc, buffer_start_soc_pct: 0 } : null,
      loadpoints: [
        {
          number: 1, name: "lp-1", title: "Carport", mode: "pv", connected: hasCar, charging: car > 0, charge_kw: car,
          vehicle_title: !hasCar ? null : scene === "huge" ? "Elektrischer Familienkombi mit Anhänger" : "Kombi",
          vehicle_soc_pct: hasCar ? 48 : null, limit_soc_pct: hasCar ? 80 : null, session_kwh: hasCar ? 6.3 * big : null,
        },
        {
          number: 2, name: "lp-2", title: "Garage", mode: "minpv", connected: scene === "huge", charging: false, charge_kw: 0,
          vehicle_title: null, vehicle_soc_pct: null, limit_soc_pct: null, session_kwh: null,
        },
        ...(scene === "huge"
          ? [3, 4, 5].map((number) => ({
              number, name: `lp-${number}`, title: `Stellplatz ${number}`, mode: "now", connected: true, charging: true, charge_kw: 22 * number,
              vehicle_title: null, vehicle_soc_pct: null, limit_soc_pct: 90, session_kwh: 12345.6,
            }))
          : []),
      ],
    };
  }

  prices(now) {
    const { scene } = this;
    const none = ["noprices", "first", "config"].includes(scene);
    const from = localMidnight(now);
    const until = from + (localHour(now) >= 13 ? 2 : 1) * DAY;
    const slots = [];
    for (let ms = from; !none && ms < until; ms += SLOT) {
      slots.push({ start: iso(ms), end: iso(ms + SLOT), eur_per_kwh: priceAt(ms, scene) * (scene === "huge" ? 400 : 1) });
    }
    return {
      import_now_eur_per_kwh: slots.find((slot) => Date.parse(slot.end) > now)?.eur_per_kwh ?? null,
      export_now_eur_per_kwh: none ? null : 0.081,
      spread_eur_per_kwh: none ? 0 : 0.134,
      import_slots: slots,
    };
  }

  problems(now) {
    const since = iso(now - 23 * MINUTE);
    const problem = (code, severity, detail) => ({ code, severity, since, detail, facts: {} });
    switch (this.scene) {
      case "degraded":
        return [
          problem("evcc_unreachable", "error", "No answer from http://evcc.local:7070 within 5 s"),
          problem("no_solar_forecast", "warning", "The last forecast is 9 h old"),
          problem("something_new", "info", "A notice this page does not know, with 3 details"),
        ];
      case "noprices":
        return [problem("no_prices", "warning", "evcc names no import tariff")];
      case "unconfirmed":
        return [
          problem("write_not_confirmed", "warning", "evcc took it, and its readings do not show it: batteryMode = hold"),
          problem("fuse_near_limit", "info", "the home battery does not buy, as the main fuse is near its limit: phase 2, current_a 57.4, limit_a 63"),
        ];
      case "hand":
        return [problem("foreign_control", "warning", "somebody else imposes the battery mode charge")];
      case "afterautomatic":
        return [problem("evcc_automatic_ended", "info", "evcc's own automatic mode was switched off, and nobody has taken over since")];
      case "nobattery":
        return [problem("no_battery", "info", "evcc lists no battery")];
      default:
        return [];
    }
  }

  state() {
    const { scene } = this;
    const now = this.now;
    const isLive = now >= this.liveFromMs;
    const hasBuffer = !["first", "config"].includes(scene);
    const lastLog = this.log.at(-1);
    const seconds = (Date.now() - this.bornMs) / 1000;
    const isDemo = scene === "demo" || scene === "progress";
    return {
      version: this.version,
      now: iso(now),
      service: {
        version: "0.1.0",
        started_at: iso(startedAt),
        language: "auto",
        time_zone: "Europe/Berlin",
        utc_offset_min: 60,
        observe_only: scene === "config",
        config_problems:
          scene === "config"
            ? [
                { option: "evc_url", given: "http://evcc.local:7070", allowed: "a known option", nearest: "evcc_url" },
                { option: "battery_min_soc", given: "120", allowed: "20..90 %", nearest: null },
              ]
            : [],
        options_path: "/data/options.json",
        demo: isDemo
          ? { speed: this.speed, progress_frac: scene === "progress" ? (seconds / 20) % 1 : null }
          : null,
      },
      cycle: hasBuffer
        ? { count: 1234, kind: "slot", at: lastLog.ts, next_at: iso(Date.parse(lastLog.ts) + SLOT), duration_ms: 12.3 }
        : null,
      evcc: {
        url: scene === "first" || scene === "config" ? null : "http://evcc.local:7070",
        reachable: !["degraded", "first", "config"].includes(scene),
        since: iso(now - 23 * MINUTE),
        version: "0.310.1",
        stale: scene === "degraded",
      },
      problems: this.problems(now),
      site: this.site(now),
      prices: this.prices(now),
      pv: {
        confidence_frac: lastLog.pv_confidence / 100,
        raw_frac: Math.min(1, lastLog.pv_confidence / 100 + 0.03),
        coverage_frac: 1,
        freshness_frac: 0.94,
        accuracy_frac: 0.81,
        bias_frac: 0.93,
        slots_start: iso(floorTo(now, SLOT)),
        slots_kw: Array.from({ length: 96 }, (_, i) => sunKw(now + i * SLOT)),
        next_4h_kwh: lastLog.expected_pv_kw * 0.25,
      },
      control: this.control.state({
        now,
        site: this.site(now),
        isBufferLive: isLive,
        bufferPct: isLive ? this.currentPct() : lastLog.new_buffer_pct,
        observedUntilMs: this.liveAtMs,
        price: priceAt(now, scene),
      }),
      forecast: hasBuffer
        ? { issued_at: iso(floorTo(now, SLOT)), start: iso(floorTo(now, SLOT)) }
        : { issued_at: null, start: null },
      history: historyOf({ scene, now, seconds }),
      ...(this.proof.isUnaware ? {} : { proof_summary: this.proof.summary(Date.now()) }),
      plan_summary: planSummaryOf({ scene, now, expectedSunKw, priceAt }),
      buffer: hasBuffer
        ? {
            current_buffer_pct: this.currentPct(),
            mode: isLive ? "live" : "observation",
            days_remaining: isLive ? null : 5,
            log_recent: this.log.slice(-100),
            observation_live_at: isLive ? null : iso(this.liveAtMs),
          }
        : null,
      buffer_shadow: hasBuffer ? this.shadow(now) : null,
    };
  }

  shadow(now) {
    const events = this.log.slice(-100).map(riskEventOf);
    return {
      current_buffer_pct: 50,
      mode: "observation",
      days_remaining: null,
      log_recent: events,
      observation_live_at: null,
      strategy: "risk",
      parts: {
        night_kwh: 2.94,
        error_kwh: 1.02,
        outage_kwh: 0.5,
        need_kwh: 4.46,
        target_pct: events.at(-1)?.new_buffer_pct ?? 50,
        window_start: iso(now),
        window_end: iso(floorTo(now, SLOT) + 13 * HOUR),
        ends_by: "surplus",
        confidence_pct: 90,
        price_eur_per_day: 0.17,
      },
    };
  }

  message() {
    return `event: state\nid: ${this.version}\ndata: ${JSON.stringify(this.state())}\n\n`;
  }
}

function worldOf(scene) {
  if (!worlds.has(scene)) worlds.set(scene, new World(scene));
  return worlds.get(scene);
}

function isOut(world) {
  const second = Math.floor((Date.now() - world.bornMs) / 1000);
  return world.scene === "gone" ? second > 3 : world.scene === "dropping" && second % 40 > 12 && second % 40 < 30;
}

setInterval(() => {
  for (const world of worlds.values()) {
    if (isOut(world)) {
      for (const reader of world.readers) reader.destroy();
      continue;
    }
    world.tick();
    if (world.scene === "silent") continue;
    const message = world.message();
    for (const reader of world.readers) reader.write(message);
  }
}, 1500);

setInterval(() => {
  for (const world of worlds.values()) {
    if (world.scene !== "silent") for (const reader of world.readers) reader.write(": heartbeat\n\n");
  }
}, 15_000);

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? {} : JSON.parse(text);
}

function json(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

async function change(world, path, request, response) {
  if (world.scene === "password" && request.headers.authorization !== `Bearer ${PASSWORD}`) {
    json(response, 401, { error: "A password is needed", code: "password_required" });
    return;
  }
  const body = await bodyOf(request);
  if (path === "proof/backtest") {
    json(response, ...(request.method === "DELETE" ? world.proof.cancel() : world.proof.start(Date.now(), body, request.headers["accept-language"] ?? "")));
  } else if (path === "buffer/activate-live") {
    world.liveFromMs = world.now;
    world.log.push(eventAt(world.now, 50, { isLive: true, isBusy: false }));
    json(response, 200, { ok: true, mode: "live" });
  } else if (path === "buffer/extend-obs") {
    const until = world.now + body.days * DAY;
    if (world.liveFromMs > world.now && until < world.liveAtMs) {
      json(response, 409, { error: "Die Beobachtung läuft schon länger als das.", code: "ends_earlier" });
      return;
    }
    world.liveAtMs = until;
    world.liveFromMs = Infinity;
    world.log.push(eventAt(world.now, world.currentPct(), { isLive: false, isBusy: false }));
    json(response, 200, { ok: true, mode: "observation", extended_days: body.days });
  } else if (path.startsWith("control/")) {
    const answer = world.control.change(path, body, { now: world.now, site: world.site(world.now), isConfigWrong: world.scene === "config" });
    json(response, ...(answer ?? [404, { error: "Not found", code: "not_found" }]));
  } else if (path === "demo/speed") {
    world.setSpeed(body.speed);
    json(response, 200, { ok: true });
  } else {
    json(response, 404, { error: "Not found", code: "not_found" });
  }
  world.version++;
  for (const reader of world.readers) reader.write(world.message());
}

function events(world, response) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.flushHeaders();
  world.readers.add(response);
  response.on("close", () => world.readers.delete(response));
  if (world.scene !== "silent") response.write(world.message());
}

async function file(path, response) {
  const full = join(ROOT, normalize(path === "" ? "index.html" : path));
  const found = full.startsWith(ROOT) ? await stat(full).catch(() => null) : null;
  if (found === null || !found.isFile()) {
    json(response, 404, { error: "Not found", code: "not_found" });
    return;
  }
  response.writeHead(200, {
    "Content-Type": TYPES[extname(full)] ?? "application/octet-stream",
    "Content-Security-Policy": "default-src 'self'",
  });
  createReadStream(full).pipe(response);
}

createServer(async (request, response) => {
  const [, scene = "", ...rest] = new URL(request.url ?? "/", "http://mock").pathname.split("/");
  const path = rest.join("/");
  if (scene === "" || rest.length === 0) {
    response.writeHead(302, { Location: `/${scene || "observing"}/` });
    response.end();
    return;
  }
  const world = worldOf(scene);
  if (isOut(world) && !/^(assets\/|icon|$)/.test(path)) {
    request.socket.destroy();
  } else if (request.method === "POST" || request.method === "DELETE") {
    await change(world, path, request, response);
  } else if (path === "events") {
    events(world, response);
  } else if (path === "status") {
    json(response, 200, world.state());
  } else if (path === "forecast" || path === "forecast/accuracy") {
    const of = { scene: world.scene, now: world.now, sunKw, priceAt, confidence: confidenceAt(world.now) };
    json(response, 200, path === "forecast" ? forecastOf(of) : accuracyOf(of));
  } else if (path === "plan") {
    const lang = new URL(request.url, "http://mock").searchParams.get("lang") === "en" ? "en" : "de";
    json(response, 200, planOf({ scene: world.scene, now: world.now, expectedSunKw, priceAt, lang }));
  } else if (path === "control/writes") {
    const days = Number(new URL(request.url, "http://mock").searchParams.get("days") ?? 7);
    json(response, 200, world.control.writes(world.now, days));
  } else if (path === "proof" && !world.proof.isUnaware) {
    json(response, 200, world.proof.proof(Date.now()));
  } else if (path === "proof/backtest" && !world.proof.isUnaware) {
    json(response, 200, world.proof.backtest(Date.now()));
  } else if (/^proof\/backtest\.(csv|html|json)$/.test(path)) {
    json(response, 200, world.proof.backtest(Date.now()));
  } else if (path === "buffer/log") {
    const events = world.scene === "first" ? [] : world.log;
    json(response, 200, { events: request.url.includes("strategy=risk") ? events.map(riskEventOf) : events });
  } else {
    await file(path, response);
  }
}).listen(PORT, "127.0.0.1", () => console.log(`http://localhost:${PORT}/observing/`));
