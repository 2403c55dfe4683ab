/** English texts. */

import type { PriceRank } from "../logic/prices";
import type { Messages } from "./de";
import { enControl } from "./control.en";
import { enForecast } from "./forecast.en";
import { enPlan } from "./plan.en";
import { enReport } from "./report.en";
import { enRisk } from "./risk.en";

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

const priceRank = (span: string): Record<PriceRank, string> => ({
  negative: "You are being paid to use electricity",
  flat: `Electricity costs the same throughout, ${span}`,
  lowest: `Electricity is about as cheap as it gets ${span}`,
  low: `Electricity is cheaper now than it mostly is ${span}`,
  middle: `The price now is in the middle of what it is ${span}`,
  high: `Electricity is dearer now than it mostly is ${span}`,
  highest: `Electricity is about as dear as it gets ${span}`,
});

export const en: Messages = {
  name: "SmartLoad",
  skip: "Skip to content",
  nav: { label: "Views", now: "Now", plan: "Plan", buffer: "Buffer", forecast: "Forecast", proof: "Proof", report: "Report" },
  language: "Language",
  theme: { label: "Colour scheme", auto: "System", light: "Light", dark: "Dark" },
  simulation: "Simulation",
  live: "Live",
  off: "off",
  unknown: "unknown",
  cancel: "Cancel",
  asTable: "As a table",
  pending: "One moment …",

  link: {
    label: "Connection",
    connecting: "Connecting …",
    live: "Connected",
    polling: "Connected (polling)",
    lost: (since) => `Lost since ${since}`,
    lostLong: (since) =>
      `No connection to SmartLoad since ${since}. What you see is from then; the page reconnects by itself.`,
    neverHeard: "SmartLoad does not answer. The page keeps trying by itself.",
    refused: "No access",
    expired: "Session expired",
    expiredLong: "Your session has expired. Reload the page to carry on.",
    reload: "Reload",
  },

  inCharge: {
    label: "Who is in charge",
    observing: "SmartLoad is observing",
    live: "SmartLoad is in charge",
    owner: "Your hand counts.",
    evcc_automatic: "evcc is in charge.",
    evccAutomaticText: "evcc's own automatic mode is on. SmartLoad writes nothing while it runs.",
    released: "Handed back.",
    releasedText: "evcc has your own values again. SmartLoad writes nothing until you let it take over.",
    degraded: "Limited:",
    degradedText: (what, since) => `${what}, since ${since}.`,
    degradedOpen: "Something is missing; SmartLoad writes nothing for now.",
    observeOnly: "SmartLoad only observes.",
    observeOnlyText: "One of the options is not valid; until it is, nothing is changed in evcc.",
    waiting: "Nothing known yet.",
    waitingText: "SmartLoad has not reported yet.",
  },

  demo: {
    badge: "Demo",
    long: "Simulated home",
    time: "Simulated time",
    speed: "Speed",
    speedOf: (hour) => `1 h in ${hour}`,
    realTime: "Real time",
    progress: (pct) => `Living through the days before: ${pct}`,
  },

  health: {
    title: "Health",
    fine: "Everything is all right.",
    count: (count) => `${count} ${plural(count, "notice", "notices")}`,
    since: (since) => `since ${since}`,
    severity: { info: "Note", warning: "Warning", error: "Error" },
    lastCycle: "Last calculation",
    nextCycle: "Next",
    evcc: "evcc",
    evccReachable: (version) => `reachable, version ${version}`,
    evccAway: (since) => `has not answered since ${since}`,
    evccUnknown: "not found yet",
    version: "SmartLoad",
  },

  problems: {
    evcc_not_found: {
      title: "evcc has not been found yet",
      text: "Put evcc’s address into the options, or start evcc; SmartLoad keeps looking.",
    },
    evcc_unreachable: {
      title: "evcc does not answer",
      text: "SmartLoad shows the last known reading, writes nothing and keeps asking.",
    },
    evcc_unreadable: {
      title: "evcc’s answer makes no sense",
      text: "The address may be wrong, or only half of the answer arrived. SmartLoad keeps asking.",
    },
    evcc_automatic_mode: {
      title: "evcc’s own automatic mode is on",
      text: "evcc runs the home battery itself. SmartLoad writes nothing while it does.",
    },
    evcc_stale_meters: {
      title: "One of evcc’s meters does not answer",
      text: "The powers evcc shows do not add up. Have a look at the meters in evcc.",
    },
    evcc_implausible: {
      title: "evcc reports values that cannot be true",
      text: "SmartLoad leaves them out.",
    },
    evcc_automatic_ended: {
      title: "evcc's own automatic mode is off again",
      text: "SmartLoad writes only once you let it take over, under “Proof”.",
    },
    foreign_control: {
      title: "Somebody else imposes the mode of the home battery",
      text: "SmartLoad leaves it alone until that ends. Does another program control your battery?",
    },
    write_not_confirmed: {
      title: "evcc does not show what SmartLoad wrote",
      text: "evcc accepted it, and no reading since shows it. SmartLoad repeats it after 15 minutes at the earliest.",
    },
    write_budget_spent: {
      title: "A setting was changed as often as one day allows",
      text: "Until midnight only what makes things safe, what evcc gets back and what you ask for still goes out.",
    },
    fuse_near_limit: {
      title: "The main fuse is near its limit",
      text: "Meanwhile the home battery does not buy. That passes by itself.",
    },
    no_battery: {
      title: "evcc knows no home battery",
      text: "Without one the buffer has nothing to do.",
    },
    no_battery_soc: {
      title: "The battery’s state of charge is missing",
      text: "A battery does not tell evcc.",
    },
    no_solar_forecast: {
      title: "The solar forecast is missing",
      text: "Set up a forecast in evcc. Until then confidence counts as 0%, and the buffer stays large.",
    },
    no_prices: {
      title: "Electricity prices are missing",
      text: "evcc knows no price from now on. Until it does, the price spread counts as 0.",
    },
    buffer_not_applied: {
      title: "evcc did not take the buffer",
      text: "SmartLoad tries again with the next quarter hour.",
    },
    buffer_missing: {
      title: "The dynamic buffer did not start",
      text: "The rest of SmartLoad is running. The log says why.",
    },
    store_not_writable: {
      title: "SmartLoad cannot save anything",
      text: "A restart would lose what it knows now. Is the storage full?",
    },
    store_was_unreadable: {
      title: "A state file could not be read",
      text: "It was kept under another name; what it held starts over. Which one it was is said below.",
    },
    config_invalid: {
      title: "An option is not right",
      text: "Until it is, SmartLoad writes nothing.",
    },
    clock_not_set: {
      title: "The clock is not set yet",
      text: "Until it is, SmartLoad does not go live.",
    },
    forecast_failed: {
      title: "The forecast failed",
      text: "Until it succeeds again SmartLoad does not trust the sun, and the buffer stays at its base.",
    },
    plan_failed: {
      title: "Planning failed",
      text: "Until it succeeds again there is no plan. The buffer does not depend on it.",
    },
    steer_failed: {
      title: "The plan cannot be carried out",
      text: "What SmartLoad has imposed on the home battery lapses within a minute. It tries again at each look at evcc.",
    },
    cycle_failed: {
      title: "A calculation failed",
      text: "The next comes with the next quarter hour.",
    },
  },

  config: {
    title: (count) => plural(count, "One option is not right", `${count} options are not right`),
    intro: (path) =>
      `SmartLoad is running and observing but writes nothing. Change ${path.startsWith("SMARTLOAD_") ? `the environment variables ${path}` : `the options in ${path}`} and restart SmartLoad.`,
    option: "Option",
    given: "Given",
    allowed: "Allowed",
    nearest: (name) => `You probably meant “${name}”.`,
    empty: "(empty)",
  },

  sentence: {
    connecting: "SmartLoad will be with you in a moment.",
    unreachable: "SmartLoad cannot be reached right now.",
    firstMinute: "SmartLoad is reading for the first time what evcc knows about your home.",
    config: (option) => `SmartLoad only observes, because the option ${option} is not right.`,
    noEvccYet: "SmartLoad has not found evcc yet. Until it does there is nothing to decide.",
    evccAway: (since) => `evcc has not answered since ${since}. SmartLoad changes nothing and shows what it last knew.`,
    noBattery: "evcc knows no home battery. Without one the buffer has nothing to do.",
    noBuffer: "The buffer has not been worked out yet. The first result comes with the next quarter hour.",
    liveReserved: (buffer, soc) =>
      `The home battery is all the house's right now: it stands at ${soc}, and the lowest ${buffer} belong to the house.`,
    liveFree: (buffer, above) =>
      `The lowest ${buffer} of the home battery belong to the house; with the ${above} above, a car may go on charging.`,
    livePlain: (buffer) => `The lowest ${buffer} of the home battery belong to the house.`,
    observing: (buffer) => `SmartLoad is observing: it would keep the lowest ${buffer} of the home battery for the house.`,
    observingBuffer: (buffer) => `SmartLoad still only observes the buffer: it would keep the lowest ${buffer} of the home battery for the house.`,
    observingKept: (buffer) => `In evcc the buffer (bufferSoc) stays at ${buffer}.`,
    observingOff: "In evcc the buffer (bufferSoc) stays switched off.",
    owner: (buffer) => `You set the buffer to ${buffer} yourself; SmartLoad leaves it there.`,
    released: "SmartLoad has handed your own values back to evcc and writes nothing.",
    automatic: "evcc's own automatic mode runs the home battery; SmartLoad looks on.",
    confidence: (pct, isHigh) =>
      isHigh
        ? `At ${pct} the solar forecast can be trusted; the surer it is, the more of the battery is freed for cars.`
        : `At ${pct} the solar forecast is too unsure to free more of it for cars.`,
    price: (rank, isWholeDay, price) => `${priceRank(isWholeDay ? "today" : "until midnight")[rank]} (${price}).`,
    priceNone: "Electricity prices are not known right now.",
    cheaper: (at, price) => `Cheapest still to come: ${at}, at ${price}.`,
  },

  flow: {
    title: "Energy flow",
    label: "Energy flow in the home",
    sun: "Sun",
    house: "House",
    battery: "Home battery",
    grid: "Grid",
    car: "Car",
    idle: "idle",
    importing: "Import",
    exporting: "Export",
    charging: "charging",
    discharging: "discharging",
    away: "not here",
    connected: "plugged in",
    noBattery: "none",
    sunText: (kw) => `The sun gives ${kw}.`,
    houseText: (kw) => `The house uses ${kw}.`,
    importText: (kw) => `${kw} come from the grid.`,
    exportText: (kw) => `${kw} go to the grid.`,
    gridIdleText: "Next to nothing comes from or goes to the grid.",
    chargeText: (kw) => `The home battery charges at ${kw}.`,
    dischargeText: (kw) => `The home battery gives ${kw}.`,
    batteryIdleText: "The home battery is idle.",
    carText: (name, kw) => `${name} charges at ${kw}.`,
    empty: "As soon as evcc has reported once, you see here where electricity comes from and where it goes.",
    mode: { off: "Off", now: "Fast", minpv: "Min+Solar", pv: "Solar", unknown: "–" },
    loadpoints: "Charging points",
  },

  soc: {
    title: "Home battery",
    label: (soc) => `State of charge ${soc}`,
    long: "State of charge (SoC)",
    buffer: "Buffer",
    explain:
      "The buffer (bufferSoc) is the part of the home battery that belongs to the house. Above it, a car charging in Solar mode may go on charging from the battery; below it, it may not.",
    houseShare: "For the house",
    freeShare: "Free for the car",
    ofHouse: (pct) => `${pct} belong to the house`,
    simulated: (pct) => `Simulation: ${pct}`,
    inEvcc: "In evcc",
    priority: "Priority (prioritySoc)",
    start: "Car start (bufferStartSoc)",
    none: "evcc knows no home battery. Should one be added, it appears here by itself.",
    unknown: "evcc reports no state of charge right now.",
  },

  price: {
    title: "Electricity price",
    now: "Now",
    today: "Today",
    restOfDay: "Until midnight",
    range: (min, max) => `${min} to ${max}`,
    feedIn: "Feed-in",
    chart: "Electricity price in steps, today and as far as known",
    notYet: (from) => `Not published yet from ${from} on`,
    none: "No electricity prices are known. evcc has no tariff, or the tariff does not answer right now.",
    from: "From",
    to: "To",
    price: "Price",
    spread: "Price spread",
  },

  buffer: {
    title: "Dynamic buffer",
    observing: "Only observing so far",
    observingText: "Every 15 minutes SmartLoad works out what it would do, and leaves the buffer in evcc alone. It goes live by itself in:",
    liveAt: (at) => `on ${at}`,
    days: (n) => plural(n, "day", "days"),
    hours: (n) => plural(n, "hour", "hours"),
    minutes: (n) => plural(n, "minute", "minutes"),
    isOver: "It goes live with the next quarter hour.",
    noEnd: "When observing ends is known after the first calculation.",
    activate: "Go live now",
    extend: "Observe for longer",
    activated: "SmartLoad is now in charge of the buffer.",
    extended: (until) => `Observing now runs until ${until}.`,
    liveTitle: "Live",
    liveText: "The value is worked out anew every 15 minutes and written to evcc only when it changes.",
    restingTitle: "Live, at rest for now",
    restingText: "SmartLoad goes on working out the value every 15 minutes, but writes nothing to evcc for now.",
    missing: "The dynamic buffer is not available right now.",
    readOnly: "While an option is not right, going live is not possible.",
    summary: "Where things stand",
    confidence: "PV confidence",
    confidenceLong: "Confidence of the photovoltaic (PV) forecast",
    confidenceExplain: "How far the solar forecast can be trusted right now. Above 65% the buffer may shrink.",
    value: "Buffer",
    mode: "Mode",
    modeOf: { observation: "Observing", live: "Live" },
    raw: "Before smoothing",
    coverage: "Coverage",
    coverageText: "how much of the next 24 h the forecast covers",
    freshness: "Freshness",
    freshnessText: "how recent it is",
    accuracy: "Accuracy",
    accuracyText: "how close it should come over the next 24 h",
    bias: "Correction",
    biasText: "factor on the provider's forecast",
    spread: "Price spread",
    spreadText: "80th minus 20th percentile of the known prices",
    expected: "Expected sun, 4 h",
    hour: "Hour",
    change: "Old → new",
    reason: "Reason",
    chart: "The buffer over the last seven days",
    chartConfidence: "PV confidence over the last seven days",
    chartEmpty: "The line begins with the first calculation.",
    applied: "Applied",
    failed: "Not applied",
    floor: "Hard floor 10%",
    practical: "Practical minimum 20%",
    threshold: "Threshold 65%",
    log: "Every decision",
    logEmpty: "No decision yet. The first comes with the next quarter hour.",
    more: (count) => `Show ${count} more`,
    shown: (shown, all) => `${shown} of ${all}, newest first`,
    time: "Time",
    outcome: "Outcome",
    outcomeOf: { simulated: "Simulation", applied: "Applied", held: "Left alone", failed: "Not applied" },
    heldBy: {
      owner: "not written: your own value in evcc holds",
      released: "not written: control was given back",
      automatic: "not written: evcc’s automatic mode is in charge",
      config: "not written: an option is not right",
    },
    limited: (setting, pct) => `limited by ${setting} ${pct}`,
    changes: "Changes of the last seven days",
    reasonText: (facts) =>
      [
        facts.basis ?? `Confidence ${facts.confidence} · spread ${facts.spread}`,
        `buffer ${facts.buffer}`,
        facts.limit,
        facts.isFailed ? "not applied, tried again next time" : null,
        facts.held,
        facts.outside,
        facts.isSimulated ? "[Simulation]" : null,
      ]
        .filter((part) => part !== null)
        .join(" · "),
    outside: (from, to) => `changed in evcc: ${from} → ${to}`,
    found: (pct) => `evcc holds ${pct}`,
  },

  activate: {
    title: "Let SmartLoad go live?",
    changes: "What changes in evcc",
    from: "bufferSoc now",
    to: "bufferSoc then",
    stays: (pct) => `The value stays at ${pct} for now.`,
    unknownTarget: "The new value is known after the next calculation.",
    then: (pct) =>
      `Above ${pct}, evcc lets a car in Solar mode go on charging from the home battery. Below, the battery is left to the house.`,
    later: "After that SmartLoad adjusts the value every 15 minutes, never below 20%.",
    kept: (pct) => `Your own value (${pct}) is kept. evcc gets it back when SmartLoad stops or when you ask for it.`,
    confirm: "Go live",
  },

  extendDialog: {
    title: "Observe for longer",
    againTitle: "Observe the buffer again?",
    againConfirm: "Observe",
    text: "While observing, SmartLoad leaves the buffer in evcc alone.",
    days: "Days from now (1 to 90)",
    until: (until) => `Observing until ${until}`,
    invalid: "Please give a whole number from 1 to 90.",
    confirm: "Extend",
  },

  password: {
    title: "Password",
    text: "From here, SmartLoad asks for the password from its options before it changes anything.",
    label: "Password",
    wrong: "That password is not right.",
    confirm: "Continue",
  },

  errors: {
    noAnswer: "SmartLoad did not answer. Please try again.",
    refused: (status) => `SmartLoad refused (HTTP ${status}).`,
  },

  chart: {
    now: "now",
    keys: "Use the arrow keys to step through time.",
    range: (low, high) => `${low}\u00a0to\u00a0${high}`,
  },

  control: enControl,
  forecast: enForecast,
  plan: enPlan,
  report: enReport,
  risk: enRisk,
};
