/** A believable plan for the mock server: simple rules on the mock's own sun and prices, with sums that add up. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SLOT = HOUR / 4;
const N_SLOTS = 192;

const iso = (ms) => new Date(ms).toISOString();
const localHour = (ms) => ((ms + HOUR) % DAY) / HOUR;
const round = (value, digits = 4) => Number(value.toFixed(digits));
const formats = Object.fromEntries(["de", "en"].map((lang) => [lang, new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })]));
const both = (write) => ({ de: write("de"), en: write("en") });

const SENTENCES = {
  battery_charges_grid: {
    de: (f) => `Der Akku lädt aus dem Netz: Mit ${f.price} ct ist das eine der günstigsten Viertelstunden, und ab ${f.for_from} ersetzt er Strom für ${f.for_price} ct.`,
    en: (f) => `The battery charges from the grid: at ${f.price} ct this is one of the cheapest quarter hours, and from ${f.for_from} on it replaces electricity at ${f.for_price} ct.`,
  },
  battery_charges_sun: {
    de: (f) => `Der Akku nimmt den Überschuss der Sonne: Später ist er ${f.value} ct je kWh wert, eingespeist brächte er ${f.export_price} ct.`,
    en: (f) => `The battery takes the surplus sun: later it is worth ${f.value} ct per kWh, fed in it would bring ${f.export_price} ct.`,
  },
  battery_serves_house: {
    de: (f) => `Der Akku versorgt das Haus: Strom aus dem Netz kostet jetzt ${f.price} ct, und das ist mehr, als seine Energie später wert wäre (${f.value} ct).`,
    en: (f) => `The battery serves the house: electricity from the grid costs ${f.price} ct now, which is more than its energy would be worth later (${f.value} ct).`,
  },
  battery_keeps: {
    de: (f) => `Der Akku behält seine Energie: Jetzt kostet Strom ${f.price} ct, ab ${f.for_from} sind es ${f.for_price} ct.`,
    en: (f) => `The battery keeps its energy: electricity costs ${f.price} ct now and ${f.for_price} ct from ${f.for_from} on.`,
  },
  battery_is_full: { de: () => "Der Akku ist voll; der Rest der Sonne wird eingespeist.", en: () => "The battery is full; the rest of the sun is fed in." },
  battery_rests: { de: () => "Für den Akku gibt es gerade nichts zu tun.", en: () => "There is nothing for the battery to do right now." },
  car_charges_cheap: {
    de: (f) => `${f.car} lädt: ${f.price} ct gehören zu den günstigsten Viertelstunden bis ${f.by}.`,
    en: (f) => `${f.car} charges: ${f.price} ct is among the cheapest quarter hours until ${f.by}.`,
  },
  car_waits: {
    de: (f) => `${f.car} wartet: Ab ${f.next_at} kostet Strom ${f.next_price} ct statt ${f.price} ct.`,
    en: (f) => `${f.car} waits: from ${f.next_at} on electricity costs ${f.next_price} ct instead of ${f.price} ct.`,
  },
  car_is_done: { de: (f) => `${f.car} ist fertig geladen.`, en: (f) => `${f.car} has been charged as wished.` },
  pv_is_turned_down: {
    de: (f) => `Ein Teil der Sonne wird abgeregelt: Einspeisen würde ${f.price} ct je kWh kosten.`,
    en: (f) => `Some of the sun is turned down: feeding it in would cost ${f.price} ct per kWh.`,
  },
};

const DETAIL = {
  de: (f) => `Bezugspreis ${f.price} ct/kWh (Platz ${f.rank} von 192). Eine kWh im Akku ist ${f.value} ct wert, bei 92 % Wirkungsgrad je Richtung und 1,5 ct Abnutzung je kWh.`,
  en: (f) => `Price of buying ${f.price} ct/kWh (number ${f.rank} of 192). A kWh in the battery is worth ${f.value} ct, at 92% efficiency each way and 1.5 ct of wear per kWh.`,
};

function reasonOf(code, device, facts, lang) {
  return { code, device, facts, sentence: SENTENCES[code][lang](facts), detail: code === "battery_rests" ? "" : DETAIL[lang](facts) };
}

/** The states in which there is no plan, and why. */
function noPlan(scene, lang) {
  const isWrong = ["handsoff", "noprices", "config"].includes(scene);
  const text = both((of) => (of === "de" ? "Es fehlen Strompreise: evcc nennt keinen Tarif." : "Electricity prices are missing: evcc names no tariff."));
  const skipped = isWrong
    ? ["exact", "fast", "shifted", "rules"].map((rung) => ({ rung, cause: "no_prices", detail: rung === "exact" ? "no import price in any slot" : "", sentence: text[lang] }))
    : [];
  return {
    schema: 1, made_at: null, start: null, slot_min: 15, n_slots: 0, n_known_prices: 0, rung: "hands_off", skipped, status: null, gap_eur: null, solve_ms: null, is_explained: true,
    cost: null, baseline: null, saving_eur: null, import_price_eur_per_kwh: [], export_price_eur_per_kwh: [], pv_kwh: [], load_kwh: [], grid_import_kwh: [],
    grid_export_kwh: [], curtail_kwh: [], batteries: [], cars: [], marginal_eur_per_kwh: [], reasons: [], actions: [], unmet: [], what_if: [], rules: [],
    reserve: null, change: null, assumed: [],
  };
}

const WITHOUT = ["first", "config", "newborn", "noprices", "handsoff"];

function houseKw(ms) {
  const hour = localHour(ms);
  const bump = (at, width, height) => height * Math.exp(-(((hour - at) / width) ** 2));
  return 0.24 + bump(7.2, 1.1, 0.55) + bump(12.6, 1.2, 0.4) + bump(19.2, 2.1, 0.9);
}

/** Slot by slot: the house first, then the battery by price, the car in its cheapest slots. */
export function planOf({ scene, now, expectedSunKw, priceAt, lang }) {
  if (WITHOUT.includes(scene)) return noPlan(scene, lang);
  const big = scene === "huge" ? 4321 : 1;
  const priceScale = scene === "huge" ? 400 : 1;
  const hasBattery = scene !== "nobattery";
  const start = Math.floor(now / SLOT) * SLOT;
  const times = Array.from({ length: N_SLOTS }, (_, slot) => start + slot * SLOT);
  const imports = times.map((ms) => priceAt(ms, scene) * priceScale);
  const exports = times.map((_, slot) => (scene === "negative" && imports[slot] < 0.05 ? imports[slot] - 0.05 : 0.081 * priceScale));
  const publishedUntil = Math.floor((now + HOUR) / DAY) * DAY - HOUR + (localHour(now) >= 13 ? 2 : 1) * DAY;
  const pv = times.map((ms) => (scene === "degraded" ? 0 : expectedSunKw(ms)) * 0.25 * big);
  const load = times.map((ms) => houseKw(ms) * 0.25 * big);
  const ranks = imports.map((price) => imports.filter((other) => other < price).length + 1);
  const time = (ms) => new Date(ms + HOUR).toISOString().slice(11, 16);
  const ct = (price) => formats[lang].format(100 * price);
  const dear = times.findIndex((_, slot) => ranks[slot] > 150);
  const dearAt = dear < 0 ? 0 : dear;
  const car = carOf({ times, imports, big, now, start, scene });
  const capacity = 10.2 * big;
  let soc = 0.42 * capacity;
  const battery = { name: "battery", title: lang === "de" ? "Hausakku" : "Home battery", capacity_kwh: capacity, start_kwh: soc, charge_kwh: [], discharge_kwh: [], soc_kwh: [] };
  const [bought, sold, curtailed, reasons, marginal] = [[], [], [], [], []];
  times.forEach((_, slot) => {
    const net = pv[slot] - load[slot] - car.charge_kwh[slot];
    const isCheap = ranks[slot] <= 22;
    const isDear = ranks[slot] > 96;
    const room = (capacity - soc) / 0.92;
    const charge = !hasBattery ? 0 : Math.min(room, 1.2 * big, isCheap ? 1.1 * big : Math.max(0, net));
    const discharge = !hasBattery || charge > 0 || !isDear ? 0 : Math.min(Math.max(0, soc - 0.1 * capacity) * 0.92, 1.2 * big, Math.max(0, load[slot] - pv[slot]));
    soc += 0.92 * charge - discharge / 0.92;
    const rest = net - charge + discharge;
    const curtail = exports[slot] < 0 && rest > 0 ? rest : 0;
    battery.charge_kwh.push(round(charge));
    battery.discharge_kwh.push(round(discharge));
    battery.soc_kwh.push(round(soc));
    bought.push(round(Math.max(0, -rest)));
    sold.push(round(Math.max(0, rest) - curtail));
    curtailed.push(round(curtail));
    marginal.push(rest > 0 ? round(Math.max(0, exports[slot])) : round(discharge > 0 ? 0.262 * priceScale : imports[slot]));
    const facts = {
      price: ct(imports[slot]), export_price: ct(exports[slot]), value: ct(0.262 * priceScale), rank: ranks[slot], of: N_SLOTS, for_from: time(times[dearAt]), for_price: ct(imports[dearAt]),
      car: car.title, by: time(Date.parse(car.by)), next_at: time(car.nextMs(slot)), next_price: ct(imports[Math.max(0, times.indexOf(car.nextMs(slot)))]),
    };
    const code = charge > 0.01 * big && net < charge - 0.01 ? "battery_charges_grid"
      : charge > 0.001 * big ? "battery_charges_sun"
        : discharge > 0.001 * big ? "battery_serves_house"
          : soc > 0.97 * capacity ? "battery_is_full"
            : soc > 0.15 * capacity && net < 0 ? "battery_keeps" : "battery_rests";
    const carCode = car.charge_kwh[slot] > 0 ? "car_charges_cheap" : car.isDone(slot) ? "car_is_done" : "car_waits";
    reasons.push([
      ...(hasBattery ? [reasonOf(code, "battery", facts, lang)] : []),
      reasonOf(carCode, car.name, facts, lang),
      ...(curtail > 0.001 * big ? [reasonOf("pv_is_turned_down", "", { ...facts, price: ct(-exports[slot]) }, lang)] : []),
    ]);
  });
  const importEur = bought.reduce((sum, kwh, slot) => sum + kwh * imports[slot], 0);
  const exportEur = -sold.reduce((sum, kwh, slot) => sum + kwh * exports[slot], 0);
  const cost = costOf(importEur, exportEur, hasBattery ? 0.19 * big : 0, hasBattery ? -0.262 * priceScale * (soc - battery.start_kwh) : 0, scene === "owner" ? 1.35 : 0, hasBattery ? 0.024 * big : 0);
  const baseline = costOf(1.19 * importEur + 0.31 * big * priceScale, 1.05 * exportEur, hasBattery ? 0.16 * big : 0, cost.stored_eur * 0.6, scene === "owner" ? 2.1 : 0, hasBattery ? 0.05 * big : 0);
  const isShifted = scene === "degraded";
  const isUnmet = scene === "owner";
  const words = (de, en) => (lang === "de" ? de : en);
  return {
    schema: 1,
    made_at: iso(isShifted ? start - 3 * SLOT : start + 4000),
    start: iso(start),
    slot_min: 15,
    n_slots: N_SLOTS,
    n_known_prices: Math.min(N_SLOTS, Math.round((publishedUntil - start) / SLOT)),
    rung: isShifted ? "shifted" : scene === "live" ? "fast" : "exact",
    skipped: isShifted
      ? [
          { rung: "exact", cause: "no_reading", detail: "site is 23 min old", sentence: words("evcc antwortet nicht, der Ladestand ist von 14:10.", "evcc does not answer; the state of charge is from 14:10.") },
          { rung: "fast", cause: "no_reading", detail: "", sentence: words("evcc antwortet nicht, der Ladestand ist von 14:10.", "evcc does not answer; the state of charge is from 14:10.") },
        ]
      : [],
    status: isShifted || scene === "live" ? "unproven" : "proven",
    gap_eur: scene === "live" ? 0.021 : null,
    solve_ms: scene === "live" ? 6.2 : 184.3,
    is_explained: true,
    cost,
    baseline,
    saving_eur: round(baseline.total_eur - cost.total_eur),
    import_price_eur_per_kwh: imports,
    export_price_eur_per_kwh: exports,
    pv_kwh: pv.map((kwh) => round(kwh)),
    load_kwh: load.map((kwh) => round(kwh)),
    grid_import_kwh: bought,
    grid_export_kwh: sold,
    curtail_kwh: curtailed,
    batteries: hasBattery ? [battery] : [],
    cars: [{ ...car, nextMs: undefined, isDone: undefined }],
    marginal_eur_per_kwh: marginal,
    reasons,
    actions: actionsOf(reasons, times, battery, car),
    unmet: isUnmet
      ? [{
          car: car.name, title: car.title, target_kwh: car.target_kwh, reached_kwh: 0.63 * car.capacity_kwh, missing_kwh: car.target_kwh - 0.63 * car.capacity_kwh, capacity_kwh: car.capacity_kwh, by: car.by,
          sentence: words("Der Kombi erreicht bis 07:00 nur 63 % statt 80 %: Es fehlen 9,9 kWh, mehr schafft der Ladepunkt in der Zeit nicht.", "The estate car will only reach 63% instead of 80% by 07:00: 9.9 kWh are missing, the charger cannot do more in that time."),
        }]
      : [],
    what_if: hasBattery
      ? [
          { device: "battery", decision: "rest", opposite: "discharge", extra_eur: 0.034, holds_until: iso(times[dearAt]), sentence: words("Würde der Akku jetzt schon das Haus versorgen, kostete das bis zum Ende des Plans 3,4 ct mehr.", "If the battery served the house already now, it would cost 3.4 ct more by the end of the plan.") },
          { device: car.name, decision: "rest", opposite: "charge", extra_eur: 0.118, holds_until: iso(car.nextMs(0)), sentence: words("Würde der Kombi jetzt laden statt zu warten, kostete das 12 ct mehr.", "If the estate car charged now instead of waiting, it would cost 12 ct more.") },
        ]
      : [],
    rules: hasBattery
      ? [
          { rule: "min_soc", device: "battery", eur: 0.06, eur_per_day: 0.03, sentence: words("Die unteren 10 % des Akkus bleiben unberührt.", "The lower 10% of the battery stay untouched.") },
          { rule: "no_battery_to_car", device: "battery", eur: 0.22, eur_per_day: 0.11, sentence: words("Der Akku lädt keine Autos.", "The battery charges no cars.") },
          { rule: "deadline", device: car.name, eur: 0.34, eur_per_day: 0.17, sentence: words("Der Kombi muss um 07:00 fertig sein.", "The estate car has to be ready at 07:00.") },
        ]
      : [],
    reserve: hasBattery ? { soc_kwh: times.map((ms) => round((localHour(ms) > 16 || localHour(ms) < 8 ? 0.3 : 0.2) * capacity)), eur_per_kwh_h: 0.01, eur: 0.024 * big, eur_per_day: 0.012 * big, short_kwh: 1.1 * big } : null,
    change: scene === "demo" ? null : {
      since: iso(start - SLOT), total_eur: -0.043,
      parts: [{ cause: "pv", eur: -0.061 }, { cause: "load", eur: 0.0154 }, { cause: "price", eur: 0 }, { cause: "soc", eur: 0.0126 }, { cause: "time", eur: -0.01 }],
      moved_kwh: 1.3, kept_gain_eur: 0.002,
      sentence: words("Der Plan ist 4,3 ct günstiger geworden, vor allem weil mehr Sonne erwartet wird.", "The plan has become 4.3 ct cheaper, above all because more sun is expected."),
    },
    assumed: [
      { name: "battery_efficiency", sentence: words("Der Akku verliert beim Laden und Entladen je 8 %.", "The battery loses 8% when charging and 8% when discharging.") },
      { name: "wear", sentence: words("Jede kWh aus dem Akku nutzt ihn um 1,5 ct ab.", "Every kWh from the battery wears it by 1.5 ct.") },
    ],
  };
}

function costOf(importEur, exportEur, wear, stored, missing, reserve) {
  const parts = { import_eur: importEur, export_eur: exportEur, wear_eur: wear, stored_eur: stored, missing_eur: missing, reserve_eur: reserve, overload_eur: 0 };
  return { ...parts, total_eur: Object.values(parts).reduce((sum, eur) => sum + eur, 0) };
}

function carOf({ times, imports, big, start, scene }) {
  const midnight = Math.floor((start + HOUR) / DAY) * DAY - HOUR;
  const by = midnight + DAY + 7 * HOUR;
  const capacity = 58 * big;
  const perSlot = (scene === "owner" ? 1.1 : 2.7) * big;
  const before = times.flatMap((ms, slot) => (ms < by ? [slot] : []));
  const need = Math.max(0, Math.round((0.8 - 0.48) * capacity / (0.9 * perSlot)));
  const chosen = new Set(before.toSorted((a, b) => imports[a] - imports[b]).slice(0, need));
  const charge = times.map((_, slot) => (chosen.has(slot) ? perSlot : 0));
  let soc = 0.48 * capacity;
  const socs = charge.map((kwh) => (soc += 0.9 * kwh));
  const last = Math.max(-1, ...chosen);
  return {
    name: "lp-1", title: scene === "huge" ? "Elektrischer Familienkombi mit Anhänger" : "Kombi", number: 1, capacity_kwh: capacity, start_kwh: 0.48 * capacity, target_kwh: 0.8 * capacity,
    by: iso(by), charge_kwh: charge, soc_kwh: socs.map((kwh) => round(kwh)),
    nextMs: (slot) => times[[...chosen].filter((other) => other > slot).sort((a, b) => a - b)[0] ?? 0],
    isDone: (slot) => slot > last,
  };
}

/** Neighbouring slots in which a device does the same are one action. */
function actionsOf(reasons, times, battery, car) {
  const actions = [];
  for (const device of ["battery", car.name]) {
    reasons.forEach((ofSlot, slot) => {
      const reason = ofSlot.find((one) => one.device === device);
      if (reason === undefined || /rests|keeps|waits|done|full/.test(reason.code)) return;
      const kwh = device === "battery" ? battery.charge_kwh[slot] + battery.discharge_kwh[slot] : car.charge_kwh[slot];
      const last = actions.findLast((one) => one.reason.device === device);
      if (last !== undefined && last.reason.code === reason.code && last.end === iso(times[slot])) {
        last.end = iso(times[slot] + SLOT);
        last.kwh += kwh;
      } else actions.push({ start: iso(times[slot]), end: iso(times[slot] + SLOT), kwh, reason });
    });
  }
  return actions.toSorted((a, b) => a.start.localeCompare(b.start));
}

const summaries = new Map();

/** One for each quarter hour: every state has it. */
export function planSummaryOf(of) {
  const slot = Math.floor(of.now / SLOT);
  const known = summaries.get(of.scene);
  if (known?.slot === slot) return known.summary;
  const summary = summarise(of);
  summaries.set(of.scene, { slot, summary });
  return summary;
}

function summarise(of) {
  if (["first", "config", "newborn"].includes(of.scene)) return null;
  const [de, en] = ["de", "en"].map((lang) => planOf({ ...of, lang }));
  const isNone = de.made_at === null;
  const summarised = (action, other) => ({
    start: action.start, end: action.end, kwh: action.kwh, code: action.reason.code, device: action.reason.device, text: { de: action.reason.sentence, en: other.reason.sentence },
  });
  const nowOf = (plan) => (plan.reasons[0] ?? []).map((reason) => ({ start: plan.start, end: iso(Date.parse(plan.start) + SLOT), kwh: 0, reason }));
  return {
    made_at: de.made_at ?? iso(Math.floor(of.now / SLOT) * SLOT),
    rung: de.rung,
    status: de.status,
    cost_eur: de.cost?.total_eur ?? null,
    baseline_eur: de.baseline?.total_eur ?? null,
    saving_eur: de.saving_eur,
    solve_ms: de.solve_ms,
    is_explained: true,
    until: iso(isNone ? of.now : Date.parse(de.start) + N_SLOTS * SLOT),
    now: nowOf(de).map((action, index) => summarised(action, nowOf(en)[index])),
    next: de.actions.filter((one) => Date.parse(one.start) > of.now).slice(0, 3).map((action) => summarised(action, en.actions.find((one) => one.start === action.start && one.reason.device === action.reason.device))),
    unmet: de.unmet.map((one, index) => ({ car: one.car, text: { de: one.sentence, en: en.unmet[index].sentence } })),
  };
}
