/** How lengths, rates and instants are written. Nothing here reads a clock: the present is handed in. */

import { getPrefs } from "./prefs";

export const NOTHING = "–";

/** 1,284. By hand: the first Intl formatter of a page costs tens of milliseconds. */
export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ",");

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 48 s, 4 m 06 s, 2 h 20 min, 3 d 4 h; "–" for nothing. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return NOTHING;
  const whole = Math.max(0, Math.round(seconds));
  if (seconds > 0 && whole === 0) return "< 1 s";
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, "0")} s`;
  return longSpan(whole);
}

function longSpan(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days >= 10 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** How long something lasts, without seconds once it is longer than a minute. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 60 ? `${whole} s` : longSpan(whole);
}

/** A rate for people: one decimal, and never rounded to 100 or 0 when it is not. */
export function percent(rate: number | null): string {
  if (rate === null) return NOTHING;
  if (rate > 99.9 && rate < 100) return "> 99.9";
  if (rate > 0 && rate < 0.1) return "< 0.1";
  return Number.isInteger(rate) ? String(rate) : rate.toFixed(1);
}

/** 48 s, 41 min, 3 d 4 h: like `span`, but "< 1 s" for less than one, and "–" for nothing. */
export const briefly = (seconds: number | null): string => (seconds !== null && seconds >= 60 ? span(seconds) : duration(seconds));

export const instant = (at: string): number => Date.parse(at);

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** Formatters are dear to make (tens of milliseconds for the first): only for a zone that was chosen by name. */
const made = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = made.get(zone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
  made.set(zone, formatter);
  return formatter;
}

/** A date whose UTC fields read as the zone's calendar and clock do ("": this device's) at that instant in milliseconds. */
function zoned(at: number, zone: string): Date {
  if (zone === "UTC" || Number.isNaN(at)) return new Date(at);
  if (zone === "") return new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  const parts = Object.fromEntries(formatterOf(zone).formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

const hourMinute = (date: Date): string => date.toISOString().slice(11, 16);
const weekday = (date: Date): string => WEEKDAYS[date.getUTCDay()] ?? "";
const dayMonth = (date: Date): string => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""}`;
const dayMonthYear = (date: Date): string => `${dayMonth(date)} ${date.getUTCFullYear()}`;

/** 09:12 today, Mon 17:40 within six days, 3 Nov 17:40 before, with the year when it is another; in the reader's zone. */
export function moment(at: string, now: number, zone = getPrefs().zone): string {
  const [date, present] = [zoned(instant(at), zone), zoned(now, zone)];
  if (Number.isNaN(date.getTime())) return at;
  const time = hourMinute(date);
  if (dayMonthYear(date) === dayMonthYear(present)) return time;
  if (Math.abs(now - instant(at)) < 6 * 86_400_000) return `${weekday(date)} ${time}`;
  return `${date.getUTCFullYear() === present.getUTCFullYear() ? dayMonth(date) : dayMonthYear(date)} ${time}`;
}

/** The reader's time with UTC beside it, to the second. */
export function absolute(at: string, zone = getPrefs().zone): string {
  const date = zoned(instant(at), zone);
  if (Number.isNaN(date.getTime())) return at;
  const utc = `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  if (zone === "UTC") return utc;
  return `${weekday(date)} ${dayMonthYear(date)}, ${date.toISOString().slice(11, 19)} ${zone === "" ? "local" : zone} · ${utc}`;
}

/** How a time axis names an instant in milliseconds: a clock time below a day, a weekday below a week, else a date. */
export function axisTime(at: number, stepSeconds: number, zone = getPrefs().zone): string {
  const date = zoned(at, zone);
  if (stepSeconds >= 7 * 86_400) return dayMonth(date);
  const time = hourMinute(date);
  return stepSeconds >= 86_400 || time === "00:00" ? `${weekday(date)} ${date.getUTCDate()}` : time;
}

/** Tue 24 Nov 09:12, for an instant in milliseconds, in the reader's zone. */
export function pointTime(at: number, zone = getPrefs().zone): string {
  const date = zoned(at, zone);
  return `${weekday(date)} ${dayMonth(date)} ${hourMinute(date)}`;
}

/** "just now", "12 s", "6 min", "3 h", "2 d"; with "in " before instants that are still to come. */
export function ago(at: string, now: number): string {
  const seconds = (now - instant(at)) / 1000;
  if (seconds < -5) return `in ${span(-seconds)}`;
  if (seconds < 5) return "just now";
  if (seconds < 3600) return span(seconds);
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

export const shortCommit = (commit: string): string => (/^[0-9a-f]{12,64}$/i.test(commit) ? commit.slice(0, 7) : commit);

const LONGEST_NAME = 80;

/** A name that no list has room for, by its two ends: what tells it from its like may stand last. */
export function shortName(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  const letters = [...name];
  const half = LONGEST_NAME / 2;
  return letters.length <= LONGEST_NAME ? name : `${letters.slice(0, half).join("")}…${letters.slice(1 - half).join("")}`;
}

const ESCAPES = new RegExp("\\u001b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)?|[@-_])", "g");
const CONTROLS = new RegExp("[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]", "g");

/** Log text without terminal escapes, control characters and overrides of the writing direction. */
export const plainText = (text: string): string => text.replace(/\r\n/g, "\n").replace(ESCAPES, "").replace(CONTROLS, "");

/** Only http and https addresses may become links; anything else is shown as no link at all. */
export function safeUrl(url: string | null | undefined): string | null {
  if (url == null) return null;
  try {
    const { protocol } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

const PROVIDERS: Record<string, string> = { github: "GitHub", jenkins: "Jenkins" };

export const providerName = (provider: string): string => PROVIDERS[provider] ?? provider;
