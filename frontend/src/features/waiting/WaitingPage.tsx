import "./waiting.css";

import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "wouter";

import { filterValuesQuery, waitingQuery } from "../../api/queries";
import type { Waiting, WaitingItem } from "../../api/types";
import { FilterMenu, plainChoices } from "../../components/FilterMenu";
import { Icon } from "../../components/Icon";
import { Loaded, Panel, Skeleton } from "../../components/Panel";
import { Branch, Name, ProviderLink } from "../../components/Text";
import { buildPath, pipelinePath } from "../../lib/base";
import { useNow } from "../../lib/clock";
import { toSearchParams } from "../../lib/filters";
import { absolute, count, duration, instant, plainText, plural, providerName, span } from "../../lib/format";
import { buildMark } from "../../lib/status";
import { useSetSearch } from "../../lib/useSetSearch";

const LONG_SECONDS = 1800;
const NAMES = ["repo", "provider", "group"] as const;
type Chosen = Record<(typeof NAMES)[number], string[]>;

function useChosen(): [Chosen, (change: Partial<Chosen>) => void] {
  const params = new URLSearchParams(useSearch());
  const setSearch = useSetSearch();
  const chosen = Object.fromEntries(NAMES.map((name) => [name, params.getAll(name)])) as Chosen;
  return [chosen, (part) => setSearch(toSearchParams({ ...chosen, ...part }).toString())];
}

function Bar({ chosen, change }: { chosen: Chosen; change: (change: Partial<Chosen>) => void }) {
  const values = useQuery(filterValuesQuery()).data;
  const groups = values?.groups ?? [];
  return (
    <div className="filters" role="search" aria-label="Filters">
      <FilterMenu name="repos" all="All repos" chosen={chosen.repo} choices={plainChoices(values?.repos ?? [])} onChange={(repo) => change({ repo })} />
      <FilterMenu name="providers" all="All providers" chosen={chosen.provider} choices={(values?.providers ?? []).map((value) => ({ value, label: providerName(value) }))} onChange={(provider) => change({ provider })} />
      {groups.length > 0 && <FilterMenu name="groups" all="All groups" chosen={chosen.group} choices={plainChoices(groups)} onChange={(group) => change({ group })} />}
    </div>
  );
}

function Wait({ since }: { since: string }) {
  const now = useNow(1);
  const seconds = Math.max(0, (now - instant(since)) / 1000);
  return (
    <time dateTime={since} title={`since ${absolute(since)}`} className={seconds >= LONG_SECONDS ? "warn strong" : ""}>
      {seconds < 3600 ? duration(seconds) : span(seconds)}
    </time>
  );
}

function Labels({ labels }: { labels: readonly string[] }) {
  if (labels.length === 0) return <span className="quiet">–</span>;
  return (
    <span className="tags">
      {labels.map((label) => (
        <code key={label}><bdi>{label}</bdi></code>
      ))}
    </span>
  );
}

function Which({ item }: { item: WaitingItem }) {
  const name = <Name repo={item.repo} pipeline={item.pipeline} />;
  return item.pipeline_id === null ? name : <Link href={pipelinePath(item.pipeline_id)}>{name}</Link>;
}

const KINDS: Record<WaitingItem["kind"], string> = { job: "job", build: "build", queue: "queue" };

function What({ item }: { item: WaitingItem }) {
  const text = item.job ?? (item.kind === "queue" ? "not begun" : "the whole build");
  const shown = <bdi>{text}</bdi>;
  return (
    <>
      {item.build_id === null ? shown : <Link href={buildPath(item.build_id)} className="link">{shown}</Link>} <small>{KINDS[item.kind]}</small>
      {item.why !== null && <div className="note" title={plainText(item.why)}><bdi>{plainText(item.why)}</bdi></div>}
      {item.merge_queue !== null && <div className="note">merge queue into <Branch branch={item.merge_queue} /></div>}
    </>
  );
}

function Items({ waiting }: { waiting: Waiting }) {
  if (waiting.items.length === 0) {
    return (
      <p className="empty">
        <span className="si ok"><Icon name="check" /></span> Nothing waits now. Jobs that no runner has taken and builds that have not begun show up here.
      </p>
    );
  }
  return (
    <>
      <table className="plain stack">
        <thead>
          <tr>
            <th scope="col" className="num">Waits</th>
            <th scope="col">For the runner label</th>
            <th scope="col">Pipeline</th>
            <th scope="col">What</th>
            <th scope="col">Branch</th>
            <th scope="col"><span className="visually-hidden">Provider</span></th>
          </tr>
        </thead>
        <tbody>
          {waiting.items.map((item, index) => (
            <tr key={`${item.kind} ${item.build_id ?? ""} ${item.job ?? ""} ${item.since} ${index}`}>
              <td className="num"><Wait since={item.since} /></td>
              <td><Labels labels={item.labels} /></td>
              <td><Which item={item} /></td>
              <td><What item={item} /></td>
              <td><Branch branch={item.merge_queue === null ? item.branch : null} /></td>
              <td><ProviderLink url={item.url} provider={item.provider} short /></td>
            </tr>
          ))}
        </tbody>
      </table>
      {waiting.total > waiting.items.length && <p className="hint">The longest {count(waiting.items.length)} of {count(waiting.total)} are shown.</p>}
    </>
  );
}

function Runners({ labels }: { labels: Waiting["labels"] }) {
  return (
    <Panel title="By runner label" aside="waits of the last 24 h">
      {labels.length === 0 && <p className="empty">No job with a runner label ran within 24 h.</p>}
      <ul className="rows">
        {labels.map((label) => (
          <li key={`${label.provider} ${label.labels.join()}`}>
            <span className="cut">
              <Labels labels={label.labels} /> <small>{providerName(label.provider)}</small>
              <div className="note">
                {label.samples === 0 ? "no job began within 24 h" : `p50 ${duration(label.p50_seconds)} · p95 ${duration(label.p95_seconds)} · of ${count(label.samples)}`}
              </div>
            </span>
            <span className="ends">
              {label.waiting > 0 && <b className="warn">{count(label.waiting)} waiting</b>}
              <span className="quiet">{plural(label.running, "job")} running</span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Headline({ waiting }: { waiting: Waiting }) {
  const longest = waiting.items[0];
  if (longest === undefined) return null;
  return (
    <section className="banner wait-banner" aria-label="What waits longest">
      <div>
        <span className="pill warn">
          <Icon name={buildMark("queued").icon} /> <span>{count(waiting.total)} waiting</span>
        </span>
        <span>
          the longest for <b><Wait since={longest.since} /></b>
          {longest.labels.length > 0 && <> on <Labels labels={longest.labels} /></>}: <Which item={longest} />
        </span>
      </div>
    </section>
  );
}

export function WaitingPage() {
  const [chosen, change] = useChosen();
  const query = Object.fromEntries(Object.entries(chosen).filter(([, values]) => values.length > 0));
  const result = useQuery(waitingQuery(query));
  return (
    <>
      <title>Waiting · CI Health</title>
      <h1 className="visually-hidden">Waiting</h1>
      <Bar chosen={chosen} change={change} />
      <Loaded query={result} skeleton={<Panel title="What waits now"><Skeleton lines={6} height={28} /></Panel>}>
        {(waiting) => (
          <>
            <Headline waiting={waiting} />
            <div className="two">
              <Panel title="What waits now" aside="the longest first">
                <Items waiting={waiting} />
              </Panel>
              <Runners labels={waiting.labels} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
