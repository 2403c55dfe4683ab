/** German texts of what SmartLoad does in evcc: who decides, for how long, why, and what became of it. */

import type { SpokenFacts, Standing } from "../logic/control";
import type {
  BatteryMode,
  CommandCode,
  ControlLevel,
  GateCode,
  HoldEnd,
  MissingCode,
  OverrideKind,
  SettingName,
  StageName,
  WriteOutcome,
} from "../model";

type Fact = string | null;

/** A part of a sentence that only stands there when its fact is known. */
const given = (fact: Fact, write: (fact: string) => string): string => (fact === null ? "" : write(fact));

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== "").join(", ");

/** Known parts as the second half of a sentence: ": Strom kostet jetzt ..., ..."; "" when none is known. */
const because = (parts: readonly string[]): string => {
  const text = joined(parts);
  return text === "" ? "" : `: ${text.charAt(0).toUpperCase()}${text.slice(1)}`;
};

const bracketed = (parts: readonly string[]): string => {
  const text = joined(parts);
  return text === "" ? "" : ` (${text})`;
};

const until = (fact: Fact): string => given(fact, (time) => ` bis ${time}`);

export interface GateWords {
  /** What must hold. */
  title: string;
  /** The figures it is decided by; "" without them. */
  figures: (facts: SpokenFacts) => string;
  /** Why the battery does not help, because this does not hold. */
  closed: (facts: SpokenFacts) => string;
}

const reason: Record<CommandCode, (facts: SpokenFacts) => string> = {
  buffer_decided: () => "Der dynamische Puffer hat es so entschieden; unter „Puffer“ steht, warum.",
  battery_keeps: ({ price, value, until: time }) => {
    const later = value === null ? "mehr wert" : `${value} wert`;
    return `Der Akku behält seine Energie${until(time)}: ${given(price, (now) => `Strom kostet jetzt ${now}, `)}${price === null ? "Später" : "später"} ist sie ${later}.`;
  },
  battery_protected: ({ car }) => `Der Akku gibt nichts ab: ${car ?? "Ein Auto"} lädt mit voller Leistung, und dafür ist er nicht da.`,
  battery_buys: ({ price, toSoc, until: time }) =>
    `Der Akku kauft jetzt für später${given(price, (now) => `, für ${now}`)}${given(toSoc, (pct) => `, bis er ${pct} hat`)}${given(time, (at) => `, höchstens bis ${at}`)}.`,
  battery_has_bought: ({ soc }) => `Was in dieser Viertelstunde zu kaufen war, ist im Akku${given(soc, (pct) => `: Er steht bei ${pct}`)}.`,
  battery_leaves_sun: ({ exportPrice, until: time }) =>
    `Der Akku lässt die Sonne${until(time)} vorbei: Einspeisen bringt jetzt${given(exportPrice, (price) => ` mit ${price}`)} mehr, oder der Platz ist für spätere Sonne.`,
  battery_against_rule: ({ price, limit }) =>
    `Eine Regel in evcc würde den Akku jetzt aus dem Netz laden${bracketed([given(price, (now) => `Strom kostet ${now}`), given(limit, (edge) => `ihre Grenze ist ${edge}`)])}; der Plan würde es nicht.`,
  fuse_relief: ({ phase, current, limitA, importKw, limitKw }) =>
    importKw !== null || limitKw !== null
      ? `Der Netzbezug ist${given(importKw, (kw) => ` mit ${kw}`)} zu nah an ${limitKw === null ? "seiner Grenze" : `seinen ${limitKw}`}; deshalb kauft der Akku gerade nicht.`
      : `${phase === null ? "Eine Phase" : `Phase ${phase}`} der Hauptsicherung ist${given(current, (amps) => ` mit ${amps}`)} zu nah an ${limitA === null ? "ihrer Grenze" : `ihren ${limitA}`}; deshalb kauft der Akku gerade nicht.`,
  safe_normal: () => "evcc wurde neu gestartet, während ein Modus galt; der Wechselrichter wird einmal auf normal gestellt.",
  car_cheap: ({ car, price, limit, until: time, nextAt }) =>
    nextAt !== null
      ? `${car ?? "Das Auto"} wartet auf die nächste geplante Viertelstunde, ${nextAt}${bracketed([given(price, (now) => `Strom kostet jetzt ${now}`), given(limit, (edge) => `geladen wird bis ${edge}`)])}.`
      : `${car ?? "Das Auto"} lädt${until(time)}: Das ist eine der geplanten Viertelstunden${bracketed([given(price, (now) => `Strom kostet ${now}`), given(limit, (edge) => `geladen wird bis ${edge}`)])}.`,
  car_now: ({ car, price, until: time }) =>
    `${car ?? "Das Auto"} lädt${until(time)}: Das ist eine der geplanten Viertelstunden${given(price, (now) => ` (Strom kostet ${now})`)}, und eine Preisgrenze wirkt in evcc hier nicht.`,
  bat_to_car: ({ car, value, price, bufferSoc }) => {
    const figures = because([given(value, (kwh) => `seine Energie ist ${kwh} wert`), given(price, (now) => `sie ersetzt Strom für ${now}`)]);
    return `Der Hausakku hilft ${car ?? "dem Auto"}${figures}.${given(bufferSoc, (pct) => ` Die unteren ${pct} bleiben dem Haus.`)}`;
  },
  owner_asked: ({ car, until: time }) => `${car ?? "Das Auto"} lädt sofort${until(time)}: Du willst es so.`,
  handed_back: () => "evcc hat deinen Wert wieder: SmartLoad braucht seinen nicht mehr.",
};

const holdEnd: Record<HoldEnd, (time: string | null) => string> = {
  midnight: () => "bis Mitternacht",
  car_leaves: () => "bis das Auto abgesteckt wird",
  resume: () => "bis du SmartLoad wieder übernehmen lässt",
  when_gone: () => "bis das endet",
};

const running: Record<OverrideKind, (title: string) => string> = {
  charge_now: (title) => `${title} lädt sofort`,
  keep_full: () => "Der Akku wird voll gehalten",
  holiday: () => "Urlaub",
};

const gate: Record<GateCode, GateWords> = {
  allowed: {
    title: "Du erlaubst es",
    figures: () => "",
    closed: () => "Der Hausakku hilft keinem Auto: Die Option battery_to_car ist aus.",
  },
  car_wants: {
    title: "Ein Auto will laden",
    figures: ({ car }) => car ?? "",
    closed: ({ car }) =>
      car === null
        ? "Der Hausakku hilft keinem Auto: Keines ist angesteckt, im Modus PV oder Min+PV und unter seinem Limit."
        : `Der Hausakku hilft ${car} nicht: Das Auto ist nicht angesteckt, nicht im Modus PV oder Min+PV oder schon an seinem Limit.`,
  },
  boost_available: {
    title: "evcc bietet den Boost an",
    figures: () => "",
    closed: () => "Der Hausakku hilft keinem Auto: evcc bietet hier keinen Boost mit Grenze an, oder es kennt den Akku nicht.",
  },
  above_buffer: {
    title: "Im Akku ist mehr, als der Puffer behält",
    figures: ({ soc, bufferSoc }) => joined([given(soc, (pct) => `${pct} im Akku`), given(bufferSoc, (pct) => `${pct} gehören dem Haus`)]),
    closed: ({ soc, bufferSoc }) =>
      soc === null || bufferSoc === null
        ? "Der Hausakku hilft gerade nicht: Was in ihm ist, behält der Puffer."
        : `Der Hausakku hilft gerade nicht: Er steht bei ${soc}, und ${bufferSoc} gehören dem Haus.`,
  },
  plan_agrees: {
    title: "Der Plan sieht es jetzt vor",
    figures: ({ kwh }) => given(kwh, (energy) => `${energy} in dieser Viertelstunde`),
    closed: ({ kwh }) => `Der Hausakku hilft gerade nicht: Der Plan sieht in dieser Viertelstunde ${kwh === null ? "nichts" : `nur ${kwh}`} aus ihm für das Auto vor.`,
  },
  worth_it: {
    title: "Es lohnt sich",
    figures: ({ value, price }) => joined([given(value, (kwh) => `Wert im Akku ${kwh}`), given(price, (now) => `ersetzt Strom für ${now}`)]),
    closed: ({ value, price }) =>
      value === null || price === null
        ? "Der Hausakku hilft gerade nicht: Was in ihm ist, ist mit Verlusten und Abnutzung mehr wert, als es ersetzt."
        : `Der Hausakku hilft gerade nicht: Seine Energie ist mit Verlusten und Abnutzung ${value} wert und würde nur Strom für ${price} ersetzen.`,
  },
  no_cheaper_window: {
    title: "Günstiger wird es bis zur Abfahrt nicht",
    figures: ({ price, bestPrice, bestAt }) =>
      joined([given(price, (now) => `jetzt ${now}`), given(bestPrice, (best) => `am günstigsten ${best}${given(bestAt, (at) => ` (${at})`)}`)]),
    closed: ({ price, bestPrice, bestAt }) =>
      `Der Hausakku hilft gerade nicht: Bis zur Abfahrt wird Strom noch günstiger${given(bestPrice, (best) => `, mit ${best}${given(bestAt, (at) => ` (${at})`)}`)}${given(price, (now) => ` statt ${now}`)}.`,
  },
};

const readBackOf: Record<WriteOutcome, (settledAt: string | null) => string> = {
  sent: (time) => (time === null ? "evcc hat es angenommen; gelesen wird es mit dem nächsten Stand." : "evcc hat es angenommen."),
  confirmed: (time) => `evcc zeigt es${given(time, (at) => ` seit ${at}`)}.`,
  not_confirmed: (time) => `evcc zeigte es${given(time, (at) => ` bis ${at}`)} nicht. SmartLoad wiederholt es nicht blind.`,
  failed: () => "evcc hat es abgelehnt oder nicht geantwortet.",
  refused: () => "SmartLoad hat es nicht gesendet.",
  simulated: () => "Nicht gesendet: Es wird nur beobachtet.",
};

/** What the service says of a write in English; the rest it says in German. */
const details: Partial<Record<string, string>> = {
  "no answer, or refused": "Keine Antwort, oder abgelehnt.",
  superseded: "Vorher kam schon der nächste Wert.",
  restarted: "SmartLoad wurde dazwischen neu gestartet.",
};

export const deControl = {
  stage: { buffer: "Puffer", battery: "Akku", cars: "Autos" } satisfies Record<StageName, string>,
  stageObject: { buffer: "den Puffer", battery: "den Akku", cars: "die Autos" } satisfies Record<StageName, string>,
  standing: { live: "live", observing: "beobachtet", owner: "dein Wert", resting: "ruht" } satisfies Record<Standing, string>,
  stagesLine: "Was SmartLoad steuert",

  setting: {
    bufferSoc: "Puffer (bufferSoc)",
    prioritySoc: "Vorrang des Akkus (prioritySoc)",
    bufferStartSoc: "Autostart (bufferStartSoc)",
    batteryMode: "Modus des Akkus (batteryMode)",
    mode: "Lademodus (mode)",
    smartCostLimit: "Preisgrenze (smartCostLimit)",
    batteryBoost: "Boost aus dem Akku (batteryBoost)",
    batteryBoostLimit: "Boost nur über (batteryBoostLimit)",
  } satisfies Record<SettingName, string>,

  value: {
    batteryMode: {
      unknown: "nichts vorgegeben",
      normal: "normal",
      hold: "Entladen gesperrt",
      charge: "lädt aus dem Netz",
      holdcharge: "Laden gesperrt",
      discharge: "entlädt",
    } satisfies Record<BatteryMode | "discharge", string>,
    noLimit: "keine Grenze",
    nothingImposed: "nichts vorgegeben",
    on: "an",
    off: "aus",
    yours: "dein Wert",
  },

  reason,

  // -- who is in charge --------------------------------------------------------------------------

  strip: {
    observing: "und ändert nichts in evcc.",
    observingOrders: "und ändert in evcc nur, worum du gebeten hast.",
    bufferFrom: (time: string) => `Den Puffer steuert es ab ${time}.`,
    live: (what: string) => `${what}.`,
    liveObserving: (what: string, rest: string) => `${what}; ${rest} beobachtet es.`,
    owner: "Den Puffer (bufferSoc) hast du in evcc selbst gesetzt.",
    ownerUntil: (time: string) => `Den Puffer (bufferSoc) hast du in evcc selbst gesetzt; SmartLoad lässt ihn bis ${time} in Ruhe.`,
    midnight: "Mitternacht",
    asides: "Was gerade außer der Reihe gilt",
    automaticOverTitle: "SmartLoad wartet auf dich.",
    automaticOver: "Die Automatik von evcc ist wieder aus. SmartLoad schreibt erst wieder, wenn du es übernehmen lässt.",
  },

  hold: {
    yours: (what: string, value: string) => `${what}: ${value}, von dir eingestellt`,
    others: (what: string, value: string) => `${what}: ${value}, von jemand anderem vorgegeben`,
    end: holdEnd,
    until: (time: string) => `bis ${time}`,
  },

  // -- for a while -------------------------------------------------------------------------------

  override: {
    title: "Für eine Weile",
    text: "Endet von selbst. Danach geht es weiter wie zuvor.",
    running,
    until: (time: string) => `bis ${time}`,
    end: "Beenden",
    endOf: (what: string) => `Beenden: ${what}`,
    ended: "Beendet.",
    car: "Auto",
    chargeNow: "Jetzt laden",
    chargeNowOf: (title: string) => `Jetzt laden: ${title}`,
    chargeHint: "Mit voller Leistung, gleich zu welchem Preis.",
    duration: "Wie lange",
    durationOf: (title: string) => `Wie lange ${title} sofort lädt`,
    noCar: "Gerade ist kein Auto angesteckt.",
    keepFull: "Akku für heute Nacht voll halten",
    keepFullShort: "Voll halten",
    keepFullUntil: "Bis 08:00 am Morgen",
    keepFullHint: "Fehlt etwas, kauft er es zum besten Preis.",
    holiday: "Urlaub",
    holidayStart: "Urlaub beginnen",
    holidayHint: "Wenig Verbrauch, und kein Auto lädt ohne eigenen Plan.",
    holidayUntil: "Urlaub bis einschließlich",
    started: (end: string) => `Läuft ${end}.`,
  },

  // -- the view ----------------------------------------------------------------------------------

  proof: {
    observing: {
      plan: "SmartLoad beobachtet: Es hat einen Plan, führt ihn aber nicht aus.",
      old_plan: "SmartLoad beobachtet: Es würde seinen letzten guten Plan weiterführen.",
      rules: "SmartLoad beobachtet: Es würde gerade nach einfachen Regeln handeln.",
      buffer_only: "SmartLoad beobachtet: Es würde gerade nur den Puffer bestimmen.",
    } satisfies Record<Exclude<ControlLevel, "hands_off">, string>,
    acting: {
      plan: (what: string) => `SmartLoad führt seinen Plan aus und steuert ${what}.`,
      old_plan: (what: string) => `SmartLoad führt seinen letzten guten Plan weiter und steuert ${what}.`,
      rules: (what: string) => `SmartLoad handelt gerade nach einfachen Regeln und steuert ${what}.`,
      buffer_only: () => "SmartLoad bestimmt gerade nur den Puffer; Akku und Autos überlässt es evcc.",
    } satisfies Record<Exclude<ControlLevel, "hands_off">, (what: string) => string>,
    handsOff: "SmartLoad schreibt gerade nichts nach evcc.",
    actingPlain: (what: string) => `SmartLoad steuert ${what}.`,
    observingPlain: "SmartLoad beobachtet.",
    nothingChanges: "In evcc ändert es nichts.",
    orders: (what: string) => `In evcc ändert es nur, worum du gebeten hast: ${what}.`,
    noGain: (since: string) => `Für Akku und Autos ist kein Plan besser als evccs eigene Regeln (seit ${since}), deshalb greift es dort nicht ein.`,
    alsoObserves: (what: string) => `Außerdem beobachtet es ${what}.`,
    ownersHand: "Den Puffer hast du selbst gesetzt; er bleibt, wie er ist.",
    full: "Es hat alles, was es für die oberste von fünf Stufen braucht.",
    step: (step: number, of: number) => `Das ist Stufe ${step} von ${of}.`,
    missing: (what: string, since: string) => `${what} (seit ${since}).`,
    unknown: "Wie viel SmartLoad gerade tun kann, zeigt sich nach der ersten Berechnung.",
  },

  stages: {
    title: "Was SmartLoad darf",
    modeOf: { observing: "Beobachtung", live: "Live" },
    observesSince: (since: string) => `Beobachtet seit ${since}.`,
    liveSince: (since: string) => `Live seit ${since}.`,
    observes: "Wird beobachtet.",
    isLive: "Ist live.",
    endsAt: (time: string) => `Von selbst live ab ${time}.`,
    nothing: {
      observing: "Gerade würde SmartLoad hier nichts ändern.",
      live: "Gerade ist hier nichts zu ändern: In evcc gelten deine Werte.",
    },
    applied: "In evcc",
    notApplied: "Nicht in evcc",
    resting: "SmartLoad schreibt hier gerade nichts.",
    letAct: "Freigeben",
    observe: "Wieder beobachten",
    letActOf: (what: string) => `Freigeben: ${what}`,
    observeOf: (what: string) => `Wieder beobachten: ${what}`,
    noBattery: "evcc kennt keinen Hausakku.",
    noControl: "evcc misst diesen Akku nur und kann ihn nicht steuern.",
    noCar: "evcc kennt keinen Ladepunkt.",
    readOnly: "Solange eine Option nicht stimmt, geht das nicht.",
    acts: { battery: "SmartLoad steuert jetzt den Akku.", cars: "SmartLoad steuert jetzt die Autos." },
    observed: {
      battery: "Der Akku wird wieder nur beobachtet. evcc bekommt deinen Wert zurück.",
      cars: "Die Autos werden wieder nur beobachtet. evcc bekommt deine Werte zurück.",
    },
  },

  dialog: {
    title: { battery: "Den Akku freigeben?", cars: "Die Autos freigeben?" },
    changes: "Das ändert sich gleich in evcc",
    nothingNow: "Zunächst nichts: Gerade würde SmartLoad hier nichts ändern.",
    now: "jetzt",
    then: "dann",
    what: {
      battery: [
        "SmartLoad stellt dann den Modus des Akkus (batteryMode), wie der Plan es vorsieht: normal, Entladen gesperrt, Laden gesperrt oder Laden aus dem Netz.",
        "evcc vergisst diesen Modus, wenn SmartLoad 60 Sekunden lang verstummt. Fällt SmartLoad aus, steuert evcc wieder selbst.",
        "Setzt jemand anderes einen Modus, lässt SmartLoad ihn stehen.",
      ],
      cars: [
        "SmartLoad setzt dann an jedem Ladepunkt die Preisgrenze (smartCostLimit), damit das Auto in den geplanten Viertelstunden lädt, und den Lademodus (mode), wo eine Preisgrenze nicht wirkt.",
        "Ist auch der Akku freigegeben und erlaubst du es in den Optionen, hilft er einem Auto: über den Boost (batteryBoost), und nur mit dem, was über dem Puffer liegt.",
        "Stellst du in evcc etwas davon selbst um, lässt SmartLoad es in Ruhe. Auf Aus und Schnell stellt es nie etwas um, was du so gewählt hast.",
      ],
    },
    kept: "Deine Werte bleiben gespeichert. evcc bekommt sie zurück, wenn SmartLoad endet oder du es willst.",
    confirm: "Freigeben",
  },

  master: {
    title: "Alles nur beobachten",
    off: "SmartLoad tut, was du unten freigegeben hast.",
    noneAllowed: "Unten ist nichts freigegeben: SmartLoad beobachtet ohnehin nur.",
    on: "evcc hat deine Werte zurück. SmartLoad schreibt nichts, bis du das hier ausschaltest.",
    switchOffFirst: "Schalte zuerst in evcc die Automatik aus. Danach kann SmartLoad wieder übernehmen.",
  },

  ladder: {
    title: "Wie viel gerade geht",
    now: "jetzt",
    since: (since: string) => `seit ${since}`,
    level: {
      plan: { title: "Plan", text: "Ein frischer Plan sagt, was Akku, Autos und Puffer tun sollen." },
      old_plan: { title: "Letzter guter Plan", text: "Der letzte gute Plan gilt weiter, bis ein neuer gelingt." },
      rules: { title: "Einfache Regeln", text: "Günstige Stunden, überschüssige Sonne und Abfahrtszeiten bestimmen, was geschehen soll." },
      buffer_only: { title: "Nur der Puffer", text: "Akku und Autos überlässt SmartLoad evcc; den Puffer berechnet es weiter." },
      hands_off: { title: "Hände weg", text: "SmartLoad schreibt nichts. In evcc gelten deine Werte und evccs eigene Regeln." },
    } satisfies Record<ControlLevel, { title: string; text: string }>,
    missing: "Was für mehr fehlt",
    nothingMissing: "Für mehr fehlt nichts.",
    pending: "Die erste Berechnung zeigt, welche Stufe gilt.",
  },

  missing: {
    evcc: "evcc antwortet nicht",
    automatic: "Die Automatik von evcc ist an",
    released: "Du lässt SmartLoad alles nur beobachten",
    config: "Eine Option stimmt nicht, deshalb beobachtet SmartLoad nur",
    clock: "Die Uhr ist noch nicht gestellt",
    disk: "Deine Werte ließen sich nicht sichern, deshalb wird keiner geändert",
    prices: "Es fehlen Strompreise",
    forecast: "Es fehlt eine Prognose",
    battery_soc: "Der Ladestand des Hausakkus fehlt",
    meters: "Die Leistungen ergeben zusammen keinen Sinn: Ein Zähler antwortet nicht",
    solver: "Es ließ sich kein Plan errechnen oder prüfen",
    no_gain: "Kein Plan ist besser als evccs eigene Regeln",
    nothing_to_control: "Es gibt weder einen Hausakku noch ein Auto",
  } satisfies Record<MissingCode, string>,

  automaticOver: "Die Automatik von evcc war an, und noch hat niemand SmartLoad wieder übernehmen lassen",

  /** What SmartLoad does because of it. */
  therefore: {
    evcc: "SmartLoad entscheidet und sendet nichts. Ein vorgegebener Modus des Akkus endet spätestens nach 90 Sekunden.",
    automatic: "SmartLoad rät nur und schreibt nichts.",
    released: "Alles wird nur beobachtet, bis du es wieder übernehmen lässt.",
    config: "Es wird nur beobachtet, bis die Option stimmt und SmartLoad neu gestartet ist.",
    clock: "Der Puffer wird nicht von selbst live.",
    disk: "Keine Einstellung wird zum ersten Mal geändert.",
    prices: "Ohne sie gibt es keinen Plan; Akku und Autos überlässt SmartLoad evcc.",
    forecast: "Ohne sie gibt es keinen Plan; Akku und Autos überlässt SmartLoad evcc.",
    battery_soc: "Der Akku kommt im Plan nicht vor.",
    meters: "Für den Akku wird nichts gekauft, weil niemand weiß, wie nah die Hauptsicherung an ihrer Grenze ist.",
    solver: "Bis es gelingt, gilt der letzte gute Plan, danach gelten einfache Regeln.",
    no_gain: "Nichts wird vorgegeben: evcc macht es von sich aus genauso gut.",
    nothing_to_control: "Prognosen und Preise siehst du trotzdem.",
  } satisfies Record<MissingCode, string>,

  batToCar: {
    title: "Hausakku hilft Auto",
    helps: (car: string) => `Der Hausakku hilft ${car} gerade beim Laden.`,
    wouldHelp: (car: string) => `Der Hausakku würde ${car} jetzt beim Laden helfen.`,
    helpsNot: "Der Hausakku hilft gerade keinem Auto.",
    aCar: "dem Auto",
    gates: "Bedingungen, in dieser Reihenfolge gefragt",
    isOpen: "erfüllt",
    isClosed: "nicht erfüllt",
    notAsked: "nicht gefragt",
    gate,
  },

  writes: {
    countTitle: "Schreibvorgänge heute",
    count: (most: string) => `von höchstens ${most}`,
    countAside: "seit Mitternacht; darüber hinaus nur, was sicher macht, was evcc zurückbekommt und was du willst",
    full: "Die Grenze für heute ist erreicht.",
    detail: (text: string) => details[text] ?? text,
    noneToday: "Heute wurde noch nichts nach evcc geschrieben.",
    pending: "Gezählt wird ab der ersten Berechnung.",
    setting: "Einstellung",
    n: "Heute",
    most: "Höchstens",
    logTitle: "Jeder Schreibvorgang",
    refused: "Das Protokoll ließ sich gerade nicht laden. Die Seite versucht es von selbst weiter.",
    empty: (days: string) => `In den letzten ${days} Tagen hat SmartLoad nichts geschrieben und hätte auch nichts geschrieben.`,
    emptyFilter: "Auf diese Auswahl passt keiner.",
    all: "Alle",
    stage: "Bereich",
    time: "Zeit",
    outcome: "Ergebnis",
    change: "Vorher → gewollt",
    reason: "Begründung",
    readBack: "Zurückgelesen",
    outcomeOf: {
      sent: "Gesendet",
      confirmed: "Bestätigt",
      not_confirmed: "Nicht bestätigt",
      failed: "Fehlgeschlagen",
      refused: "Nicht gesendet",
      simulated: "Simulation",
    } satisfies Record<WriteOutcome, string>,
    readBackOf,
    accepted: (value: string) => `evcc nahm ${value} an.`,
    shown: (shown: string, all: string, days: string) => `${shown} von ${all}, neueste zuerst, aus ${days} Tagen`,
    older: "es gibt noch ältere",
    more: (count: string) => `${count} weitere zeigen`,
  },

  own: {
    title: "Deine Werte in evcc",
    ownersText: "Bis dahin gilt dein Wert in evcc. SmartLoad kann auch gleich wieder übernehmen.",
    text: "SmartLoad hat diese Einstellungen geändert und sich deine Werte gemerkt.",
    yours: "Deiner",
    ours: "Gerade",
    setting: "Einstellung",
    since: "Seit",
    release: "evcc die Werte zurückgeben",
    resume: "SmartLoad wieder übernehmen lassen",
    released: "evcc hat deine Werte zurück.",
    resumed: "SmartLoad übernimmt wieder.",
    handsTitle: "Gehört gerade dir",
    handsText: "Das hast du in evcc selbst umgestellt. SmartLoad lässt es in Ruhe.",
    belongs: (end: string) => `gehört dir, ${end}`,
    others: (end: string) => `gibt jemand anderes vor, ${end}`,
    backTitle: "Bekommt evcc zurück",
    back: (value: string) => `evcc bekommt ${value} zurück`,
    backMode: "danach bestimmt evcc den Modus wieder selbst",
    whole: "Was dir gehört",
    none: "In evcc steht überall dein Wert.",
  },

  opinions: {
    titleOn: "Die Automatik von evcc ist an",
    titleOff: "Die Automatik von evcc war an",
    on: (since: string) => `Seit ${since} steuert evcc den Hausakku selbst. SmartLoad schaut zu und sagt, was es täte.`,
    off: (since: string) => `Sie ist wieder aus (an war sie ab ${since}). SmartLoad schreibt erst, wenn du es übernehmen lässt.`,
    evcc: "evcc",
    smartload: "SmartLoad würde",
    same: "Beide wollen dasselbe.",
    takeOver: "SmartLoad übernehmen lassen",
  },
};

export type ControlMessages = typeof deControl;
