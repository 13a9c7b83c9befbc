import "./palette.css";

import { useId, useLayoutEffect, useState, type KeyboardEvent, type RefObject } from "react";
import { useLocation } from "wouter";

import { Dialog } from "../../components/Dialog";
import { Icon } from "../../components/Icon";
import { Pill } from "../../components/Pill";
import type { Entry } from "./entries";
import { useEntries } from "./useEntries";

interface PaletteProps {
  /** What was typed before this was there. */
  early: RefObject<string>;
  actions: readonly Entry[];
  onClose: () => void;
}

function Row({ entry, id, on, onPick, onPoint }: { entry: Entry; id: string; on: boolean; onPick: () => void; onPoint: () => void }) {
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the text field above has the keys: arrows and Enter
    <div id={id} role="option" aria-selected={on} tabIndex={-1} className={on ? "on" : ""} onClick={onPick} onPointerMove={onPoint}>
      <span className="palette-kind">{entry.kind}</span>
      <span className="palette-title">
        {entry.repo !== undefined && <bdi className="repo">{entry.repo}</bdi>} <bdi>{entry.title}</bdi>
      </span>
      {entry.note !== undefined && <span className="palette-note"><bdi>{entry.note}</bdi></span>}
      {entry.mark && <Pill mark={entry.mark} />}
    </div>
  );
}

interface FieldProps {
  typed: string;
  list: string;
  active: string | undefined;
  onType: (text: string) => void;
  onKeys: (event: KeyboardEvent) => void;
}

function Field({ typed, list, active, onType, onKeys }: FieldProps) {
  return (
    <div className="palette-field">
      <Icon name="search" />
      <input
        type="text"
        role="combobox"
        aria-label="Find a pipeline, repo or build"
        aria-expanded="true"
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={active}
        placeholder="Pipeline, repo, branch, commit, actor, build number …"
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => onType(event.target.value)}
        onKeyDown={onKeys}
      />
      <kbd>esc</kbd>
    </div>
  );
}

/** Finds a pipeline, a repo, a build or a page; arrows choose, Enter opens. */
export default function Palette({ early, actions, onClose }: PaletteProps) {
  const [typed, setTyped] = useState("");
  // eslint-disable-next-line react-hooks/set-state-in-effect -- keys may come between the first render and this moment
  useLayoutEffect(() => setTyped(early.current), [early]);
  const [chosen, setChosen] = useState(0);
  const [, navigate] = useLocation();
  const entries = useEntries(typed, actions);
  const list = useId();
  const at = Math.min(chosen, entries.length - 1);
  const idOf = (index: number): string => `${list}-${index}`;
  const pick = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    if (entry.href !== undefined) navigate(entry.href);
    entry.run?.();
  };
  const type = (text: string): void => {
    setTyped(text);
    setChosen(0);
  };
  const choose = (index: number): void => {
    const next = (index + entries.length) % Math.max(1, entries.length);
    setChosen(next);
    document.getElementById(idOf(next))?.scrollIntoView({ block: "nearest" });
  };
  const keys = (event: KeyboardEvent): void => {
    const moves: Record<string, () => void> = { ArrowDown: () => choose(at + 1), ArrowUp: () => choose(at - 1), Enter: () => pick(entries[at]) };
    const move = moves[event.key];
    if (move === undefined || event.nativeEvent.isComposing) return;
    event.preventDefault();
    move();
  };
  return (
    <Dialog label="Find a pipeline, repo or build" className="palette" onClose={onClose}>
      <Field typed={typed} list={list} active={entries.length > 0 ? idOf(at) : undefined} onKeys={keys} onType={type} />
      <div id={list} role="listbox" aria-label="Found" className="palette-list">
        {entries.map((entry, index) => (
          <Row key={entry.key} entry={entry} id={idOf(index)} on={index === at} onPick={() => pick(entry)} onPoint={() => index !== at && setChosen(index)} />
        ))}
      </div>
      <p className="palette-foot" role="status">
        {entries.length === 0 ? `Nothing is called like “${typed.trim()}”.` : <><kbd>↑</kbd> <kbd>↓</kbd> choose · <kbd>Enter</kbd> open</>}
      </p>
    </Dialog>
  );
}
