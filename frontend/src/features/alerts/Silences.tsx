import { useQuery } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";

import { addSilence, endSilence, silencesQuery, useAct, type NewSilence, type Silence } from "../../api/alerts";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Ago, Moment } from "../../components/Text";
import { LENGTHS, NameField } from "./Actions";
import { SOMEBODY, useWho } from "./who";

const MATCHERS = ["repo", "pipeline", "branch", "group", "rule", "severity"] as const;
type Matcher = (typeof MATCHERS)[number];
const EXAMPLES: Record<Matcher, string> = { repo: "acme/*", pipeline: "nightly*", branch: "main", group: "web-team", rule: "broken", severity: "warning" };

function SilenceRow({ silence }: { silence: Silence }) {
  const ending = useAct(() => endSilence(silence.id));
  const matchers = Object.entries(silence.matchers);
  return (
    <li>
      <div className="who">
        <p className="matchers">
          {matchers.map(([name, glob]) => (
            <code key={name}>
              {name}: <bdi>{glob}</bdi>
            </code>
          ))}
        </p>
        <p className="meta dotted">
          <span>
            {silence.in_force ? "ends" : "begins"} <Ago at={silence.in_force ? silence.ends_at : silence.starts_at} />
            {!silence.in_force && (
              <>
                , until <Moment at={silence.ends_at} />
              </>
            )}
          </span>
          <span>
            by <bdi>{silence.author}</bdi>
          </span>
          {silence.reason !== "" && <bdi>{silence.reason}</bdi>}
        </p>
        {ending.error !== null && (
          <p className="stale-line" role="alert">
            {ending.error.message}
          </p>
        )}
      </div>
      <button type="button" disabled={ending.isPending} aria-label={`End the silence of ${matchers.map(([, glob]) => glob).join(", ")}`} onClick={() => ending.mutate(undefined)}>
        End
      </button>
    </li>
  );
}

const EMPTY: Record<Matcher, string> = { repo: "", pipeline: "", branch: "", group: "", rule: "", severity: "" };

function Matchers({ globs, onChange }: { globs: Record<Matcher, string>; onChange: (globs: Record<Matcher, string>) => void }) {
  return (
    <fieldset className="matcher-fields">
      <legend className="quiet">Alerts that match all of these (globs)</legend>
      {MATCHERS.map((name) => (
        <label key={name} className="field">
          <span>{name}</span>
          <input type="text" maxLength={500} placeholder={EXAMPLES[name]} value={globs[name]} onChange={(event) => onChange({ ...globs, [name]: event.target.value })} />
        </label>
      ))}
    </fieldset>
  );
}

function SilenceForm({ onDone }: { onDone: () => void }) {
  const [globs, setGlobs] = useState(EMPTY);
  const [duration, setDuration] = useState("4h");
  const [reason, setReason] = useState("");
  const [who, keep] = useWho();
  const adding = useAct((body: NewSilence) => addSilence(body));
  const given = (name: Matcher): string | null => globs[name].trim() || null;
  const matchers = { repo: given("repo"), pipeline: given("pipeline"), branch: given("branch"), group: given("group"), rule: given("rule"), severity: given("severity") };
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    adding.mutate({ matchers, duration, starts_at: null, ends_at: null, author: who.trim() || SOMEBODY, reason: reason.trim() }, { onSuccess: onDone });
  };
  return (
    <form className="act-form" aria-label="Add a silence" onSubmit={submit}>
      <Matchers globs={globs} onChange={setGlobs} />
      <label className="field">
        <span>For</span>
        <select value={duration} onChange={(event) => setDuration(event.target.value)}>
          {LENGTHS.map((length) => (
            <option key={length.duration} value={length.duration}>
              {length.label}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Why (may stay empty)</span>
        <input type="text" maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
      <NameField value={who} onChange={keep} />
      {adding.error !== null && (
        <p className="stale-line" role="alert">
          {adding.error.message}
        </p>
      )}
      <div className="acts">
        <button type="submit" className="primary" disabled={adding.isPending || MATCHERS.every((name) => matchers[name] === null)}>
          Silence
        </button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** What nobody is told of for a while, and until when. */
export function Silences() {
  const result = useQuery(silencesQuery());
  const [adding, setAdding] = useState(false);
  const add = (
    <button type="button" onClick={() => setAdding(true)}>
      Add a silence
    </button>
  );
  return (
    <Panel title="Silences" aside={adding ? null : add}>
      {adding && <SilenceForm onDone={() => setAdding(false)} />}
      <Loaded query={result} skeleton={<Skeleton lines={2} height={32} />}>
        {({ silences }) =>
          silences.length === 0 ? (
            !adding && <p className="empty">Nothing is silenced.</p>
          ) : (
            <ul className="states-list silences">
              {silences.map((silence) => (
                <SilenceRow key={silence.id} silence={silence} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
