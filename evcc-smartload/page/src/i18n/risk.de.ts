/** What the page says of the two buffers side by side, in German. */

export const deRisk = {
  title: "Zwei Puffer",
  inCharge: { formula: "Es gilt der Puffer nach Formel.", risk: "Es gilt der Puffer nach Bedarf." },
  other: {
    formula: "Der nach Formel rechnet nur mit. Umstellen lässt sich das mit der Option buffer_strategy.",
    risk: "Der nach Bedarf rechnet nur mit. Umstellen lässt sich das mit der Option buffer_strategy.",
  },
  name: { formula: "Nach Formel", risk: "Nach Bedarf" },
  shadow: { formula: "Nach Formel (rechnet nur mit)", risk: "Nach Bedarf (rechnet nur mit)" },
  partsTitle: "Woraus sich der Bedarf ergibt",
  explain: "Was das Haus aus dem Hausakku braucht, bis er sich wieder füllt, mit der Sicherheit aus buffer_confidence_pct.",
  nothing: "Dafür fehlen gerade die Prognose oder die Kapazität des Akkus; es gilt battery_min_soc.",
  night: "Bedarf im Mittel",
  error: "Zuschlag für die Unsicherheit",
  errorText: (pct: string) => `damit es in ${pct} der Fälle reicht`,
  outage: "Reserve für Stromausfälle",
  need: "Zusammen",
  target: "Puffer nach Bedarf",
  until: "Bis",
  endsBy: { surplus: "dann füllt die Sonne", cheap: "dann füllt günstiger Strom", horizon: "so weit reicht der Blick; nichts füllt bis dahin" },
  price: "Kosten des Zurückhaltens",
  priceText: "im Mittel, je Tag",
  basis: (confidence: string, need: string, until: string, end: string) => `Sicherheit ${confidence} · Bedarf ${need} bis ${until} (${end})`,
  endShort: { surplus: "Sonne", cheap: "günstiger Strom", horizon: "nichts in Sicht" },
};
