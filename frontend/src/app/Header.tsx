import { Link, useRoute } from "wouter";

import { Icon } from "../components/Icon";
import type { IconName } from "../lib/status";
import { LivePill } from "./LivePill";
import { useTheme, type Theme } from "./theme";

const THEME_ICONS: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };

function NavLink({ href, children }: { href: string; children: string }) {
  const [here] = useRoute(href);
  return (
    <Link href={href} className={here ? "on" : ""} aria-current={here ? "page" : undefined}>
      {children}
    </Link>
  );
}

function ThemeToggle() {
  const [theme, next] = useTheme();
  return (
    <button type="button" className="icon-button" onClick={next} title={`theme: ${theme}`} aria-label={`Theme: ${theme}. Change it`}>
      <Icon name={THEME_ICONS[theme]} />
    </button>
  );
}

export function Header() {
  return (
    <header className="top">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Link href="/" className="logo">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M2 13h4l3-8 4 14 3-9 2 3h4" fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
        CI Health
      </Link>
      <nav aria-label="Pages">
        <NavLink href="/">Overview</NavLink>
        <NavLink href="/ui/sources">Sources</NavLink>
      </nav>
      <span className="grow" />
      <LivePill />
      <ThemeToggle />
    </header>
  );
}
