import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useId, useRef, useState, type ReactNode } from "react";

import { filterValuesQuery } from "../api/queries";
import type { NamedValues } from "../api/types";
import { count } from "../lib/format";
import { Icon } from "./Icon";

const Floating = lazy(() => import("./Floating"));

/** More rows than anybody scrolls; typing narrows. */
const SHOWN = 100;
const SEARCH_DELAY_MILLISECONDS = 250;

export interface Choice {
  value: string;
  label: ReactNode;
}

/** Choices that are called what they stand for. */
export const plainChoices = (values: readonly string[]): Choice[] => values.map((value) => ({ value, label: value }));

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
  /** The server's list that `choices` are a part of: it knows more, and finds them by what is typed. */
  cut?: NamedValues | undefined;
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

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SEARCH_DELAY_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

interface Found {
  choices: readonly Choice[];
  /** The server is still asked for those that a cut list leaves out. */
  asking: boolean;
  /** The server knows more than these. */
  more: boolean;
}

/** What holds the typed text: of the choices at hand, and of those that only the server knows. */
function useFound(choices: readonly Choice[], needle: string, cut: NamedValues | undefined): Found {
  const settled = useSettled(needle);
  const told = useQuery({ ...filterValuesQuery(settled), enabled: cut !== undefined && settled !== "" }).data;
  const here = choices.filter((choice) => choice.value.toLowerCase().includes(needle));
  if (cut === undefined || needle === "") return { choices: here, asking: false, more: cut !== undefined };
  if (told === undefined || settled !== needle) return { choices: here, asking: true, more: false };
  const known = new Map(choices.map((choice) => [choice.value, choice]));
  return { choices: told[cut].map((value) => known.get(value) ?? { value, label: value }), asking: false, more: told.cut.includes(cut) };
}

function Rest({ name, found, text }: { name: string; found: Found; text: string }) {
  const { choices, asking, more } = found;
  if (asking) return <p className="quiet" role="status">Looking for more {name} …</p>;
  if (choices.length === 0) return <p className="quiet" role="status">No {name} with “{text.trim()}”.</p>;
  if (more) return <p className="quiet">There are more than these {count(choices.length)} {name}: type to find the others.</p>;
  return choices.length > SHOWN ? <p className="quiet">{count(choices.length - SHOWN)} more: type to narrow.</p> : null;
}

function Menu({ name, chosen, choices, onChange, presets = [], one = false, cut }: FilterMenuProps) {
  const [text, setText] = useState("");
  const group = useId();
  const found = useFound(withChosen(choices, chosen, presets), text.trim().toLowerCase(), cut);
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
        <input type="search" placeholder={cut === undefined ? `Find among ${count(choices.length)} ${name}` : `Find among all ${name}`} aria-label={`Find ${name}`} value={text} onChange={(event) => setText(event.target.value)} />
      )}
      <div className="menu-list">
        {presets.map((preset) => (
          <label key={preset.label}>
            <input type="radio" name={group} checked={same(chosen, preset.chosen)} onChange={() => onChange(preset.chosen)} />
            <span>{preset.label}</span>
          </label>
        ))}
        {choices.length > 0 && presets.length > 0 && <hr />}
        {found.choices.slice(0, SHOWN).map((choice) => (
          <label key={choice.value}>
            <input type={one ? "radio" : "checkbox"} {...(one && { name: group })} checked={chosen.includes(choice.value)} onChange={() => toggle(choice.value)} />
            <bdi>{choice.label}</bdi>
          </label>
        ))}
        {choices.length > 0 && <Rest name={name} found={found} text={text} />}
      </div>
    </>
  );
}
