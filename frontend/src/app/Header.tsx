import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useRoute } from "wouter";

import { alertCountsQuery } from "../api/alerts";
import { Icon } from "../components/Icon";
import { count } from "../lib/format";
import { nextTheme, type Theme } from "../lib/prefs";
import { usePrefs } from "../lib/usePrefs";
import { useStep } from "../lib/useStep";
import type { IconName } from "../lib/status";
import { LivePill } from "../components/LivePill";

const THEME_ICONS: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };
const IS_MAC = /Mac|iP(?:hone|ad)/.test(globalThis.navigator?.userAgent ?? "");
export const PALETTE_KEYS = IS_MAC ? "⌘ K" : "Ctrl K";

function NavLink({ href, children }: { href: string; children: ReactNode }) {
  const [here] = useRoute(href);
  return (
    <Link href={href} className={here ? "on" : ""} aria-current={here ? "page" : undefined}>
      {children}
    </Link>
  );
}

function Firing() {
  const enabled = useStep(3);
  const firing = useQuery({ ...alertCountsQuery(), enabled }).data?.firing ?? 0;
  if (firing === 0) return null;
  return (
    <span className="badge">
      {count(firing)} <span className="visually-hidden">firing</span>
    </span>
  );
}

function ThemeToggle() {
  const { theme } = usePrefs();
  return (
    <button type="button" className="icon-button" onClick={nextTheme} title={`theme: ${theme}`} aria-label={`Theme: ${theme}. Change it`}>
      <Icon name={THEME_ICONS[theme]} />
    </button>
  );
}

interface HeaderProps {
  onFind: () => void;
  onPreferences: () => void;
}

export function Header({ onFind, onPreferences }: HeaderProps) {
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
        <NavLink href="/ui/grid">Grid</NavLink>
        <NavLink href="/ui/waiting">Waiting</NavLink>
        <NavLink href="/ui/alerts">
          Alerts <Firing />
        </NavLink>
        <NavLink href="/ui/sources">Sources</NavLink>
        <NavLink href="/ui/wall">Wall</NavLink>
      </nav>
      <span className="grow" />
      <button type="button" className="find" onClick={onFind} aria-keyshortcuts="Control+K Meta+K" aria-haspopup="dialog">
        <Icon name="search" /> <span>Find a pipeline or build</span> <kbd>{PALETTE_KEYS}</kbd>
      </button>
      <LivePill />
      <ThemeToggle />
      <button type="button" className="icon-button" onClick={onPreferences} title="preferences" aria-label="Preferences" aria-haspopup="dialog">
        <Icon name="gear" />
      </button>
    </header>
  );
}
