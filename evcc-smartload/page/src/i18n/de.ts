/** German texts, and the shape every language has. */

import type { PriceRank } from "../logic/prices";
import type { ProblemCode } from "../model";
import { deControl } from "./control.de";
import { deForecast } from "./forecast.de";
import { dePlan } from "./plan.de";
import { deReport } from "./report.de";
import { deRisk } from "./risk.de";

interface ProblemWords {
  title: string;
  /** What it means, and what SmartLoad or the owner does about it. */
  text: string;
}

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** Why the buffer stands where it stands. */
const confidenceWhy = (pct: string, isHigh: boolean): string =>
  isHigh
    ? `Die Sonnenprognose ist mit ${pct} recht sicher; je sicherer sie ist, desto mehr vom Akku wird für Autos frei.`
    : `Die Sonnenprognose ist mit ${pct} zu unsicher, um mehr davon für Autos freizugeben.`;

const priceRank = (span: string): Record<PriceRank, string> => ({
  negative: "Für Strom gibt es gerade Geld",
  flat: `Strom kostet ${span} immer gleich viel`,
  lowest: `Strom ist jetzt so günstig wie kaum sonst ${span}`,
  low: `Strom ist jetzt günstiger als meist ${span}`,
  middle: `Der Preis von jetzt liegt ${span} im Mittelfeld`,
  high: `Strom ist jetzt teurer als meist ${span}`,
  highest: `Strom ist jetzt so teuer wie kaum sonst ${span}`,
});

export const de = {
  name: "SmartLoad",
  skip: "Zum Inhalt springen",
  nav: { label: "Ansichten", now: "Jetzt", plan: "Plan", buffer: "Puffer", forecast: "Prognose", proof: "Nachweis", report: "Bericht" },
  language: "Sprache",
  theme: { label: "Farbschema", auto: "System", light: "Hell", dark: "Dunkel" },
  simulation: "Simulation",
  live: "Live",
  off: "aus",
  unknown: "unbekannt",
  cancel: "Abbrechen",
  asTable: "Als Tabelle",
  pending: "Einen Moment …",

  link: {
    label: "Verbindung",
    connecting: "Verbinde …",
    live: "Verbunden",
    polling: "Verbunden (Abfrage)",
    lost: (since: string) => `Getrennt seit ${since}`,
    lostLong: (since: string) =>
      `Keine Verbindung zu SmartLoad seit ${since}. Die Werte sind auf diesem Stand; die Seite verbindet sich von selbst wieder.`,
    neverHeard: "SmartLoad antwortet nicht. Die Seite versucht es von selbst weiter.",
    refused: "Kein Zugang",
    expired: "Sitzung abgelaufen",
    expiredLong: "Die Sitzung ist abgelaufen. Lade die Seite neu, um weiterzumachen.",
    reload: "Neu laden",
  },

  inCharge: {
    label: "Wer entscheidet",
    observing: "SmartLoad beobachtet",
    live: "SmartLoad steuert",
    owner: "Deine Einstellung gilt.",
    evcc_automatic: "evcc steuert selbst.",
    evccAutomaticText: "Die Automatik von evcc ist an. SmartLoad schreibt nicht, solange sie läuft.",
    released: "Zurückgegeben.",
    releasedText: "evcc hat deine eigenen Werte zurück. SmartLoad schreibt nichts, bis du es wieder übernehmen lässt.",
    degraded: "Eingeschränkt:",
    degradedText: (what: string, since: string) => `${what}, seit ${since}.`,
    degradedOpen: "Etwas fehlt; SmartLoad schreibt vorerst nichts.",
    observeOnly: "SmartLoad beobachtet nur.",
    observeOnlyText: "Eine Option ist nicht gültig; bis sie stimmt, wird in evcc nichts geändert.",
    waiting: "Noch nichts bekannt.",
    waitingText: "SmartLoad hat noch nicht berichtet.",
  },

  demo: {
    badge: "Demo",
    long: "Simuliertes Zuhause",
    time: "Simulierte Zeit",
    speed: "Tempo",
    speedOf: (hour: string) => `1 h in ${hour}`,
    realTime: "Echtzeit",
    progress: (pct: string) => `Die Tage davor werden durchlebt: ${pct}`,
  },

  health: {
    title: "Zustand",
    fine: "Alles in Ordnung.",
    count: (count: number) => `${count} ${plural(count, "Hinweis", "Hinweise")}`,
    since: (since: string) => `seit ${since}`,
    severity: { info: "Hinweis", warning: "Warnung", error: "Fehler" },
    lastCycle: "Letzte Berechnung",
    nextCycle: "Nächste",
    evcc: "evcc",
    evccReachable: (version: string) => `erreichbar, Version ${version}`,
    evccAway: (since: string) => `antwortet nicht seit ${since}`,
    evccUnknown: "noch nicht gefunden",
    version: "SmartLoad",
  },

  problems: {
    evcc_not_found: {
      title: "evcc wurde noch nicht gefunden",
      text: "Trage die Adresse von evcc in den Optionen ein, oder starte evcc; SmartLoad sucht weiter.",
    },
    evcc_unreachable: {
      title: "evcc antwortet nicht",
      text: "SmartLoad zeigt den letzten bekannten Stand, schreibt nichts und fragt weiter nach.",
    },
    evcc_unreadable: {
      title: "evcc antwortet unverständlich",
      text: "Die Adresse stimmt vielleicht nicht, oder die Antwort kam nur halb an. SmartLoad fragt weiter nach.",
    },
    evcc_automatic_mode: {
      title: "Die Automatik von evcc ist an",
      text: "evcc steuert den Hausakku selbst. SmartLoad schreibt nicht, solange sie läuft.",
    },
    evcc_stale_meters: {
      title: "Ein Zähler von evcc antwortet nicht",
      text: "Die Leistungen, die evcc zeigt, ergeben zusammen keinen Sinn. Sieh in evcc nach den Zählern.",
    },
    evcc_implausible: {
      title: "evcc meldet unglaubwürdige Werte",
      text: "SmartLoad lässt sie weg.",
    },
    evcc_automatic_ended: {
      title: "Die Automatik von evcc ist wieder aus",
      text: "SmartLoad schreibt erst, wenn du es unter „Nachweis“ übernehmen lässt.",
    },
    foreign_control: {
      title: "Jemand anderes gibt den Modus des Hausakkus vor",
      text: "SmartLoad lässt ihn in Ruhe, bis das endet. Steuert noch ein anderes Programm deinen Akku?",
    },
    write_not_confirmed: {
      title: "evcc zeigt nicht, was SmartLoad geschrieben hat",
      text: "evcc hat es angenommen, aber kein Stand danach zeigt es. SmartLoad wiederholt es frühestens nach 15 Minuten.",
    },
    write_budget_spent: {
      title: "Eine Einstellung wurde heute so oft geändert, wie ein Tag erlaubt",
      text: "Bis Mitternacht geht nur noch, was sicher macht, was evcc zurückbekommt und worum du bittest.",
    },
    fuse_near_limit: {
      title: "Die Hauptsicherung ist nah an ihrer Grenze",
      text: "Solange kauft der Hausakku nicht. Das geht von selbst vorbei.",
    },
    no_battery: {
      title: "evcc kennt keinen Hausakku",
      text: "Ohne ihn hat der Puffer nichts zu tun.",
    },
    no_battery_soc: {
      title: "Der Ladestand des Hausakkus fehlt",
      text: "Ein Akku meldet ihn nicht an evcc.",
    },
    no_solar_forecast: {
      title: "Es fehlt die Sonnenprognose",
      text: "Richte in evcc eine Prognose ein. Bis dahin zählt die Konfidenz als 0 %, und der Puffer bleibt groß.",
    },
    no_prices: {
      title: "Es fehlen Strompreise",
      text: "evcc kennt ab jetzt keinen Preis. Bis dahin zählt die Preisspanne als 0.",
    },
    buffer_not_applied: {
      title: "evcc hat den Puffer nicht übernommen",
      text: "SmartLoad versucht es mit der nächsten Viertelstunde wieder.",
    },
    buffer_missing: {
      title: "Der dynamische Puffer ist nicht gestartet",
      text: "Der Rest von SmartLoad läuft. Das Protokoll nennt den Grund.",
    },
    store_not_writable: {
      title: "SmartLoad kann nichts speichern",
      text: "Nach einem Neustart wäre der jetzige Stand verloren. Ist der Speicher voll?",
    },
    store_was_unreadable: {
      title: "Eine Zustandsdatei war nicht lesbar",
      text: "Sie liegt unter anderem Namen daneben; was darin stand, beginnt von vorn. Welche es war, steht darunter.",
    },
    config_invalid: {
      title: "Eine Option stimmt nicht",
      text: "Bis sie stimmt, schreibt SmartLoad nichts.",
    },
    clock_not_set: {
      title: "Die Uhr ist noch nicht gestellt",
      text: "Bis sie stimmt, geht SmartLoad nicht live.",
    },
    forecast_failed: {
      title: "Die Prognose ist fehlgeschlagen",
      text: "Bis sie wieder gelingt, traut SmartLoad der Sonne nicht, und der Puffer bleibt auf seinem Grundwert.",
    },
    plan_failed: {
      title: "Das Planen ist fehlgeschlagen",
      text: "Bis es wieder gelingt, gibt es keinen Plan. Der Puffer hängt nicht davon ab.",
    },
    steer_failed: {
      title: "Der Plan kann nicht ausgeführt werden",
      text: "Was SmartLoad im Hausakku vorgegeben hat, läuft in einer Minute aus. Es versucht es bei jedem Blick auf evcc wieder.",
    },
    cycle_failed: {
      title: "Eine Berechnung ist fehlgeschlagen",
      text: "Die nächste kommt mit der nächsten Viertelstunde.",
    },
  } satisfies Record<ProblemCode, ProblemWords>,

  config: {
    title: (count: number) => plural(count, "Eine Option stimmt nicht", `${count} Optionen stimmen nicht`),
    intro: (path: string) =>
      `SmartLoad läuft und beobachtet, schreibt aber nichts. Ändere ${path.startsWith("SMARTLOAD_") ? `die Umgebungsvariablen ${path}` : `die Optionen in ${path}`} und starte SmartLoad neu.`,
    option: "Option",
    given: "Angegeben",
    allowed: "Erlaubt",
    nearest: (name: string) => `Gemeint war vermutlich „${name}“.`,
    empty: "(leer)",
  },

  sentence: {
    connecting: "SmartLoad meldet sich gleich.",
    unreachable: "SmartLoad ist gerade nicht zu erreichen.",
    firstMinute: "SmartLoad liest zum ersten Mal, was evcc über dein Zuhause weiß.",
    config: (option: string) => `SmartLoad beobachtet nur, weil die Option ${option} nicht stimmt.`,
    noEvccYet: "SmartLoad hat evcc noch nicht gefunden. Bis dahin gibt es nichts zu entscheiden.",
    evccAway: (since: string) => `evcc antwortet seit ${since} nicht. SmartLoad ändert nichts und zeigt, was zuletzt bekannt war.`,
    noBattery: "evcc kennt keinen Hausakku. Ohne ihn hat der Puffer nichts zu tun.",
    noBuffer: "Der Puffer wurde noch nicht berechnet. Die erste Berechnung kommt mit der nächsten Viertelstunde.",
    liveReserved: (buffer: string, soc: string) =>
      `Der Hausakku bleibt gerade ganz für das Haus: Er steht bei ${soc}, und die unteren ${buffer} gehören dem Haus.`,
    liveFree: (buffer: string, above: string) =>
      `Die unteren ${buffer} des Hausakkus gehören dem Haus; mit den ${above} darüber darf ein Auto weiterladen.`,
    livePlain: (buffer: string) => `Die unteren ${buffer} des Hausakkus gehören dem Haus.`,
    observing: (buffer: string) => `SmartLoad beobachtet: Es würde die unteren ${buffer} des Hausakkus dem Haus vorbehalten.`,
    observingBuffer: (buffer: string) => `Den Puffer beobachtet SmartLoad noch: Es würde die unteren ${buffer} des Hausakkus dem Haus vorbehalten.`,
    observingKept: (buffer: string) => `In evcc bleibt der Puffer (bufferSoc) bei ${buffer}.`,
    observingOff: "In evcc bleibt der Puffer (bufferSoc) ausgeschaltet.",
    owner: (buffer: string) => `Du hast den Puffer selbst auf ${buffer} gestellt; SmartLoad lässt ihn so.`,
    released: "SmartLoad hat evcc deine eigenen Werte zurückgegeben und schreibt nichts.",
    automatic: "Die Automatik von evcc steuert den Hausakku; SmartLoad schaut zu.",
    confidence: confidenceWhy,
    price: (rank: PriceRank, isWholeDay: boolean, price: string) =>
      `${priceRank(isWholeDay ? "heute" : "bis Mitternacht")[rank]} (${price}).`,
    priceNone: "Strompreise sind gerade nicht bekannt.",
    cheaper: (at: string, price: string) => `Am günstigsten wird es noch: ${at} mit ${price}.`,
  },

  flow: {
    title: "Energiefluss",
    label: "Energiefluss im Haus",
    sun: "Sonne",
    house: "Haus",
    battery: "Hausakku",
    grid: "Stromnetz",
    car: "Auto",
    idle: "ruht",
    importing: "Bezug",
    exporting: "Einspeisung",
    charging: "lädt",
    discharging: "entlädt",
    away: "nicht da",
    connected: "angesteckt",
    noBattery: "keiner",
    sunText: (kw: string) => `Die Sonne liefert ${kw}.`,
    houseText: (kw: string) => `Das Haus verbraucht ${kw}.`,
    importText: (kw: string) => `Aus dem Stromnetz kommen ${kw}.`,
    exportText: (kw: string) => `Ins Stromnetz gehen ${kw}.`,
    gridIdleText: "Vom Stromnetz kommt und geht fast nichts.",
    chargeText: (kw: string) => `Der Hausakku lädt mit ${kw}.`,
    dischargeText: (kw: string) => `Der Hausakku gibt ${kw} ab.`,
    batteryIdleText: "Der Hausakku ruht.",
    carText: (name: string, kw: string) => `${name} lädt mit ${kw}.`,
    empty: "Sobald evcc den ersten Stand liefert, siehst du hier, woher der Strom kommt und wohin er geht.",
    mode: { off: "Aus", now: "Schnell", minpv: "Min+PV", pv: "PV", unknown: "–" },
    loadpoints: "Ladepunkte",
  },

  soc: {
    title: "Hausakku",
    label: (soc: string) => `Ladestand ${soc}`,
    long: "Ladestand (State of Charge, SoC)",
    buffer: "Puffer",
    explain:
      "Der Puffer (bufferSoc) ist der Teil des Hausakkus, der dem Haus gehört. Steht der Akku darüber, darf ein Auto, das im Modus PV lädt, aus ihm weiterladen; darunter nicht.",
    houseShare: "Fürs Haus",
    freeShare: "Fürs Auto frei",
    ofHouse: (pct: string) => `${pct} gehören dem Haus`,
    simulated: (pct: string) => `Simulation: ${pct}`,
    inEvcc: "In evcc",
    priority: "Vorrang (prioritySoc)",
    start: "Autostart (bufferStartSoc)",
    none: "evcc kennt keinen Hausakku. Kommt einer dazu, erscheint er hier von selbst.",
    unknown: "evcc meldet gerade keinen Ladestand.",
  },

  price: {
    title: "Strompreis",
    now: "Jetzt",
    today: "Heute",
    restOfDay: "Bis Mitternacht",
    range: (min: string, max: string) => `${min} bis ${max}`,
    feedIn: "Einspeisung",
    chart: "Strompreis in Stufen, heute und soweit bekannt",
    notYet: (from: string) => `Ab ${from} noch nicht veröffentlicht`,
    none: "Es sind keine Strompreise bekannt. In evcc fehlt ein Tarif, oder er antwortet gerade nicht.",
    from: "Von",
    to: "Bis",
    price: "Preis",
    spread: "Preisspanne",
  },

  buffer: {
    title: "Dynamischer Puffer",
    observing: "Noch wird nur beobachtet",
    observingText: "SmartLoad rechnet alle 15 Minuten, was es tun würde, und ändert den Puffer in evcc nicht. Live wird er von selbst in:",
    liveAt: (at: string) => `am ${at}`,
    days: (n: number) => plural(n, "Tag", "Tage"),
    hours: (n: number) => plural(n, "Stunde", "Stunden"),
    minutes: (n: number) => plural(n, "Minute", "Minuten"),
    isOver: "Mit der nächsten Viertelstunde wird es live.",
    noEnd: "Wann die Beobachtung endet, steht nach der ersten Berechnung fest.",
    activate: "Jetzt live schalten",
    extend: "Länger beobachten",
    activated: "SmartLoad steuert den Puffer jetzt.",
    extended: (until: string) => `Die Beobachtung läuft jetzt bis ${until}.`,
    liveTitle: "Live",
    liveText: "Der Wert wird alle 15 Minuten neu berechnet und nur dann nach evcc geschrieben, wenn er sich ändert.",
    restingTitle: "Live, gerade in Ruhe",
    restingText: "SmartLoad rechnet alle 15 Minuten weiter, schreibt aber gerade nichts nach evcc.",
    missing: "Der dynamische Puffer steht gerade nicht zur Verfügung.",
    readOnly: "Solange eine Option nicht stimmt, kann nicht live geschaltet werden.",
    summary: "Lage",
    confidence: "PV-Konfidenz",
    confidenceLong: "Konfidenz der Photovoltaik-Prognose (PV)",
    confidenceExplain: "Wie sehr der Sonnenprognose gerade zu trauen ist. Ab 65 % darf der Puffer kleiner werden.",
    value: "Puffer",
    mode: "Modus",
    modeOf: { observation: "Beobachtung", live: "Live" },
    raw: "Vor der Glättung",
    coverage: "Abdeckung",
    coverageText: "wie viel der nächsten 24 h die Prognose enthält",
    freshness: "Aktualität",
    freshnessText: "wie frisch sie ist",
    accuracy: "Treffsicherheit",
    accuracyText: "wie genau sie die nächsten 24 h treffen dürfte",
    bias: "Korrektur",
    biasText: "Faktor auf die Prognose des Anbieters",
    spread: "Preisspanne",
    spreadText: "80. minus 20. Perzentil der bekannten Preise",
    expected: "Erwartete Sonne, 4 h",
    hour: "Stunde",
    change: "Alt → neu",
    reason: "Begründung",
    chart: "Puffer der letzten sieben Tage",
    chartConfidence: "PV-Konfidenz der letzten sieben Tage",
    chartEmpty: "Die Linie beginnt mit der ersten Berechnung.",
    applied: "Angewendet",
    failed: "Nicht übernommen",
    floor: "Untergrenze 10 %",
    practical: "Praxisminimum 20 %",
    threshold: "Schwelle 65 %",
    log: "Jede Entscheidung",
    logEmpty: "Noch keine Entscheidung. Die erste kommt zur nächsten Viertelstunde.",
    more: (count: number) => `${count} weitere zeigen`,
    shown: (shown: number, all: number) => `${shown} von ${all}, neueste zuerst`,
    time: "Zeit",
    outcome: "Ergebnis",
    outcomeOf: { simulated: "Simulation", applied: "Angewendet", held: "Belassen", failed: "Nicht übernommen" },
    heldBy: {
      owner: "nicht geschrieben: in evcc gilt der eigene Wert",
      released: "nicht geschrieben: die Steuerung wurde zurückgegeben",
      automatic: "nicht geschrieben: die Automatik von evcc steuert selbst",
      config: "nicht geschrieben: eine Option stimmt nicht",
    },
    limited: (setting: string, pct: string) => `begrenzt durch ${setting} ${pct}`,
    changes: "Änderungen der letzten sieben Tage",
    reasonText: (
      _facts: {
        basis?: string | null;
        confidence: string;
        spread: string;
        buffer: string;
        isSimulated: boolean;
        isFailed: boolean;
        held: string | null;
        limit: string | null;
        outside: string | null;
      },
      asWritten: string,
    ): string => asWritten,
    outside: (from: string, to: string) => `in evcc geändert: ${from} → ${to}`,
    found: (pct: string) => `in evcc steht: ${pct}`,
  },

  activate: {
    title: "SmartLoad live schalten?",
    changes: "Das ändert sich in evcc",
    from: "bufferSoc jetzt",
    to: "bufferSoc dann",
    stays: (pct: string) => `Der Wert bleibt zunächst bei ${pct}.`,
    unknownTarget: "Der neue Wert steht nach der nächsten Berechnung fest.",
    then: (pct: string) =>
      `Steht der Hausakku über ${pct}, lässt evcc ein Auto im Modus PV aus ihm weiterladen. Darunter bleibt der Akku dem Haus.`,
    later: "SmartLoad passt den Wert danach alle 15 Minuten an, nie unter 20 %.",
    kept: (pct: string) => `Dein eigener Wert (${pct}) bleibt gespeichert. evcc bekommt ihn zurück, wenn SmartLoad endet oder du es willst.`,
    confirm: "Live schalten",
  },

  extendDialog: {
    title: "Länger beobachten",
    againTitle: "Den Puffer wieder beobachten?",
    againConfirm: "Beobachten",
    text: "Solange beobachtet wird, ändert SmartLoad den Puffer in evcc nicht.",
    days: "Tage ab jetzt (1 bis 90)",
    until: (until: string) => `Beobachtung bis ${until}`,
    invalid: "Bitte eine ganze Zahl von 1 bis 90.",
    confirm: "Verlängern",
  },

  password: {
    title: "Passwort",
    text: "Zum Ändern verlangt SmartLoad von hier aus das Passwort aus den Optionen.",
    label: "Passwort",
    wrong: "Das Passwort stimmt nicht.",
    confirm: "Weiter",
  },

  errors: {
    noAnswer: "SmartLoad hat nicht geantwortet. Bitte noch einmal versuchen.",
    refused: (status: number) => `SmartLoad hat abgelehnt (HTTP ${status}).`,
  },

  chart: {
    now: "jetzt",
    keys: "Mit den Pfeiltasten durch die Zeit gehen.",
    range: (low: string, high: string) => `${low}\u00a0bis\u00a0${high}`,
  },

  control: deControl,
  forecast: deForecast,
  plan: dePlan,
  report: deReport,
  risk: deRisk,
};

export type Messages = typeof de;
