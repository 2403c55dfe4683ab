/** English texts of what SmartLoad does in evcc: who decides, for how long, why, and what became of it. */

import type { SpokenFacts } from "../logic/control";
import type { CommandCode, GateCode, HoldEnd, OverrideKind, WriteOutcome } from "../model";
import type { ControlMessages, GateWords } from "./control.de";

type Fact = string | null;

/** A part of a sentence that only stands there when its fact is known. */
const given = (fact: Fact, write: (fact: string) => string): string => (fact === null ? "" : write(fact));

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== "").join(", ");

const because = (parts: readonly string[]): string => given(joined(parts) || null, (text) => `: ${text}`);

const bracketed = (parts: readonly string[]): string => given(joined(parts) || null, (text) => ` (${text})`);

const until = (fact: Fact): string => given(fact, (time) => ` until ${time}`);

const reason: Record<CommandCode, (facts: SpokenFacts) => string> = {
  buffer_decided: () => "The dynamic buffer decided so; “Buffer” says why.",
  battery_keeps: ({ price, value, until: time }) => {
    const later = value === null ? "it is worth more later" : `later it is worth ${value}`;
    return `The battery keeps its energy${until(time)}: ${given(price, (now) => `electricity costs ${now} now, `)}${later}.`;
  },
  battery_protected: ({ car }) => `The battery gives nothing: ${car ?? "a car"} charges at full power, and the battery is not meant for that.`,
  battery_buys: ({ price, toSoc, until: time }) =>
    `The battery buys for later${given(price, (now) => `, at ${now}`)}${given(toSoc, (pct) => `, up to ${pct}`)}${given(time, (at) => `, until ${at} at the latest`)}.`,
  battery_has_bought: ({ soc }) => `What was to be bought in this quarter hour is in the battery${given(soc, (pct) => `: it is at ${pct}`)}.`,
  battery_leaves_sun: ({ exportPrice, until: time }) =>
    `The battery lets the sun pass${until(time)}: feeding in brings more now${given(exportPrice, (price) => ` (${price})`)}, or the room is for later sun.`,
  battery_against_rule: ({ price, limit }) =>
    `A rule in evcc would charge the battery from the grid now${bracketed([given(price, (now) => `electricity costs ${now}`), given(limit, (edge) => `its limit is ${edge}`)])}; the plan would not.`,
  fuse_relief: ({ phase, current, limitA, importKw, limitKw }) =>
    importKw !== null || limitKw !== null
      ? `Grid import is${given(importKw, (kw) => `, at ${kw},`)} too close to its ${limitKw ?? "limit"}; so the battery does not buy right now.`
      : `${phase === null ? "A phase" : `Phase ${phase}`} of the main fuse is${given(current, (amps) => `, at ${amps},`)} too close to its ${limitA ?? "limit"}; so the battery does not buy right now.`,
  safe_normal: () => "evcc was restarted while a mode was in force; the inverter is set to normal once.",
  car_cheap: ({ car, price, limit, until: time, nextAt }) =>
    nextAt !== null
      ? `${car ?? "The car"} waits for the next planned quarter hour, ${nextAt}${bracketed([given(price, (now) => `electricity costs ${now} now`), given(limit, (edge) => `charging up to ${edge}`)])}.`
      : `${car ?? "The car"} charges${until(time)}: this is one of the planned quarter hours${bracketed([given(price, (now) => `electricity costs ${now}`), given(limit, (edge) => `charging up to ${edge}`)])}.`,
  car_now: ({ car, price, until: time }) =>
    `${car ?? "The car"} charges${until(time)}: this is one of the planned quarter hours${given(price, (now) => ` (electricity costs ${now})`)}, and a price limit does nothing here in evcc.`,
  bat_to_car: ({ car, value, price, bufferSoc }) =>
    `The home battery helps ${car ?? "the car"}${because([given(value, (kwh) => `its energy is worth ${kwh}`), given(price, (now) => `it replaces electricity at ${now}`)])}.${given(bufferSoc, (pct) => ` The lower ${pct} stay with the house.`)}`,
  owner_asked: ({ car, until: time }) => `${car ?? "The car"} charges at once${until(time)}: you asked for it.`,
  handed_back: () => "evcc has your value again: SmartLoad no longer needs its own.",
};

const holdEnd: Record<HoldEnd, (time: string | null) => string> = {
  midnight: () => "until midnight",
  car_leaves: () => "until the car is unplugged",
  resume: () => "until you let SmartLoad take over again",
  when_gone: () => "until that ends",
};

const running: Record<OverrideKind, (title: string) => string> = {
  charge_now: (title) => `${title} charges at once`,
  keep_full: () => "The battery is kept full",
  holiday: () => "Holiday",
};

const gate: Record<GateCode, GateWords> = {
  allowed: {
    title: "You allow it",
    figures: () => "",
    closed: () => "The home battery helps no car: the option battery_to_car is off.",
  },
  car_wants: {
    title: "A car wants to charge",
    figures: ({ car }) => car ?? "",
    closed: ({ car }) =>
      car === null
        ? "The home battery helps no car: none is plugged in, in mode Solar or Min+Solar and below its limit."
        : `The home battery does not help ${car}: the car is not plugged in, not in mode Solar or Min+Solar, or already at its limit.`,
  },
  boost_available: {
    title: "evcc offers the boost",
    figures: () => "",
    closed: () => "The home battery helps no car: evcc offers no boost with a limit here, or does not know the battery.",
  },
  above_buffer: {
    title: "More is stored than the buffer keeps",
    figures: ({ soc, bufferSoc }) => joined([given(soc, (pct) => `${pct} in the battery`), given(bufferSoc, (pct) => `${pct} belong to the house`)]),
    closed: ({ soc, bufferSoc }) =>
      soc === null || bufferSoc === null
        ? "The home battery does not help right now: the buffer keeps all that is in it."
        : `The home battery does not help right now: it is at ${soc}, and ${bufferSoc} belong to the house.`,
  },
  plan_agrees: {
    title: "The plan wants it now",
    figures: ({ kwh }) => given(kwh, (energy) => `${energy} in this quarter hour`),
    closed: ({ kwh }) => `The home battery does not help right now: in this quarter hour the plan has ${kwh === null ? "nothing" : `only ${kwh}`} of it for the car.`,
  },
  worth_it: {
    title: "It pays",
    figures: ({ value, price }) => joined([given(value, (kwh) => `worth ${kwh} in the battery`), given(price, (now) => `replaces electricity at ${now}`)]),
    closed: ({ value, price }) =>
      value === null || price === null
        ? "The home battery does not help right now: with losses and wear its energy is worth more than what it replaces."
        : `The home battery does not help right now: with losses and wear its energy is worth ${value} and would only replace electricity at ${price}.`,
  },
  no_cheaper_window: {
    title: "It gets no cheaper before departure",
    figures: ({ price, bestPrice, bestAt }) =>
      joined([given(price, (now) => `${now} now`), given(bestPrice, (best) => `${best} at best${given(bestAt, (at) => ` (${at})`)}`)]),
    closed: ({ price, bestPrice, bestAt }) =>
      `The home battery does not help right now: electricity gets cheaper before departure${given(bestPrice, (best) => `, at ${best}${given(bestAt, (at) => ` (${at})`)}`)}${given(price, (now) => ` instead of ${now}`)}.`,
  },
};

const readBackOf: Record<WriteOutcome, (settledAt: string | null) => string> = {
  sent: (time) => (time === null ? "evcc accepted it; it is read back with the next reading." : "evcc accepted it."),
  confirmed: (time) => `evcc shows it${given(time, (at) => ` since ${at}`)}.`,
  not_confirmed: (time) => `evcc did not show it${given(time, (at) => ` by ${at}`)}. SmartLoad does not repeat it blindly.`,
  failed: () => "evcc refused it or did not answer.",
  refused: () => "SmartLoad did not send it.",
  simulated: () => "Not sent: this is only observed.",
};

/** What the service says of a write in German; the rest it says in English. */
const details: readonly [RegExp, string][] = [
  [/^no answer, or refused$/, "No answer, or refused."],
  [/^superseded$/, "The next value came before."],
  [/^restarted$/, "SmartLoad was restarted in between."],
  [/gerade gestartet/, "SmartLoad has just started and only looks at first."],
  [/Konfiguration ist fehlerhaft/, "An option is wrong; SmartLoad only observes."],
  [/Steuerung wurde zurückgegeben/, "You let SmartLoad only observe everything."],
  [/evcc steuert selbst/, "evcc's own automatic mode is on."],
  [/konnte nicht gesichert werden/, "Your own value could not be kept safe."],
  [/von Hand auf/, "You set it in evcc yourself."],
  [/jemand anderes gibt|evcc hat inzwischen/, "Somebody else imposes a battery mode."],
  [/kein Auto angeschlossen/, "No car is plugged in."],
  [/nicht im PV-Modus/, "The car does not charge in a solar mode; there is no boost in any other."],
];

export const enControl: ControlMessages = {
  stage: { buffer: "Buffer", battery: "Battery", cars: "Cars" },
  stageObject: { buffer: "the buffer", battery: "the battery", cars: "the cars" },
  standing: { live: "live", observing: "observed", owner: "your value", resting: "resting" },
  stagesLine: "What SmartLoad is in charge of",

  setting: {
    bufferSoc: "Buffer (bufferSoc)",
    prioritySoc: "Priority of the battery (prioritySoc)",
    bufferStartSoc: "Automatic start (bufferStartSoc)",
    batteryMode: "Battery mode (batteryMode)",
    mode: "Charging mode (mode)",
    smartCostLimit: "Price limit (smartCostLimit)",
    batteryBoost: "Boost from the battery (batteryBoost)",
    batteryBoostLimit: "Boost only above (batteryBoostLimit)",
  },

  value: {
    batteryMode: {
      unknown: "nothing imposed",
      normal: "normal",
      hold: "discharging locked",
      charge: "charging from the grid",
      holdcharge: "charging locked",
      discharge: "discharging",
    },
    noLimit: "no limit",
    nothingImposed: "nothing imposed",
    on: "on",
    off: "off",
    yours: "your value",
  },

  reason,

  strip: {
    observing: "and changes nothing in evcc.",
    observingOrders: "and changes in evcc only what you asked for.",
    bufferFrom: (time) => `It takes over the buffer at ${time}.`,
    live: (what) => `of ${what}.`,
    liveObserving: (what, rest) => `of ${what}, and observes ${rest}.`,
    owner: "You set the buffer (bufferSoc) in evcc yourself.",
    ownerUntil: (time) => `You set the buffer (bufferSoc) in evcc yourself; SmartLoad leaves it alone until ${time}.`,
    midnight: "midnight",
    asides: "What holds out of turn right now",
    automaticOverTitle: "SmartLoad is waiting for you.",
    automaticOver: "evcc's own automatic mode is off again. SmartLoad writes again once you let it take over.",
  },

  hold: {
    yours: (what, value) => `${what}: ${value}, set by you`,
    others: (what, value) => `${what}: ${value}, imposed by somebody else`,
    end: holdEnd,
    until: (time) => `until ${time}`,
  },

  override: {
    title: "For a while",
    text: "Ends by itself. Then everything goes on as before.",
    running,
    until: (time) => `until ${time}`,
    end: "End",
    endOf: (what) => `End: ${what}`,
    ended: "Ended.",
    car: "Car",
    chargeNow: "Charge now",
    chargeNowOf: (title) => `Charge now: ${title}`,
    chargeHint: "At full power, whatever the price.",
    duration: "How long",
    durationOf: (title) => `How long ${title} charges at once`,
    noCar: "No car is plugged in right now.",
    keepFull: "Keep the battery full for tonight",
    keepFullShort: "Keep full",
    keepFullUntil: "Until 08:00 in the morning",
    keepFullHint: "What is missing is bought at the best price.",
    holiday: "Holiday",
    holidayStart: "Start the holiday",
    holidayHint: "Little consumption, and no car charges without a plan of its own.",
    holidayUntil: "Holiday up to and including",
    started: (end) => `Runs ${end}.`,
  },

  proof: {
    observing: {
      plan: "SmartLoad is observing: it has a plan and does not carry it out.",
      old_plan: "SmartLoad is observing: it would carry on with its last good plan.",
      rules: "SmartLoad is observing: it would go by simple rules right now.",
      buffer_only: "SmartLoad is observing: it would only set the buffer right now.",
    },
    acting: {
      plan: (what) => `SmartLoad carries out its plan and is in charge of ${what}.`,
      old_plan: (what) => `SmartLoad carries on with its last good plan and is in charge of ${what}.`,
      rules: (what) => `SmartLoad goes by simple rules right now and is in charge of ${what}.`,
      buffer_only: () => "SmartLoad only sets the buffer right now; battery and cars are left to evcc.",
    },
    handsOff: "SmartLoad writes nothing to evcc right now.",
    actingPlain: (what) => `SmartLoad is in charge of ${what}.`,
    observingPlain: "SmartLoad is observing.",
    nothingChanges: "It changes nothing in evcc.",
    orders: (what) => `In evcc it changes only what you asked for: ${what}.`,
    noGain: (since) => `For battery and cars no plan is better than evcc's own rules (since ${since}), so it does not step in there.`,
    alsoObserves: (what) => `It also observes ${what}.`,
    ownersHand: "You set the buffer yourself; it stays as it is.",
    full: "It has everything it needs for the top one of five steps.",
    step: (step, of) => `That is step ${step} of ${of}.`,
    missing: (what, since) => `${what} (since ${since}).`,
    unknown: "How much SmartLoad can do right now shows after the first calculation.",
  },

  stages: {
    title: "What SmartLoad may do",
    modeOf: { observing: "Observing", live: "Live" },
    observesSince: (since) => `Observed since ${since}.`,
    liveSince: (since) => `Live since ${since}.`,
    observes: "Only observed.",
    isLive: "Live.",
    endsAt: (time) => `Goes live by itself at ${time}.`,
    nothing: {
      observing: "SmartLoad would change nothing here right now.",
      live: "There is nothing to change here right now: evcc has your values.",
    },
    applied: "In evcc",
    notApplied: "Not in evcc",
    resting: "SmartLoad writes nothing here right now.",
    letAct: "Let it act",
    observe: "Observe again",
    letActOf: (what) => `Let it act: ${what}`,
    observeOf: (what) => `Observe again: ${what}`,
    noBattery: "evcc knows no home battery.",
    noControl: "evcc only measures this battery and cannot control it.",
    noCar: "evcc knows no charging point.",
    readOnly: "Not possible until every option is valid.",
    acts: { battery: "SmartLoad is now in charge of the battery.", cars: "SmartLoad is now in charge of the cars." },
    observed: {
      battery: "The battery is only observed again. evcc gets your value back.",
      cars: "The cars are only observed again. evcc gets your values back.",
    },
  },

  dialog: {
    title: { battery: "Let SmartLoad act on the battery?", cars: "Let SmartLoad act on the cars?" },
    changes: "What changes in evcc at once",
    nothingNow: "Nothing at first: SmartLoad would change nothing here right now.",
    now: "now",
    then: "then",
    what: {
      battery: [
        "SmartLoad then sets the mode of the battery (batteryMode) as the plan has it: normal, discharging locked, charging locked, or charging from the grid.",
        "evcc forgets that mode when SmartLoad has been silent for 60 seconds. If SmartLoad fails, evcc is in charge again.",
        "If somebody else imposes a mode, SmartLoad lets it stand.",
      ],
      cars: [
        "At each charging point SmartLoad then sets the price limit (smartCostLimit), so that the car charges in the planned quarter hours, and the charging mode (mode) where a price limit does nothing.",
        "If the battery may act, too, and you allow it in the options, it helps a car: by the boost (batteryBoost), and only with what lies above the buffer.",
        "If you change any of this in evcc yourself, SmartLoad leaves it alone. A car that you set to off or fast stays that way.",
      ],
    },
    kept: "Your values are kept. evcc gets them back when SmartLoad stops or when you want it.",
    confirm: "Let it act",
  },

  master: {
    title: "Only observe everything",
    off: "SmartLoad does what you allowed below.",
    noneAllowed: "Nothing below is allowed yet: SmartLoad only observes anyway.",
    on: "evcc has your values back. SmartLoad writes nothing until you switch this off.",
    switchOffFirst: "Switch off the automatic mode in evcc first. Then SmartLoad can take over again.",
  },

  ladder: {
    title: "How much is possible right now",
    now: "now",
    since: (since) => `since ${since}`,
    level: {
      plan: { title: "Plan", text: "A fresh plan says what battery, cars and buffer should do." },
      old_plan: { title: "Last good plan", text: "The last good plan still holds, until a new one succeeds." },
      rules: { title: "Simple rules", text: "Cheap hours, surplus sun and departure times decide what should happen." },
      buffer_only: { title: "Buffer only", text: "SmartLoad leaves battery and cars to evcc; it still works out the buffer." },
      hands_off: { title: "Hands off", text: "SmartLoad writes nothing. In evcc your values and evcc's own rules hold." },
    },
    missing: "What is missing for more",
    nothingMissing: "Nothing is missing for more.",
    pending: "The first calculation shows which step holds.",
  },

  missing: {
    evcc: "evcc does not answer",
    automatic: "evcc's own automatic mode is on",
    released: "You let SmartLoad only observe everything",
    config: "One of the options is not valid, so SmartLoad only observes",
    clock: "The clock is not set yet",
    disk: "Your values could not be kept safe, so none is changed",
    prices: "Electricity prices are missing",
    forecast: "A forecast is missing",
    battery_soc: "The state of charge of the home battery is missing",
    meters: "The powers do not add up: a meter does not answer",
    solver: "No plan could be worked out or checked",
    no_gain: "No plan is better than evcc's own rules",
    nothing_to_control: "There is neither a home battery nor a car",
  },

  automaticOver: "evcc's own automatic mode was on, and nobody has let SmartLoad take over yet",

  therefore: {
    evcc: "SmartLoad decides and sends nothing. A battery mode that it imposed ends within 90 seconds.",
    automatic: "SmartLoad only advises and writes nothing.",
    released: "Everything is only observed until you let it take over again.",
    config: "Everything is only observed until the option is right and SmartLoad has been restarted.",
    clock: "The buffer does not go live by itself.",
    disk: "No setting is changed for the first time.",
    prices: "Without them there is no plan; battery and cars are left to evcc.",
    forecast: "Without it there is no plan; battery and cars are left to evcc.",
    battery_soc: "The battery is left out of the plan.",
    meters: "Nothing is bought for the battery, as nobody knows how near the main fuse is to its limit.",
    solver: "Until it succeeds the last good plan holds, after that simple rules.",
    no_gain: "Nothing is imposed: evcc does it as well by itself.",
    nothing_to_control: "You see forecasts and prices all the same.",
  },

  batToCar: {
    title: "Home battery helps car",
    helps: (car) => `The home battery is helping ${car} to charge.`,
    wouldHelp: (car) => `The home battery would now help ${car} to charge.`,
    helpsNot: "The home battery helps no car right now.",
    aCar: "the car",
    gates: "Conditions, asked in this order",
    isOpen: "met",
    isClosed: "not met",
    notAsked: "not asked",
    gate,
  },

  writes: {
    countTitle: "Writes today",
    count: (most) => `of at most ${most}`,
    countAside: "since midnight; beyond that only what makes things safe, what evcc gets back and what you ask for",
    full: "The limit for today has been reached.",
    detail: (text) => details.find(([german]) => german.test(text))?.[1] ?? text,
    noneToday: "Nothing has been written to evcc today.",
    pending: "Counting starts with the first calculation.",
    setting: "Setting",
    n: "Today",
    most: "At most",
    logTitle: "Every write",
    refused: "The log could not be loaded just now. The page keeps trying by itself.",
    empty: (days) => `In the last ${days} days SmartLoad has written nothing, and would not have.`,
    emptyFilter: "None matches this choice.",
    all: "All",
    stage: "Part",
    time: "Time",
    outcome: "Outcome",
    change: "Before → wanted",
    reason: "Reason",
    readBack: "Read back",
    outcomeOf: {
      sent: "Sent",
      confirmed: "Confirmed",
      not_confirmed: "Not confirmed",
      failed: "Failed",
      refused: "Not sent",
      simulated: "Simulation",
    },
    readBackOf,
    accepted: (value) => `evcc took ${value}.`,
    shown: (shown, all, days) => `${shown} of ${all}, newest first, from ${days} days`,
    older: "there are older ones",
    more: (count) => `Show ${count} more`,
  },

  own: {
    title: "Your values in evcc",
    ownersText: "Until then your value in evcc counts. SmartLoad can also take over again at once.",
    text: "SmartLoad changed these settings and remembers your values.",
    yours: "Yours",
    ours: "Now",
    setting: "Setting",
    since: "Since",
    release: "Give evcc its values back",
    resume: "Let SmartLoad take over again",
    released: "evcc has your values again.",
    resumed: "SmartLoad is taking over again.",
    handsTitle: "Yours right now",
    handsText: "You changed these in evcc yourself. SmartLoad leaves them alone.",
    belongs: (end) => `yours, ${end}`,
    others: (end) => `imposed by somebody else, ${end}`,
    backTitle: "What evcc gets back",
    back: (value) => `evcc gets ${value} back`,
    backMode: "afterwards evcc decides on the mode itself again",
    whole: "What is yours",
    none: "Everywhere in evcc your value holds.",
  },

  opinions: {
    titleOn: "evcc's own automatic mode is on",
    titleOff: "evcc's own automatic mode was on",
    on: (since) => `Since ${since} evcc has been in charge of the home battery itself. SmartLoad looks on and says what it would do.`,
    off: (since) => `It is off again (it came on at ${since}). SmartLoad writes only once you let it take over.`,
    evcc: "evcc",
    smartload: "SmartLoad would",
    same: "Both want the same.",
    takeOver: "Let SmartLoad take over",
  },
};
