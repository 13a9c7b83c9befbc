import { WINDOW_LABELS, WINDOWS } from "../lib/filters";

/** How far back to look. */
export function Windows({ chosen, onChange }: { chosen: string; onChange: (window: string) => void }) {
  const known = (WINDOWS as readonly string[]).includes(chosen) ? WINDOWS : [...WINDOWS, chosen];
  return (
    <fieldset className="seg">
      <legend className="visually-hidden">Window</legend>
      {known.map((window) => (
        <label key={window} className={window === chosen ? "on" : ""}>
          <input type="radio" name="window" className="visually-hidden" checked={window === chosen} onChange={() => onChange(window)} />
          {WINDOW_LABELS[window] ?? window}
        </label>
      ))}
    </fieldset>
  );
}
