import { lazy, Suspense, useId, useRef, useState, type ReactNode } from "react";

import { count } from "../lib/format";
import { Icon } from "./Icon";

const Floating = lazy(() => import("./Floating"));

/** More rows than anybody scrolls; typing narrows. */
const SHOWN = 100;

export interface Choice {
  value: string;
  label: ReactNode;
}

interface FilterMenuProps {
  name: string;
  /** The button's text while nothing is chosen. */
  all: string;
  chosen: readonly string[];
  choices: readonly Choice[];
  onChange: (chosen: string[]) => void;
  /** Entries above the list that stand for a choice of their own. */
  presets?: readonly { label: string; chosen: string[] }[];
  /** The button's text for what is chosen. */
  summary?: string;
  /** One choice alone: choosing another takes the first back. */
  one?: boolean;
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((value) => b.includes(value));

function buttonText({ all, chosen, name, summary }: FilterMenuProps): string {
  if (summary !== undefined) return summary;
  if (chosen.length === 0) return all;
  return chosen.length === 1 ? (chosen[0] ?? all) : `${chosen.length} ${name}`;
}

export function FilterMenu(props: FilterMenuProps) {
  const { chosen, name, presets, all } = props;
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const active = presets === undefined ? chosen.length > 0 : !same(chosen, presets[0]?.chosen ?? []);
  const text = buttonText(props);
  return (
    <>
      <button ref={button} type="button" className={active ? "menu-button on" : "menu-button"} aria-label={`${name}: ${text}`} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(!open)}>
        <bdi>{text}</bdi> <Icon name="chevron" />
      </button>
      {open && (
        <Suspense>
          <Floating anchor={button} kind="menu" id={id} label={`Filter by ${name}`} onClose={() => setOpen(false)}>
            <Menu {...props} presets={presets ?? [{ label: all, chosen: [] }]} />
          </Floating>
        </Suspense>
      )}
    </>
  );
}

/** What the address bar names is on offer too, so that it can be taken back. */
function withChosen(choices: readonly Choice[], chosen: readonly string[], presets: readonly { chosen: string[] }[]): Choice[] {
  const known = new Set([...choices.map((choice) => choice.value), ...presets.flatMap((preset) => preset.chosen)]);
  return [...chosen.filter((value) => !known.has(value)).map((value) => ({ value, label: value })), ...choices];
}

function Menu({ name, chosen, choices, onChange, presets = [], one = false }: FilterMenuProps) {
  const [text, setText] = useState("");
  const group = useId();
  const needle = text.trim().toLowerCase();
  const found = withChosen(choices, chosen, presets).filter((choice) => choice.value.toLowerCase().includes(needle));
  const toggle = (value: string): void => {
    if (one) {
      onChange([value]);
      return;
    }
    // What only a preset stands for (the default branch) ends with the first choice of one's own.
    const real = chosen.filter((each) => choices.some((choice) => choice.value === each) || !presets.some((preset) => preset.chosen.includes(each)));
    onChange(real.includes(value) ? real.filter((each) => each !== value) : [...real, value]);
  };
  return (
    <>
      {choices.length > 8 && (
        <input type="search" placeholder={`Find among ${count(choices.length)} ${name}`} aria-label={`Find ${name}`} value={text} onChange={(event) => setText(event.target.value)} />
      )}
      <div className="menu-list">
        {presets.map((preset) => (
          <label key={preset.label}>
            <input type="radio" name={group} checked={same(chosen, preset.chosen)} onChange={() => onChange(preset.chosen)} />
            <span>{preset.label}</span>
          </label>
        ))}
        {choices.length > 0 && presets.length > 0 && <hr />}
        {found.slice(0, SHOWN).map((choice) => (
          <label key={choice.value}>
            <input type={one ? "radio" : "checkbox"} {...(one && { name: group })} checked={chosen.includes(choice.value)} onChange={() => toggle(choice.value)} />
            <bdi>{choice.label}</bdi>
          </label>
        ))}
        {found.length > SHOWN && <p className="quiet">{count(found.length - SHOWN)} more: type to narrow.</p>}
        {choices.length > 0 && found.length === 0 && <p className="quiet">No {name} with “{text.trim()}”.</p>}
      </div>
    </>
  );
}
