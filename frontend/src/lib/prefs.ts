/** What a reader chose for this browser. public/theme.js reads theme and density before the first paint. */
export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

export interface Prefs {
  theme: Theme;
  density: Density;
  /** An IANA name; "" for the browser's own zone. */
  zone: string;
  /** The groups that the overview and the wall open with. */
  groups: string[];
}

const KEY = "prefs";
const DEFAULTS: Prefs = { theme: "system", density: "comfortable", zone: "", groups: [] };

function knownZone(zone: unknown): string {
  if (typeof zone !== "string" || zone === "") return "";
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return zone;
  } catch {
    return "";
  }
}

/** What is stored may be of another version or another hand: whatever is not understood is the default. */
function read(): Prefs {
  let kept: Partial<Record<keyof Prefs, unknown>>;
  try {
    kept = (JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {}) as typeof kept;
  } catch {
    kept = {};
  }
  return {
    theme: kept.theme === "light" || kept.theme === "dark" ? kept.theme : "system",
    density: kept.density === "compact" ? "compact" : "comfortable",
    zone: knownZone(kept.zone),
    groups: Array.isArray(kept.groups) ? kept.groups.filter((group): group is string => typeof group === "string") : [],
  };
}

let prefs = read();
const listeners = new Set<() => void>();

function show({ theme, density }: Prefs): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
  if (density === "compact") dataset["density"] = density;
  else delete dataset["density"];
}

function tell(): void {
  show(prefs);
  for (const each of listeners) each();
}

export const getPrefs = (): Prefs => prefs;

export function setPrefs(part: Partial<Prefs>): void {
  prefs = { ...prefs, ...part };
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // Storage may be closed to this page: the choice then holds until it is left.
  }
  tell();
}

export const resetPrefs = (): void => setPrefs(DEFAULTS);

/** Another tab of the same reader chose something. */
function stored(event: StorageEvent): void {
  if (event.key !== KEY) return;
  prefs = read();
  tell();
}

/** Tells of each change, also of those in another tab; the answer ends it. */
export function onPrefs(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("storage", stored);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("storage", stored);
  };
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export const nextTheme = (): void => setPrefs({ theme: NEXT[prefs.theme] });
