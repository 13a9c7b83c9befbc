import { useState } from "react";

export type Theme = "system" | "light" | "dark";
const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const KEY = "theme";

function stored(): Theme {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";
  }
}

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be closed to this page: the choice then holds until it is left.
  }
}

/** The chosen theme, and what takes the next one: system, light, dark. public/theme.js reads it on load. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(stored);
  return [
    theme,
    () => {
      apply(NEXT[theme]);
      setTheme(NEXT[theme]);
    },
  ];
}
