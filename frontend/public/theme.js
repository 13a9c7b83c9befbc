// Runs before the first paint, so that a chosen theme does not flash; the policy allows no inline script.
try {
  const { theme, density } = JSON.parse(localStorage.getItem("prefs") ?? "{}") ?? {};
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  if (density === "compact") document.documentElement.dataset.density = density;
} catch {
  // Storage may be closed to this page: the system's theme then holds.
}
// The wall has no header, also while it is on its way.
if (location.pathname.endsWith("/ui/wall")) document.documentElement.dataset.bare = "";
