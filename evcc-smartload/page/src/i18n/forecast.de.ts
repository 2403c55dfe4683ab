/** German texts of the forecast view. */

import type { BandVerdict, CorrelationVerdict } from "../logic/accuracy";
import type { ChoiceReason, EnergySource, ForecastKind, ImportState } from "../model";

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

interface DayWords {
  both: (sun: string, range: string, house: string) => string;
  sunOnly: (sun: string, range: string) => string;
  houseOnly: (house: string) => string;
  noSun: (house: string | null) => string;
}

const dayWords = (day: string, more: string, noMore: string): DayWords => ({
  both: (sun, range, house) => `${day} kommen${more} etwa ${sun} Sonne (${range}), und das Haus braucht${more} ${house}.`,
  sunOnly: (sun, range) => `${day} kommen${more} etwa ${sun} Sonne (${range}).`,
  houseOnly: (house) => `${day} braucht das Haus${more} ${house}; wie viel Sonne kommt, ist nicht bekannt.`,
  noSun: (house) => `${day} kommt keine Sonne${noMore}${house === null ? "" : `, und das Haus braucht${more} ${house}`}.`,
});

export const deForecast = {
  loading: "Die Prognose wird geladen.",
  refused: "Die Prognose ließ sich gerade nicht laden. Die Seite versucht es von selbst weiter.",
  first: "Die erste Prognose entsteht mit der nächsten Berechnung.",
  noTomorrow: "Wie viel Sonne morgen kommt, ist noch nicht bekannt.",
  tomorrow: dayWords("Morgen", "", ""),
  today: dayWords("Heute", "", ""),
  restOfToday: dayWords("Heute", " noch", " mehr"),
  away: (since: string, share: string) => `Seit ${since} scheint niemand zu Hause zu sein: Das Haus braucht ${share} vom Üblichen.`,
  holiday: (day: string) => `${day} ist Feiertag.`,
  noPast: "Noch keine Vergangenheit: Die Bänder sind bewusst weit.",
  shortPast: (days: number, shown: string) =>
    `Erst ${shown} ${plural(days, "Tag", "Tage")} Vergangenheit: Die Bänder sind noch weiter, als sie später sein werden.`,
  coverageBoth: (sun: string, house: string) =>
    `Zuletzt lag die Sonne in ${sun} und das Haus in ${house} der Viertelstunden im vorhergesagten Band; gewollt sind 80\u00a0%.`,
  coverageOf: (what: string, share: string) =>
    `Zuletzt lag „${what}“ in ${share} der Viertelstunden im vorhergesagten Band; gewollt sind 80\u00a0%.`,

  kind: {
    pv: "Sonne",
    load: "Haus",
    pv_provider: "Anbieter",
    import_price: "Strompreis",
    export_price: "Einspeisung",
  } satisfies Record<ForecastKind, string>,

  ahead: {
    title: "Was kommt",
    hint: "Das Band ist die Spanne, in der 8 von 10 Viertelstunden liegen sollen; die gestrichelte Linie ist die Mitte.",
    sun: "Sonne (kW)",
    sunChart: "Erwartete Leistung der Sonne mit Band, in kW",
    house: "Haus ohne Autos und Akku (kW)",
    houseChart: "Erwarteter Verbrauch des Hauses mit Band, in kW",
    price: (unit: string) => `Strompreis (${unit})`,
    priceChart: "Strompreis in Stufen: veröffentlicht durchgezogen, erwartet gestrichelt mit Band",
    expected: "Erwartet",
    provider: "Anbieter",
    published: "Veröffentlicht",
    notPublished: (from: string) => `Ab ${from} nicht veröffentlicht: erwartet`,
    exportPublished: "Einspeisung",
    exportExpected: "Einspeisung, erwartet",
    none: "Noch keine Prognose",
    noSun: "evcc hat keine Sonnenprognose",
    time: "Zeit",
    low: "Wenig",
    middle: "Mitte",
    high: "Viel",
    cheap: "Günstig",
    dear: "Teuer",
    isPublished: "veröffentlicht",
    isExpected: "erwartet",
    status: "Stand",
  },

  days: {
    title: "Tage und Fenster",
    day: "Tag",
    today: "Heute",
    restOfToday: "Heute noch",
    tomorrow: "Morgen",
    tomorrowAt: (time: string) => `morgen ${time}`,
    hint: "An 8 von 10 Tagen soll die Menge in ihrer Spanne liegen. Sie ist für den Tag als Ganzes gerechnet und enger als die Bänder der Viertelstunden zusammen.",
    none: "Sobald es eine Prognose gibt, steht hier, was jeder Tag bringt.",
    untilSurplus: (at: string, likely: string, most: string) =>
      `Bis zum nächsten Überschuss (${at}) braucht das Haus voraussichtlich ${likely} mehr, als die Sonne liefert; zu 90\u00a0% sind es höchstens ${most}.`,
    untilEnd: (at: string, likely: string, most: string) =>
      `Bis ${at} ist kein Überschuss in Sicht. Bis dahin braucht das Haus voraussichtlich ${likely} mehr, als die Sonne liefert; zu 90\u00a0% sind es höchstens ${most}.`,
    night: (from: string, to: string, likely: string, most: string) =>
      `In der Nacht, von ${from} bis ${to}, braucht das Haus voraussichtlich ${likely}; zu 90\u00a0% sind es höchstens ${most}.`,
    surplusNow: "Die Sonne deckt gerade das Haus.",
    windowsHeld: (share: string, count: string) => `Bei ${share} der letzten ${count} solchen Fenster lag der Bedarf in seiner Spanne; gewollt sind 80\u00a0%.`,
    table: "Was die Tage bringen",
  },

  confidence: {
    title: "Konfidenz der Sonnenprognose",
    of100: "So sehr ist der Sonnenprognose zu trauen; danach richtet sich der Puffer.",
    coverage: "Abdeckung",
    coverageWords: (pct: string, isAll: boolean, isNone: boolean) =>
      isNone ? "Für die nächsten 24 Stunden gibt es keine Prognose." : isAll ? "Die nächsten 24 Stunden sind ganz vorhergesagt." : `${pct} der nächsten 24 Stunden sind vorhergesagt.`,
    freshness: "Aktualität",
    freshnessWords: { high: "Der Anbieter hat vor Kurzem Neues gesagt.", middle: "Der Anbieter hat länger nichts Neues gesagt.", low: "Die Prognose des Anbieters ist alt." },
    accuracy: "Treffsicherheit",
    accuracyWords: (error: string) => `Die Menge der nächsten 24 Stunden dürfte um etwa ${error} daneben liegen; das folgt aus dem Band und den letzten sieben Tagen.`,
    product: (coverage: string, freshness: string, accuracy: string, raw: string) =>
      `${coverage} × ${freshness} × ${accuracy} = ${raw}; die Konfidenz folgt dem in Ruhe.`,
    meaning: (days: string, from: string, to: string, error: string) =>
      `An ${days} Tagen mit einer Konfidenz wie jetzt (${from} bis ${to}) lag die Tagesmenge im Mittel ${error} daneben.`,
    meaningOpen: "Was eine Konfidenz wie jetzt in deinem Zuhause bedeutet, zeigt sich nach einigen solchen Tagen.",
    correlation: {
      good: (value: string) => `An Tagen mit höherer Konfidenz waren die Fehler kleiner (Rangkorrelation ${value}).`,
      none: (value: string) => `Ob höhere Konfidenz kleinere Fehler heißt, lässt sich noch nicht sagen (Rangkorrelation ${value}).`,
      bad: (value: string) => `Bisher waren die Fehler an Tagen mit höherer Konfidenz nicht kleiner (Rangkorrelation ${value}).`,
    } satisfies Record<CorrelationVerdict, (value: string) => string>,
    table: "Was die Konfidenz bisher bedeutete",
    band: "Konfidenz",
    bandOf: (from: string, to: string) => `${from} bis ${to}`,
    nDays: "Tage",
    error: "Fehler der Tagesmenge",
    none: "Noch keine Konfidenz",
  },

  past: {
    title: "Gesagt und gekommen",
    hint: "Durchgezogen ist, was kam. Band und gestrichelte Mitte sind, was einen Tag vorher darüber gesagt wurde.",
    sunChart: "Sonne der letzten zwei Tage: gemessen, und was am Vortag gesagt wurde, in kW",
    houseChart: "Haus der letzten zwei Tage: gemessen, und was am Vortag gesagt wurde, in kW",
    measured: "Gemessen",
    said: "Am Vortag gesagt",
    none: "Vergleichen lässt sich ab morgen",
  },

  accuracy: {
    title: "Wie gut die Prognose trifft",
    since: (since: string, until: string) => `Vom ${since} bis zum ${until} ist beurteilt, was am Vortag gesagt wurde.`,
    none: "Noch gibt es nichts zu beurteilen: Erst muss gekommen sein, was am Vortag gesagt wurde. Das dauert gut einen Tag.",
    mae: (error: string, days: number, shown: string) =>
      `Im Mittel ${error} daneben (${shown}\u00a0${plural(days, "Tag", "Tage")}).`,
    daily: (kwh: string, pct: string | null) => `Über einen ganzen Tag gerechnet ${kwh} daneben${pct === null ? "" : ` (${pct})`}.`,
    coverage: (share: string) => `In ${share} der Viertelstunden lag der wahre Wert im Band; gewollt sind 80\u00a0%.`,
    verdict: {
      honest: "Das Band stimmt.",
      narrow: "Das Band ist zu schmal.",
      wide: "Das Band ist weiter als nötig.",
    } satisfies Record<BandVerdict, string>,
    biasHigh: (amount: string) => `Im Mittel wurden ${amount} zu viel vorhergesagt.`,
    biasLow: (amount: string) => `Im Mittel wurden ${amount} zu wenig vorhergesagt.`,
    biasNone: "Im Mittel weder zu viel noch zu wenig.",
    hourHigh: (from: string, to: string, amount: string) => `Von ${from} bis ${to} Uhr waren es im Mittel ${amount} zu viel, mehr als zu jeder anderen Stunde.`,
    hourLow: (from: string, to: string, amount: string) => `Von ${from} bis ${to} Uhr waren es im Mittel ${amount} zu wenig, mehr als zu jeder anderen Stunde.`,
    skillBetter: (pct: string, reference: string) => `${pct} besser als die einfache Prognose „${reference}“.`,
    skillWorse: (pct: string, reference: string) => `${pct} schlechter als die einfache Prognose „${reference}“.`,
    daylight: "Bei der Sonne zählen nur Viertelstunden mit Tageslicht.",
    biasChart: (kind: string) => `${kind}: Abweichung nach Uhrzeit`,
    tooMuch: "zu viel vorhergesagt",
    tooLittle: "zu wenig",
    hour: "Stunde",
    hourOf: (from: string, to: string) => `${from} bis ${to} Uhr`,
    bias: "Abweichung",
    leads: "Nach Vorlauf",
    lead: "Gesagt",
    leadOf: (hours: string) => `${hours} h vorher`,
    error: "Fehler",
    inBand: "Im Band",
    slots: "Viertelstunden",
    byDay: "Nach Tagen",
    day: "Tag",
    saidOf: "Gesagt",
    measured: "Gemessen",
    confidence: "Konfidenz",
  },

  models: {
    title: "Welches Verfahren, und warum",
    hint: "Für jede Prognose treten mehrere Verfahren an. Es gilt das mit dem kleinsten Verlust in den letzten zwei Wochen, doch gewechselt wird nur bei klarem Vorsprung. Je kleiner, desto näher lagen Mitte und Band an dem, was kam.",
    none: "Sobald es eine Prognose gibt, steht hier, wie sie entsteht.",
    uses: (model: string) => `In Gebrauch: ${model}`,
    reason: {
      best: "Es hatte zuletzt den kleinsten Verlust.",
      too_little_history: "Zum Vergleichen ist noch zu wenig Vergangenheit da; bis dahin gilt die Voreinstellung.",
      kept: "Ein anderes hat einen kleineren Verlust, aber nicht deutlich genug oder nicht an genug Tagen, um zu wechseln.",
    } satisfies Record<ChoiceReason, string>,
    model: "Verfahren",
    loss: "Verlust",
    nDays: "Tage",
    inUse: "in Gebrauch",
    names: {
      provider_corrected: "Anbieter, auf dieses Dach korrigiert",
      provider: "Anbieter, wie er es sagt",
      own_past: "Eigene Vergangenheit, ohne Anbieter",
      similar_days: "Ähnliche frühere Tage",
      published_shape: "Verlauf der veröffentlichten Preise",
      published: "Wie veröffentlicht",
      persistence: "Wie gestern",
      same_slot_last_week: "Wie vor einer Woche",
      mean_profile_30d: "Mittel der letzten 30 Tage",
    } as Readonly<Record<string, string>>,
  },

  history: {
    title: "Vergangenheit",
    none: "Es wird keine Vergangenheit aufbewahrt.",
    empty: "Noch ist nichts aufgezeichnet. Die erste Viertelstunde kommt gleich.",
    since: "Aufgezeichnet seit",
    last: "Zuletzt",
    days: "Tage mit Messwerten",
    size: "Größe",
    builtOn: "Davon für das Haus genutzt",
    nDays: (days: number, shown: string) => `${shown}\u00a0${plural(days, "Tag", "Tage")}`,
    problem: "Gerade kann nichts aufgezeichnet werden:",
    imports: "Übernommen aus anderen Aufzeichnungen",
    source: {
      evcc: "evcc",
      influx: "InfluxDB",
      home_assistant: "Home Assistant",
      live: "eigene Messung",
    } satisfies Record<EnergySource, string>,
    state: {
      waiting: "wartet",
      running: "läuft",
      done: "fertig",
      failed: "fehlgeschlagen",
      unavailable: "hat nichts zu übernehmen",
    } satisfies Record<ImportState, string>,
    taken: (count: number, shown: string, since: string | null) =>
      `${shown} ${plural(count, "Viertelstunde", "Viertelstunden")}${since === null ? "" : `, seit ${since}`}`,
  },
};

export type ForecastMessages = typeof deForecast;
