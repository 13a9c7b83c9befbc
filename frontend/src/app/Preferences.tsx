import { useQuery } from "@tanstack/react-query";
import { useId, type ReactNode } from "react";

import { metaQuery } from "../api/queries";
import { Dialog } from "../components/Dialog";
import { absolute } from "../lib/format";
import { resetPrefs, setPrefs, type Density, type Theme } from "../lib/prefs";
import { usePrefs } from "../lib/usePrefs";

const THEMES: readonly (readonly [Theme, string])[] = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];
const DENSITIES: readonly (readonly [Density, string])[] = [["comfortable", "Comfortable"], ["compact", "Compact"]];

interface ChoiceProps<T extends string> {
  label: string;
  choices: readonly (readonly [T, string])[];
  chosen: T;
  onChange: (value: T) => void;
}

function Choice<T extends string>({ label, choices, chosen, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="pref">
      <legend>{label}</legend>
      <div className="seg">
        {choices.map(([value, text]) => (
          <label key={value} className={value === chosen ? "on" : ""}>
            <input type="radio" name={name} className="visually-hidden" checked={value === chosen} onChange={() => onChange(value)} />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Zone() {
  const { zone } = usePrefs();
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC");
  return (
    <label className="pref">
      <span>Time zone</span>
      <select value={zone} onChange={(event) => setPrefs({ zone: event.target.value })}>
        <option value="">This device’s ({own})</option>
        <option value="UTC">UTC</option>
        {zones.map((name) => (
          <option key={name} value={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function Groups({ children }: { children?: ReactNode }) {
  const { groups: mine } = usePrefs();
  const known = useQuery(metaQuery()).data?.groups ?? [];
  const toggle = (group: string): void => setPrefs({ groups: mine.includes(group) ? mine.filter((each) => each !== group) : [...mine, group] });
  return (
    <fieldset className="pref">
      <legend>My groups</legend>
      {known.length === 0 && <p className="quiet">The configuration names no groups (<code>groups:</code> in collectors.yaml).</p>}
      {known.map((group) => (
        <label key={group} className="check">
          <input type="checkbox" checked={mine.includes(group)} onChange={() => toggle(group)} /> <bdi>{group}</bdi>
        </label>
      ))}
      {known.length > 0 && <p className="quiet">The overview and the wall open with these.</p>}
      {children}
    </fieldset>
  );
}

/** What this browser remembers. A chunk of its own. */
export default function Preferences({ onClose }: { onClose: () => void }) {
  const { theme, density } = usePrefs();
  return (
    <Dialog label="Preferences" className="sheet narrow" onClose={onClose}>
      <div className="sheet-head">
        <h2>Preferences</h2>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      <Choice label="Theme" choices={THEMES} chosen={theme} onChange={(value) => setPrefs({ theme: value })} />
      <Choice label="Rows" choices={DENSITIES} chosen={density} onChange={(value) => setPrefs({ density: value })} />
      <Zone />
      <p className="quiet">Now: {absolute(new Date().toISOString())}</p>
      <Groups />
      <button type="button" className="link" onClick={resetPrefs}>
        Forget all of these
      </button>
    </Dialog>
  );
}
