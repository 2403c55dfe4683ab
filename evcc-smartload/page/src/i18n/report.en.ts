/** English texts of the report. */

import type { Amount, ReportFigures, ReportMessages, Saving } from "./report.de";

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

const bracketed = (range: string | null): string => (range === null ? "" : ` (${range})`);

const savingText = (would: boolean, { text, range, sign }: Saving): string => {
  if (sign === "same") return `SmartLoad ${would ? "would have cost" : "cost"} as much as evcc's rules`;
  if (sign === "less") return `SmartLoad ${would ? "would have saved" : "saved"} ${text}${bracketed(range)}`;
  return `SmartLoad ${would ? "would have cost" : "cost"} ${text} more than evcc's rules${bracketed(range)}`;
};

const nDays = (count: number, shown: string): string => `${shown}\u00a0${plural(count, "day", "days")}`;

export const enReport: ReportMessages = {
  tabs: { label: "Proof", control: "Control", report: "Report" },
  toReport: "See the report",
  toBacktest: "Report and back-test",
  cardTitle: "What it is worth",
  thousand: "thousand",
  million: "million",
  nDays,

  sentence: {
    loading: "The report is being loaded.",
    refused: "The report could not be loaded just now. The page keeps trying.",
    collecting: (count, shown) => `${nDays(count, shown)} of measurements ${plural(count, "is", "are")} still missing for a report.`,
    collectingSoon: "Enough days have been measured. The first report is made within the next minutes.",
    collectingOpen: "There is no report yet.",
    impossible: "A report is not possible yet.",
    obstacle: {
      no_capacity: "evcc does not say how many kWh the home battery holds. Enter its capacity in evcc.",
      no_prices: "Not a single price of electricity was recorded. Set up a tariff in evcc.",
      nothing_to_control: "evcc knows no home battery, and no car has charged. There is nothing to compare.",
    },
    collectingWhy: "SmartLoad measures by itself, also while it only observes. Then this is where you see what you paid, and what it would have been with SmartLoad.",
    working: (pct) => `The first report is being made: ${pct} is done.`,
    workingWhy: "The days that were measured are lived through once more, with and without SmartLoad. It takes some minutes and disturbs nothing.",
    failed: "The report could not be made.",
    noneCounted: "There is nothing to compare yet: no day was measured well enough.",
    days: (count, shown, counted) => (counted === null ? nDays(count, shown) : `${nDays(count, shown)}, ${counted} of them counted`),
    paid: ({ text, isGain }: Amount) => (isGain ? `you earned ${text}` : `you paid ${text}`),
    evcc: ({ text, isGain }: Amount) => `evcc's rules alone would have ${isGain ? "earned" : "cost"} ${text}`,
    ours: ({ text, isGain }, range, isLive) =>
      isLive ? `SmartLoad's decisions ${isGain ? "earned" : "cost"} ${text}${bracketed(range)}` : `SmartLoad would have ${isGain ? "earned" : "cost"} ${text}${bracketed(range)}`,
    whole: (days, parts) => `${days}: ${parts.join(", ")}.`,
    saving: ({ text, range, sign }) =>
      sign === "same" ? "That is as much as with evcc's rules." : `That is ${text} ${sign === "less" ? "less" : "more"} than with evcc's rules${bracketed(range)}.`,
    partlyLive: (since) => `SmartLoad has been acting since ${since}; the days before are a simulation.`,
    isNewMade: (pct) => `A new report is being made (${pct}).`,
    isOld: "The new report could not be made; this is the one before.",
    line: (days, saving, isLive) => `Over ${days} ${savingText(!isLive, saving)}.`,
  },

  failed: {
    title: "What helps now",
    steps: [
      "SmartLoad tries again by itself; waiting is mostly enough.",
      "Look under “Forecast” whether the past is being recorded and the disk is not full.",
      "If it stays like this, the message below helps to find the cause; SmartLoad's log says more about it.",
    ],
  },

  advice: {
    title: "Recommendation",
    of: {
      wait: "Wait a little longer.",
      activate: "It is worth letting SmartLoad act.",
      not_worth: "Letting SmartLoad act is not worth it at present.",
      keep: "Leave it as it is.",
      look: "Have a look at what is going on.",
    },
    why: {
      wait: ({ days, nDays: count }: ReportFigures) =>
        days === null || count === null
          ? "There are too few days to judge yet, or they differ too much. Observing costs nothing."
          : `${days} ${plural(count, "is", "are")} still missing for a judgement. Observing costs nothing.`,
      activate: () => "Over the observed days it would have been cheaper. You can go back to observing at any time, and your values in evcc are kept.",
      not_worth: () => "At your home evcc's own rules have done as well as SmartLoad so far. Observing costs nothing, and another season or tariff may change this.",
      keep: () => "SmartLoad acts and does not cost more than evcc's own rules. The report goes on.",
      look: () => "SmartLoad acts, but was not cheaper than evcc's own rules. Below is what it changed; under “Control” you can let it only observe at any time.",
    },
    verdict: {
      gain: "Even the cautious end of the range is a gain.",
      open: "The range reaches from a loss to a gain: chance is not ruled out.",
      loss: "Even the favourable end of the range is a loss.",
    },
    none: "There will be a recommendation with the first report.",
    letAct: "You can let these act:",
    isLive: "SmartLoad already acts wherever it can.",
    toControl: "What SmartLoad may do",
  },

  result: {
    title: "Side by side",
    who: "Who decides",
    cost: "Cost",
    band: "8 times out of 10",
    within: (range) => `8 times out of 10 ${range}`,
    paid: "Paid",
    paidAside: "by your meters",
    evcc: "evcc's rules alone",
    evccAside: "in the model, with your settings",
    ours: "SmartLoad",
    oursAside: { observed: "in the model, a simulation", live: "in the model, with what it did" },
    possible: "Knowing the future",
    possibleAside: "the bound: nobody can do better",
    saving: "Saved",
    extra: "Extra cost",
    savingAside: "SmartLoad against evcc's rules",
    captured: (pct, would) => `Of the most that could be saved, SmartLoad ${would ? "would have reached" : "reached"} ${pct}.`,
    capturedOpen: "How much could be saved at most is not known.",
    range: (low, high) => `${low} to ${high}`,
  },

  charts: {
    title: "Day by day",
    hint: { observed: "Dashed is what would have been; solid is what was. Gaps are days that do not count.", live: "Dashed are the days on which SmartLoad only observed; solid is what was. Gaps are days that do not count." },
    daily: (unit) => `Cost per day (${unit})`,
    dailyChart: "Cost per day: paid, with evcc's rules, with SmartLoad",
    sum: (unit) => `Saved so far (${unit})`,
    sumChart: "What SmartLoad saves against evcc's rules up to each day, with its range",
    sumHint: "The range is worked out for the end; before, it is narrower by as much as there are fewer days (square root).",
    paid: "Paid",
    evcc: "evcc's rules",
    oursObserved: "SmartLoad, simulation",
    oursLive: "SmartLoad, live",
    saved: "Saved",
    above: "saved",
    below: "cost more",
    none: "No days yet",
    day: "Day",
    counted: "Counted",
    yes: "yes",
    no: "no, too little measured",
    possible: "Possible",
  },

  months: {
    title: "Month by month",
    month: "Month",
    saving: "Saved",
    days: "Days",
    none: "The first month is yet to come.",
    hint: "A minus means that evcc alone would have been cheaper in that month.",
  },

  changes: {
    title: { observed: "What SmartLoad would have changed", live: "What SmartLoad changed, and would have" },
    none: "No change was recorded in this time.",
    shown: (shown, all) => `${shown} of ${all}, newest first`,
    more: (count) => `Show ${count} more`,
    live: "Live",
  },

  buffers: {
    title: "What the buffer cost and protected",
    hint: "The buffer keeps energy back for the house. That costs something where it would have been of use, and helps at night.",
    strategy: { formula: "By the formula", risk: "By risk" },
    strategyText: {
      formula: "From the confidence of the solar forecast and the price spread",
      risk: "From what the house may need until the next surplus",
    },
    chosen: "chosen",
    cost: "Cost per day",
    nights: "Nights bridged",
    of: (part, all) => `${part}\u00a0of\u00a0${all}`,
    kept: "Kept for the house",
    departures: "Cars ready in time",
    noDepartures: "no departure",
    noNights: "no night",
    none: "There is nothing to compare for the buffer yet.",
    noBattery: "evcc knows no home battery. Without one there is no buffer.",
  },

  method: {
    title: "How it is reckoned",
    text: [
      "Paid is what your meters say, at the prices that held. All else is worked out: the measured days are lived through once more in a model of your home, once with evcc's rules and your settings, once with SmartLoad. It knows only what was known then: the prices that had been published, and the forecasts of that time.",
      "All have the same battery, the same cars, the same weather. What more or less is left in the battery at the end is credited at one price. Where two do the same, the difference is exactly 0.",
      "The range says how much the result depends on which days it was: 8 times out of 10 it would lie inside. Errors of the model are not part of it; how far “Paid” and “evcc's rules” are apart gives an impression of them, as long as SmartLoad only observes.",
    ],
    excluded: "Days without enough measurements",
    excludedOf: (pct, days, all) => `${pct} (${days} of ${all}); they count nowhere.`,
    period: "Period",
    periodOf: (since, until) => `${since} to ${until}`,
    made: "Made",
    notes: "What one has to know",
  },

  note: {
    few_days: ({ days }) => (days === null ? "There are only a few days yet; the range is wide accordingly." : `It has been only ${days} yet; the range is wide accordingly.`),
    prices_assumed: ({ days }) => (days === null ? "For part of the time no prices were recorded; they are assumed." : `For ${days} no prices were recorded; they are assumed.`),
    forecasts_remade: ({ days }) =>
      days === null ? "Some of the forecasts of that time were not recorded and are worked out from what was known then." : `For ${days} the forecasts were not recorded; they are worked out from what was known then.`,
    battery_assumed: () => "evcc does not tell the battery's power or losses; usual values stand in for them.",
    cars_unknown: () => "When cars were there is not recorded throughout; where it is not, it is concluded from what they charged.",
    settings_changed: ({ since }) => `Your settings changed during this time${since === null ? "" : ` (most recently on ${since})`}; all days are worked out with the present ones.`,
    paid_unknown: () => "What you paid is not known: import, export or prices are missing.",
    model_deviates: () => "Although SmartLoad only observed, evcc's rules cost noticeably more or less in the model than you paid: the model does not match your home exactly. Rely on the difference between evcc's rules and SmartLoad rather than on the amounts.",
    partly_live: ({ since }) => (since === null ? "For part of the time SmartLoad was acting." : `SmartLoad has been acting since ${since}.`),
  },

  backtest: {
    title: "Back-test of a period",
    text: "Choose a period that was recorded. It is lived through once more, once for each of these possibilities. Nothing changes in your home.",
    from: "From",
    to: "Up to and including",
    start: "Run",
    again: "Run again",
    cancel: "Cancel",
    running: (from, to) => `Lived through: ${from} to ${to}`,
    progress: "Progress of the back-test",
    seconds: (count) => `about ${count}\u00a0seconds left`,
    minutes: (count, shown) => `about ${shown}\u00a0${plural(count, "minute", "minutes")} left`,
    etaOpen: "how long it takes shows in a moment",
    starting: "The back-test begins.",
    cancelled: "Cancelled. Nothing of it was kept.",
    failed: "The back-test failed. Another, shorter period may work.",
    idle: "None has been run yet.",
    firstDay: (day) => `Recorded since ${day}`,
    noHistory: "Nothing has been recorded yet that it could work with.",
    fault: {
      missing: "Please choose two days.",
      reversed: "The first day is after the last.",
      future: "The last day has to be over.",
      too_early: "Nothing was recorded at that time.",
    },
    refused: "What the back-test is doing could not be loaded just now. The page keeps trying.",
    result: (from, to, days) => `${from} to ${to}, ${days} counted`,
    excluded: (pct) => `${pct} of the days were not measured well enough and do not count.`,
    lead: (saving) => `Over this period ${savingText(true, saving)}.`,
    captured: (pct) => `That is ${pct} of what would have been possible knowing the future.`,
    ofBattery: (evcc, ours) => `Of all that the battery can save, evcc alone gets ${evcc}, and with SmartLoad it is ${ours}.`,
    policy: "Who decides",
    policies: {
      no_battery: { title: "No home battery", text: "As if there were none; cars charge by evcc's rules." },
      evcc: { title: "evcc alone", text: "evcc's rules with your settings. All others are compared with it." },
      formula: { title: "evcc, buffer by formula", text: "SmartLoad sets only the buffer, by the formula." },
      risk: { title: "evcc, buffer by risk", text: "SmartLoad sets only the buffer, by risk." },
      smartload: { title: "SmartLoad", text: "Its plan for battery, cars and buffer, through evcc's own switches." },
      foresight: { title: "Knowing the future", text: "Weather, consumption and prices known exactly beforehand: the bound." },
    },
    cost: "Cost",
    saving: "Saved",
    ofPossible: "Of the possible",
    selfSufficiency: "Self-sufficiency",
    ready: "Cars ready",
    more: "Energy and changes as a table",
    bought: "Bought",
    sold: "Exported",
    battery: "From the battery",
    peak: "Highest import",
    writes: "Changes in evcc per day",
    decisions: "Decisions per day",
    chart: (unit) => `Saved against evcc alone (${unit})`,
    chartLabel: "What each possibility saves against evcc alone up to each day",
    downloads: "To take with you",
    files: { html: "Report (HTML)", csv: "Days (CSV)", json: "Everything (JSON)" },
    notFetched: "The file could not be loaded just now.",
  },
};
