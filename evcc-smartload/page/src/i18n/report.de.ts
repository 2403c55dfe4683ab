/** German texts of the report: what it cost, what it would have cost, and what to make of it. */

import type { PeriodFault, Verdict } from "../logic/report";
import type { AdviceCode, NoteCode, Obstacle, PolicyName } from "../model";

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** An amount without its sign, and whether it came in. */
export interface Amount {
  text: string;
  isGain: boolean;
}

/** A saving without its sign and its range; the range is null where it says nothing more. */
export interface Saving {
  text: string;
  range: string | null;
  sign: "less" | "more" | "same";
}

/** What a note or an advice is about; null where it is not told. */
export interface ReportFigures {
  days: string | null;
  nDays: number | null;
  since: string | null;
}

const bracketed = (range: string | null): string => (range === null ? "" : ` (${range})`);

const savingText = (would: boolean, { text, range, sign }: Saving): string => {
  if (sign === "same") return would ? "hätte SmartLoad gleich viel gekostet wie evccs Regeln" : "hat SmartLoad gleich viel gekostet wie evccs Regeln";
  const rest = sign === "less" ? `${text} gespart` : `${text} mehr gekostet als evccs Regeln`;
  return `${would ? "hätte" : "hat"} SmartLoad ${rest}${bracketed(range)}`;
};

const nDays = (count: number, shown: string): string => `${shown}\u00a0${plural(count, "Tag", "Tage")}`;

export const deReport = {
  tabs: { label: "Nachweis", control: "Steuerung", report: "Bericht" },
  toReport: "Zum Bericht",
  toBacktest: "Bericht und Rückrechnung",
  cardTitle: "Was es bringt",
  thousand: "Tsd.",
  million: "Mio.",
  nDays,

  // -- the sentence ------------------------------------------------------------------------------

  sentence: {
    loading: "Der Bericht wird geladen.",
    refused: "Der Bericht ließ sich gerade nicht laden. Die Seite versucht es von selbst weiter.",
    collecting: (count: number, shown: string) => `Für einen Bericht ${plural(count, "fehlt noch", "fehlen noch")} ${nDays(count, shown)} mit Messwerten.`,
    collectingSoon: "Genug Tage sind gemessen. Der erste Bericht entsteht in den nächsten Minuten.",
    collectingOpen: "Einen Bericht gibt es noch nicht.",
    impossible: "Ein Bericht ist noch nicht möglich.",
    obstacle: {
      no_capacity: "evcc sagt nicht, wie viele kWh der Hausakku fasst. Trage seine Kapazität in evcc ein.",
      no_prices: "Aufgezeichnet ist kein einziger Strompreis. Richte in evcc einen Tarif ein.",
      nothing_to_control: "evcc kennt keinen Hausakku, und kein Auto hat geladen. Es gibt nichts zu vergleichen.",
    } satisfies Record<Obstacle, string>,
    collectingWhy: "SmartLoad misst von selbst mit, auch während es nur beobachtet. Danach steht hier, was du bezahlt hast und was es mit SmartLoad gewesen wäre.",
    working: (pct: string) => `Der erste Bericht entsteht gerade: ${pct} sind gerechnet.`,
    workingWhy: "Die gemessenen Tage werden noch einmal durchlebt, mit und ohne SmartLoad. Das dauert einige Minuten und stört nichts.",
    failed: "Der Bericht ließ sich nicht erstellen.",
    noneCounted: "Noch lässt sich nichts vergleichen: Kein Tag ist ausreichend gemessen.",
    days: (count: number, shown: string, counted: string | null) => (counted === null ? nDays(count, shown) : `${nDays(count, shown)}, ${counted} davon gezählt`),
    paid: ({ text, isGain }: Amount) => (isGain ? `Du hast ${text} eingenommen` : `Du hast ${text} bezahlt`),
    evcc: ({ text, isGain }: Amount) => `evccs Regeln allein hätten ${text} ${isGain ? "eingebracht" : "gekostet"}`,
    ours: ({ text, isGain }: Amount, range: string | null, isLive: boolean) =>
      isLive
        ? `SmartLoads Entscheidungen ${isGain ? "brachten" : "kosteten"} ${text}${bracketed(range)}`
        : `SmartLoad hätte ${text} ${isGain ? "eingebracht" : "gekostet"}${bracketed(range)}`,
    whole: (days: string, parts: readonly string[]) => `${days}: ${parts.join(", ")}.`,
    saving: ({ text, range, sign }: Saving) =>
      sign === "same"
        ? "Das ist so viel wie mit evccs Regeln."
        : `Das sind ${text} ${sign === "less" ? "weniger" : "mehr"} als mit evccs Regeln${bracketed(range)}.`,
    partlyLive: (since: string) => `Seit dem ${since} steuert SmartLoad; die Tage davor sind Simulation.`,
    isNewMade: (pct: string) => `Ein neuer Bericht entsteht gerade (${pct}).`,
    isOld: "Der neue Bericht ließ sich nicht erstellen; das hier ist der letzte.",
    line: (days: string, saving: Saving, isLive: boolean) => `In ${days.replace("Tage", "Tagen")} ${savingText(!isLive, saving)}.`,
  },

  failed: {
    title: "Was jetzt hilft",
    steps: [
      "SmartLoad versucht es von selbst wieder; meist genügt es, zu warten.",
      "Sieh unter „Prognose“ nach, ob die Vergangenheit aufgezeichnet wird und der Speicher nicht voll ist.",
      "Bleibt es dabei, hilft die Meldung hier drunter bei der Suche; im Protokoll von SmartLoad steht mehr dazu.",
    ],
  },

  // -- what to do --------------------------------------------------------------------------------

  advice: {
    title: "Empfehlung",
    of: {
      wait: "Warte noch.",
      activate: "Freigeben lohnt sich.",
      not_worth: "Freigeben lohnt sich gerade nicht.",
      keep: "Lass es so.",
      look: "Sieh nach, was los ist.",
    } satisfies Record<AdviceCode, string>,
    why: {
      wait: ({ days, nDays: count }: ReportFigures) =>
        days === null || count === null
          ? "Für ein Urteil sind es noch zu wenige Tage, oder sie sind zu verschieden. Beobachten kostet nichts."
          : `Für ein Urteil ${plural(count, "fehlt noch", "fehlen noch")} ${days}. Beobachten kostet nichts.`,
      activate: () => "In den beobachteten Tagen wäre es billiger gewesen. Du kannst jederzeit wieder nur beobachten lassen, und deine Werte in evcc bleiben gespeichert.",
      not_worth: () => "evccs eigene Regeln machen es bei dir bisher so gut wie SmartLoad. Beobachten kostet nichts, und das kann sich mit der Jahreszeit oder einem anderen Tarif ändern.",
      keep: () => "SmartLoad steuert und ist nicht teurer als evccs eigene Regeln. Der Bericht wird weitergeführt.",
      look: () => "SmartLoad steuert, war aber nicht billiger als evccs eigene Regeln. Unten steht, was es geändert hat; unter „Steuerung“ kannst du es jederzeit nur beobachten lassen.",
    } satisfies Record<AdviceCode, (figures: ReportFigures) => string>,
    verdict: {
      gain: "Auch das vorsichtige Ende der Spanne liegt im Plus.",
      open: "Die Spanne reicht von Verlust bis Gewinn: Zufall ist nicht ausgeschlossen.",
      loss: "Auch das günstige Ende der Spanne liegt im Minus.",
    } satisfies Record<Verdict, string>,
    none: "Eine Empfehlung gibt es mit dem ersten Bericht.",
    letAct: "Das lässt sich freigeben:",
    isLive: "SmartLoad steuert schon alles, was es kann.",
    toControl: "Was SmartLoad darf",
  },

  // -- the figures -------------------------------------------------------------------------------

  result: {
    title: "Im Vergleich",
    who: "Wer entscheidet",
    cost: "Kosten",
    band: "8 von 10 Mal",
    within: (range: string) => `8 von 10 Mal ${range}`,
    paid: "Bezahlt",
    paidAside: "nach deinen Zählern",
    evcc: "evccs Regeln allein",
    evccAside: "im Modell, mit deinen Einstellungen",
    ours: "SmartLoad",
    oursAside: { observed: "im Modell, Simulation", live: "im Modell, mit dem, was es tat" },
    possible: "Mit Wissen der Zukunft",
    possibleAside: "die Grenze: besser kann es niemand",
    saving: "Gespart",
    extra: "Mehrkosten",
    savingAside: "SmartLoad gegenüber evccs Regeln",
    captured: (pct: string, would: boolean) => `Von dem, was sich höchstens sparen ließ, ${would ? "hätte SmartLoad" : "hat SmartLoad"} ${pct} erreicht.`,
    capturedOpen: "Wie viel sich höchstens sparen ließ, ist nicht bekannt.",
    range: (low: string, high: string) => `${low} bis ${high}`,
  },

  charts: {
    title: "Tag für Tag",
    hint: { observed: "Gestrichelt ist, was gewesen wäre; durchgezogen ist, was war. Lücken sind Tage, die nicht zählen.", live: "Gestrichelt sind die Tage, an denen SmartLoad nur beobachtete; durchgezogen ist, was war. Lücken sind Tage, die nicht zählen." },
    daily: (unit: string) => `Kosten je Tag (${unit})`,
    dailyChart: "Kosten je Tag: bezahlt, mit evccs Regeln, mit SmartLoad",
    sum: (unit: string) => `Gespart bis dahin (${unit})`,
    sumChart: "Was SmartLoad gegenüber evccs Regeln bis zu jedem Tag spart, mit Spanne",
    sumHint: "Die Spanne ist für das Ende gerechnet; davor ist sie so viel schmaler, wie es Tage weniger sind (Wurzel).",
    paid: "Bezahlt",
    evcc: "evccs Regeln",
    oursObserved: "SmartLoad, Simulation",
    oursLive: "SmartLoad, live",
    saved: "Gespart",
    above: "gespart",
    below: "mehr gekostet",
    none: "Noch keine Tage",
    day: "Tag",
    counted: "Gezählt",
    yes: "ja",
    no: "nein, zu wenig gemessen",
    possible: "Möglich",
  },

  months: {
    title: "Monat für Monat",
    month: "Monat",
    saving: "Gespart",
    days: "Tage",
    none: "Der erste Monat ist noch nicht dabei.",
    hint: "Ein Minus heißt: In diesem Monat wäre evcc allein billiger gewesen.",
  },

  changes: {
    title: { observed: "Was SmartLoad geändert hätte", live: "Was SmartLoad geändert hat und hätte" },
    none: "Aus dieser Zeit ist keine Änderung aufgezeichnet.",
    shown: (shown: string, all: string) => `${shown} von ${all}, neueste zuerst`,
    more: (count: string) => `${count} weitere zeigen`,
    live: "Live",
  },

  buffers: {
    title: "Was der Puffer kostete und schützte",
    hint: "Der Puffer hält Energie fürs Haus zurück. Das kostet etwas, wenn sie sonst nützlich gewesen wäre, und hilft in der Nacht.",
    strategy: { formula: "Nach der Formel", risk: "Nach dem Risiko" } as Readonly<Record<string, string>>,
    strategyText: {
      formula: "Aus der Konfidenz der Sonnenprognose und der Preisspanne",
      risk: "Aus dem, was das Haus bis zum nächsten Überschuss brauchen kann",
    } as Readonly<Record<string, string>>,
    chosen: "gewählt",
    cost: "Kosten je Tag",
    nights: "Nächte überbrückt",
    of: (part: string, all: string) => `${part}\u00a0von\u00a0${all}`,
    kept: "Fürs Haus behalten",
    departures: "Autos rechtzeitig bereit",
    noDepartures: "keine Abfahrt",
    noNights: "keine Nacht",
    none: "Für den Puffer gibt es noch nichts zu vergleichen.",
    noBattery: "evcc kennt keinen Hausakku. Ohne ihn gibt es keinen Puffer.",
  },

  method: {
    title: "Wie gerechnet ist",
    text: [
      "Bezahlt ist, was deine Zähler sagen, zu den Preisen, die galten. Alles andere ist gerechnet: Die gemessenen Tage werden in einem Modell deines Zuhauses noch einmal durchlebt, einmal mit evccs Regeln und deinen Einstellungen, einmal mit SmartLoad. Es kennt dabei nur, was damals bekannt war: die veröffentlichten Preise und die Prognosen von damals.",
      "Alle haben denselben Akku, dieselben Autos, dasselbe Wetter. Was am Ende mehr oder weniger im Akku ist, wird zu einem einheitlichen Preis verrechnet. Machen zwei dasselbe, ist der Unterschied genau 0.",
      "Die Spanne sagt, wie sehr das Ergebnis davon abhängt, welche Tage es waren: In 8 von 10 Fällen läge es darin. Fehler des Modells stecken nicht in ihr; wie weit „Bezahlt“ und „evccs Regeln“ auseinanderliegen, gibt davon einen Eindruck, solange SmartLoad nur beobachtet.",
    ],
    excluded: "Tage ohne ausreichende Messwerte",
    excludedOf: (pct: string, days: string, all: string) => `${pct} (${days} von ${all}); sie zählen nirgends mit.`,
    period: "Zeitraum",
    periodOf: (since: string, until: string) => `${since} bis ${until}`,
    made: "Erstellt",
    notes: "Was man dazu wissen muss",
  },

  note: {
    few_days: ({ days }: ReportFigures) => (days === null ? "Es sind erst wenige Tage; die Spanne ist entsprechend weit." : `Es sind erst ${days}; die Spanne ist entsprechend weit.`),
    prices_assumed: ({ days }: ReportFigures) => (days === null ? "Für einen Teil der Zeit waren keine Preise aufgezeichnet; sie sind angenommen." : `Für ${days} waren keine Preise aufgezeichnet; sie sind angenommen.`),
    forecasts_remade: ({ days }: ReportFigures) =>
      days === null ? "Ein Teil der Prognosen von damals war nicht aufgezeichnet und ist aus dem gerechnet, was damals bekannt war." : `Für ${days} waren die Prognosen nicht aufgezeichnet; sie sind aus dem gerechnet, was damals bekannt war.`,
    battery_assumed: () => "Leistung oder Verluste des Akkus meldet evcc nicht; dafür stehen übliche Werte.",
    cars_unknown: () => "Wann Autos da waren, ist nicht überall aufgezeichnet; dort ist es aus dem Ladestrom geschlossen.",
    settings_changed: ({ since }: ReportFigures) => `Deine Einstellungen haben sich in dieser Zeit geändert${since === null ? "" : ` (zuletzt am ${since})`}; gerechnet ist überall mit den jetzigen.`,
    paid_unknown: () => "Was du bezahlt hast, ist nicht bekannt: Bezug, Einspeisung oder Preise fehlen.",
    model_deviates: () => "Obwohl SmartLoad nur beobachtet hat, kosten evccs Regeln im Modell spürbar etwas anderes, als du bezahlt hast: Das Modell trifft dein Zuhause nicht genau. Verlässlicher als die Beträge ist der Unterschied zwischen evccs Regeln und SmartLoad.",
    partly_live: ({ since }: ReportFigures) => (since === null ? "Einen Teil der Zeit hat SmartLoad gesteuert." : `Seit ${since} hat SmartLoad gesteuert.`),
  } satisfies Record<NoteCode, (figures: ReportFigures) => string>,

  // -- the back-test -----------------------------------------------------------------------------

  backtest: {
    title: "Rückrechnung eines Zeitraums",
    text: "Wähle einen Zeitraum, von dem Messwerte da sind. Er wird noch einmal durchlebt, für jede dieser Möglichkeiten einmal. An deinem Zuhause ändert das nichts.",
    from: "Vom",
    to: "Bis einschließlich",
    start: "Rechnen",
    again: "Neu rechnen",
    cancel: "Abbrechen",
    running: (from: string, to: string) => `Durchlebt: ${from} bis ${to}`,
    progress: "Fortschritt der Rückrechnung",
    seconds: (count: string) => `noch etwa ${count}\u00a0Sekunden`,
    minutes: (count: number, shown: string) => `noch etwa ${shown}\u00a0${plural(count, "Minute", "Minuten")}`,
    etaOpen: "wie lange noch, zeigt sich gleich",
    starting: "Die Rückrechnung beginnt.",
    cancelled: "Abgebrochen. Es ist nichts davon geblieben.",
    failed: "Die Rückrechnung ist fehlgeschlagen. Ein anderer, kürzerer Zeitraum geht vielleicht.",
    idle: "Noch wurde keine gerechnet.",
    firstDay: (day: string) => `Aufgezeichnet seit ${day}`,
    noHistory: "Noch ist nichts aufgezeichnet, womit sich rechnen ließe.",
    fault: {
      missing: "Bitte zwei Tage wählen.",
      reversed: "Der erste Tag liegt nach dem letzten.",
      future: "Der letzte Tag muss vorbei sein.",
      too_early: "Aus dieser Zeit ist nichts aufgezeichnet.",
    } satisfies Record<PeriodFault, string>,
    refused: "Was die Rückrechnung macht, ließ sich gerade nicht laden. Die Seite versucht es weiter.",
    result: (from: string, to: string, days: string) => `${from} bis ${to}, ${days} gezählt`,
    excluded: (pct: string) => `${pct} der Tage waren zu wenig gemessen und zählen nicht.`,
    lead: (saving: Saving) => `In diesem Zeitraum ${savingText(true, saving)}.`,
    captured: (pct: string) => `Das sind ${pct} von dem, was mit Wissen der Zukunft möglich gewesen wäre.`,
    ofBattery: (evcc: string, ours: string) => `Von allem, was der Akku überhaupt sparen kann, holt evcc allein ${evcc} heraus, mit SmartLoad sind es ${ours}.`,
    policy: "Wer entscheidet",
    policies: {
      no_battery: { title: "Ohne Hausakku", text: "Als gäbe es keinen; Autos laden nach evccs Regeln." },
      evcc: { title: "evcc allein", text: "evccs Regeln mit deinen Einstellungen. Damit wird verglichen." },
      formula: { title: "evcc, Puffer nach Formel", text: "SmartLoad setzt nur den Puffer, nach der Formel." },
      risk: { title: "evcc, Puffer nach Risiko", text: "SmartLoad setzt nur den Puffer, nach dem Risiko." },
      smartload: { title: "SmartLoad", text: "Sein Plan für Akku, Autos und Puffer, über die Schalter von evcc." },
      foresight: { title: "Mit Wissen der Zukunft", text: "Wetter, Verbrauch und Preise genau vorher gewusst: die Grenze." },
    } satisfies Record<PolicyName, { title: string; text: string }>,
    cost: "Kosten",
    saving: "Gespart",
    ofPossible: "Vom Möglichen",
    selfSufficiency: "Eigenversorgung",
    ready: "Autos bereit",
    more: "Energie und Eingriffe als Tabelle",
    bought: "Bezogen",
    sold: "Eingespeist",
    battery: "Aus dem Akku",
    peak: "Höchster Bezug",
    writes: "Änderungen in evcc je Tag",
    decisions: "Entscheidungen je Tag",
    chart: (unit: string) => `Gespart gegenüber evcc allein (${unit})`,
    chartLabel: "Was jede Möglichkeit gegenüber evcc allein bis zu jedem Tag spart",
    downloads: "Zum Mitnehmen",
    files: { html: "Bericht (HTML)", csv: "Tage (CSV)", json: "Alles (JSON)" },
    notFetched: "Die Datei ließ sich gerade nicht laden.",
  },
};

export type ReportMessages = typeof deReport;
