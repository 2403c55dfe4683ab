/** Numbers, units and local times as the owner reads them. */

export type Lang = "de" | "en";

/** The home's time zone: an IANA name, or only the offset that holds now. */
export interface Zone {
  timeZone: string | null;
  offsetMin: number;
}

export interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

/** The unit small prices are spoken in; other currencies are shown in full. */
const MINOR_UNITS: Record<string, string> = { EUR: "ct", USD: "¢", GBP: "p" };

/** How amounts of money are written: in hundredths, as they are, or in millions. */
interface MoneyScale {
  isMinor: boolean;
  isVast: boolean;
  digits: number;
}

const NBSP = "\u00a0";
const DASH = "–";
const HOUR_MS = 3_600_000;
const QUARTER_MS = 900_000;

function isKnownZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export class Format {
  readonly locale: string;
  private readonly zoneName: string;
  private readonly shiftMs: number;
  private readonly numbers = new Map<string, Intl.NumberFormat>();
  private readonly dates = new Map<string, Intl.DateTimeFormat>();

  constructor(
    readonly lang: Lang,
    private readonly zone: Zone,
    readonly currency: string,
  ) {
    this.locale = lang === "de" ? "de-DE" : "en-GB";
    const named = zone.timeZone !== null && isKnownZone(zone.timeZone);
    this.zoneName = named && zone.timeZone !== null ? zone.timeZone : "UTC";
    this.shiftMs = named ? 0 : zone.offsetMin * 60_000;
  }

  /** The same for amounts of another currency. */
  inCurrency(currency: string): Format {
    return currency === this.currency ? this : new Format(this.lang, this.zone, currency);
  }

  /** "14:05" */
  time(ms: number): string {
    return this.date(ms, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  /** "14:05:09" */
  timeWithSeconds(ms: number): string {
    return this.date(ms, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  }

  /** "Mo., 23. Nov." */
  day(ms: number): string {
    return this.date(ms, { weekday: "short", day: "numeric", month: "short" });
  }

  /** "Mo., 23." for the time axis. */
  axisDay(ms: number): string {
    return this.date(ms, { weekday: "short", day: "numeric" });
  }

  axisDayInTwoLines(ms: number): string {
    return `${this.date(ms, { weekday: "short" })}\n${this.date(ms, { day: "numeric" })}`;
  }

  /** "Mo., 23. Nov., 14:05"; in the hour that is there twice in autumn also which of the two. */
  dayTime(ms: number): string {
    const zone = this.isTwice(ms) ? ` ${this.zoneOf(ms)}` : "";
    return `${this.day(ms)}, ${this.time(ms)}${zone}`;
  }

  /** "23. Nov." for the axis of a chart of days. */
  axisDate(ms: number): string {
    return this.date(ms, { day: "numeric", month: "short" });
  }

  /** "November 2026" of a local month written "2026-11". */
  monthOf(isoMonth: string): string {
    const ms = Date.parse(`${isoMonth}-15T12:00:00Z`);
    return Number.isFinite(ms) ? new Intl.DateTimeFormat(this.locale, { month: "long", year: "numeric", timeZone: "UTC" }).format(ms) : DASH;
  }

  /** "2026-11-23": the local day of an instant. */
  isoDay(ms: number): string {
    const { year, month, day } = this.local(ms);
    return [String(year).padStart(4, "0"), String(month).padStart(2, "0"), String(day).padStart(2, "0")].join("-");
  }

  /** "Mo., 23. Nov." of a local day written "2026-11-23". */
  dateOf(isoDay: string): string {
    const noonMs = Date.parse(`${isoDay}T12:00:00Z`);
    return Number.isFinite(noonMs)
      ? new Intl.DateTimeFormat(this.locale, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(noonMs)
      : DASH;
  }

  /** "23. Nov., 14:05" */
  dateTime(ms: number): string {
    return `${this.date(ms, { day: "numeric", month: "short" })}, ${this.time(ms)}`;
  }

  /** The time alone today, with its date otherwise. */
  when(ms: number, nowMs: number): string {
    return this.startOfDay(ms) === this.startOfDay(nowMs) ? this.time(ms) : this.dayTime(ms);
  }

  number(value: number | null, digits = 0): string {
    return value === null || !Number.isFinite(value) ? DASH : this.write(value, digits);
  }

  /** With as many digits as the number has, at most two: for the steps of a scale. */
  step(value: number): string {
    const digits = [0, 1].find((count) => Math.abs(value * 10 ** count - Math.round(value * 10 ** count)) < 1e-6) ?? 2;
    return this.number(value, digits);
  }

  /** Percent, 0 to 100. */
  pct(value: number | null, digits = 0): string {
    if (value === null || !Number.isFinite(value)) return DASH;
    return this.formatter(`pct${digits}`, { style: "percent", maximumFractionDigits: digits }).format(value / 100);
  }

  kw(value: number | null): string {
    return this.scaled(value, "kW", "MW");
  }

  kwh(value: number | null): string {
    return this.scaled(value, "kWh", "MWh");
  }

  /** "16 A", "57,4 A" */
  amps(value: number): string {
    return `${this.step(Math.round(10 * value) / 10)}${NBSP}A`;
  }

  /** "den Puffer, den Akku und die Autos" */
  list(parts: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: "conjunction" }).format(parts);
  }

  /** Powers with two digits, as small ones need it: "0,42 kW". */
  kwFine(value: number | null): string {
    if (value === null || !Number.isFinite(value)) return `${DASH}${NBSP}kW`;
    return this.together([value], "kW", "MW", 2)[0] ?? DASH;
  }

  /** A middle with its unit and the two edges around it, all in the unit of the largest: "18 kWh", "12", "23". */
  kwhBand(low: number, middle: number, high: number): { low: string; middle: string; high: string } {
    return this.asBand([low, middle, high], "kWh", "MWh", 1);
  }

  kwBand(low: number, middle: number, high: number): { low: string; middle: string; high: string } {
    return this.asBand([low, middle, high], "kW", "MW", 2);
  }

  /** An amount of money: "0,4 ct", "68 ct", "3,42 €", "1.234 €". */
  money(value: number | null): string {
    if (value === null || !Number.isFinite(value)) return DASH;
    return this.inMoney(value, this.moneyScale([value]), "negative");
  }

  /** Amounts to be compared or added, all in the unit of the largest; `isSigned`: a plus before what is more. */
  moneys(values: readonly number[], isSigned = false): string[] {
    const scale = this.moneyScale(values);
    return values.map((value) => this.inMoney(value, scale, isSigned ? "exceptZero" : "negative"));
  }

  /** "€" */
  get moneyUnit(): string {
    if (!/^[A-Z]{3}$/.test(this.currency)) return this.currency;
    const style = { style: "currency", currency: this.currency, currencyDisplay: "narrowSymbol" } as const;
    return new Intl.NumberFormat(this.locale, style).formatToParts(0).find(({ type }) => type === "currency")?.value ?? this.currency;
  }

  /** The smallest difference that shows between amounts like these. */
  moneyStep(values: readonly number[]): number {
    const { isMinor, isVast, digits } = this.moneyScale(values);
    return (10 ** -digits / (isMinor ? 100 : 1)) * (isVast ? 1e6 : 1);
  }

  /** "3,4 MB" */
  megabytes(bytes: number): string {
    const mb = bytes / 1e6;
    return mb >= 1000 ? `${this.write(mb / 1000, 1)}${NBSP}GB` : `${this.write(mb, 1)}${NBSP}MB`;
  }

  /** A price per kWh with its unit: "31,4 ct/kWh". */
  price(perKwh: number | null): string {
    return perKwh === null || !Number.isFinite(perKwh)
      ? `${DASH}${NBSP}${this.priceUnit}`
      : `${this.priceNumber(perKwh)}${NBSP}${this.priceUnit}`;
  }

  /** A difference that `price` would round away: "0,92 ct/kWh". */
  finePrice(perKwh: number): string {
    return `${this.write(perKwh * this.priceScale, this.priceScale === 1 ? 4 : 2)}${NBSP}${this.priceUnit}`;
  }

  /** The number of `price` alone. */
  priceNumber(perKwh: number): string {
    const shown = perKwh * this.priceScale;
    return this.write(shown, this.priceScale === 1 ? 3 : Math.abs(shown) >= 1000 ? 0 : 1);
  }

  get priceUnit(): string {
    return `${MINOR_UNITS[this.currency] ?? this.currency}/kWh`;
  }

  /** How many of the shown unit one unit of the currency is. */
  get priceScale(): number {
    return this.currency in MINOR_UNITS ? 100 : 1;
  }

  /** A difference of prices that arrives in hundredths per kWh. */
  spread(ct: number): string {
    return this.price(ct / 100);
  }

  local(ms: number): LocalTime {
    const parts = this.dateFormatter({
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }).formatToParts(ms + this.shiftMs);
    const read = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
    return { year: read("year"), month: read("month"), day: read("day"), hour: read("hour"), minute: read("minute") };
  }

  /** The instant the local day of `ms` began; right on days of 23 and 25 hours too. */
  startOfDay(ms: number): number {
    const { day, hour, minute } = this.local(ms);
    const guess = Math.floor(ms / 60_000) * 60_000 - hour * HOUR_MS - minute * 60_000;
    for (let hours = -2; hours <= 2; hours++) {
      const start = guess + hours * HOUR_MS;
      if (this.local(start).day === day && this.local(start - 1).day !== day) return start;
    }
    return guess;
  }

  /** The instant the next local day begins. */
  endOfDay(ms: number): number {
    // 26 h after its start the longest local day is over, and the next has not ended.
    return this.startOfDay(this.startOfDay(ms) + 26 * HOUR_MS);
  }

  /** The instant a local day written "2026-11-23" is over; null for what is no day. */
  endOfIsoDay(isoDay: string): number | null {
    const noonMs = Date.parse(`${isoDay}T12:00:00Z`);
    // Noon in Greenwich lies in the same day nearly everywhere, and half a day earlier beyond.
    const inside = [noonMs, noonMs - 12 * HOUR_MS].find((ms) => Number.isFinite(ms) && this.isoDay(ms) === isoDay);
    return inside === undefined ? null : this.endOfDay(inside);
  }

  /** Instants in [fromMs, toMs] at a full local hour that `stepH` divides. */
  hourTicks(fromMs: number, toMs: number, stepH: number): number[] {
    const ticks: number[] = [];
    for (let ms = Math.ceil(fromMs / QUARTER_MS) * QUARTER_MS; ms <= toMs; ms += QUARTER_MS) {
      const { hour, minute } = this.local(ms);
      if (minute === 0 && hour % stepH === 0) ticks.push(ms);
    }
    return ticks;
  }

  private isTwice(ms: number): boolean {
    if (!Number.isFinite(ms)) return false;
    const { hour, minute } = this.local(ms);
    return [ms - HOUR_MS, ms + HOUR_MS].some((other) => {
      const local = this.local(other);
      return local.hour === hour && local.minute === minute;
    });
  }

  /** "MEZ" or "MESZ" */
  private zoneOf(ms: number): string {
    const parts = this.dateFormatter({ timeZoneName: "short" }).formatToParts(ms);
    return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  }

  private asBand(values: [number, number, number], unit: string, bigUnit: string, digits: number): { low: string; middle: string; high: string } {
    const [low = DASH, middle = DASH, high = DASH] = this.together(values, unit, bigUnit, digits);
    const bare = (text: string): string => text.split(NBSP)[0] ?? text;
    return { low: bare(low), middle, high: bare(high) };
  }

  /** One unit and one number of digits for all, chosen for the largest: `digits` below 10, fewer above. */
  private together(values: readonly number[], unit: string, bigUnit: string, digits: number): string[] {
    const largest = Math.max(...values.map(Math.abs));
    const isBig = largest >= 1000;
    const shown = isBig ? largest / 1000 : largest;
    const left = isBig ? 1 : shown < 9.95 ? digits : shown < 99.5 ? digits - 1 : 0;
    return values.map((value) => `${this.write(isBig ? value / 1000 : value, left)}${NBSP}${isBig ? bigUnit : unit}`);
  }

  private scaled(value: number | null, unit: string, bigUnit: string): string {
    if (value === null || !Number.isFinite(value)) return `${DASH}${NBSP}${unit}`;
    if (Math.abs(value) >= 1000) return `${this.write(value / 1000, 1)}${NBSP}${bigUnit}`;
    const digits = Math.abs(value) >= 100 ? 0 : 1;
    return `${this.write(value, digits)}${NBSP}${unit}`;
  }

  private moneyScale(values: readonly number[]): MoneyScale {
    const largest = Math.max(0, ...values.map(Math.abs));
    if (this.currency in MINOR_UNITS && largest < 0.995) return { isMinor: true, isVast: false, digits: largest < 0.0995 ? 1 : 0 };
    if (largest >= 1e6) return { isMinor: false, isVast: true, digits: 1 };
    return { isMinor: false, isVast: false, digits: largest < 999.995 ? 2 : 0 };
  }

  private inMoney(value: number, { isMinor, isVast, digits }: MoneyScale, signDisplay: "negative" | "exceptZero"): string {
    const options = {
      signDisplay,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      ...(isVast ? ({ notation: "compact" } as const) : {}),
    } as const;
    const isWritten = isMinor || !/^[A-Z]{3}$/.test(this.currency); // then Intl has no symbol for it
    const unit = isMinor ? (MINOR_UNITS[this.currency] ?? "") : this.currency;
    const style = isWritten ? {} : ({ style: "currency", currency: this.currency, currencyDisplay: "narrowSymbol" } as const);
    const shown = this.formatter(`money${isMinor}${isVast}${digits}${signDisplay}`, { ...options, ...style })
      .format(isMinor ? 100 * value : value)
      .replace("-", "−");
    return isWritten ? `${shown}${NBSP}${unit}` : shown;
  }

  private write(value: number, digits: number): string {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" } as const;
    // A minus as wide as a digit, where Intl writes a hyphen.
    return this.formatter(`num${digits}`, options).format(value).replace("-", "−");
  }

  private formatter(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const known = this.numbers.get(key) ?? new Intl.NumberFormat(this.locale, options);
    this.numbers.set(key, known);
    return known;
  }

  private date(ms: number, options: Intl.DateTimeFormatOptions): string {
    return Number.isFinite(ms) ? this.dateFormatter(options).format(ms + this.shiftMs) : DASH;
  }

  private dateFormatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = JSON.stringify(options);
    const known = this.dates.get(key) ?? new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.zoneName });
    this.dates.set(key, known);
    return known;
  }
}
