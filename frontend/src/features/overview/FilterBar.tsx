import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { filterValuesQuery } from "../../api/queries";
import type { FilterValues, NamedValues } from "../../api/types";
import { FilterMenu, plainChoices, type Choice } from "../../components/FilterMenu";
import { Icon } from "../../components/Icon";
import { StatusPill } from "../../components/Pill";
import { Windows } from "../../components/Windows";
import { DEFAULT_BRANCH, isFiltered, NO_FILTERS, type Filters } from "../../lib/filters";
import { providerName } from "../../lib/format";
import { STATUSES } from "../../lib/status";
import { usePrefs } from "../../lib/usePrefs";
import { useStep } from "../../lib/useStep";

const SEARCH_DELAY_MILLISECONDS = 300;
const DEFAULTS = "Default branches";
const BRANCH_PRESETS = [
  { label: DEFAULTS, chosen: [DEFAULT_BRANCH] },
  { label: "All branches", chosen: [] },
];
const STATUS_CHOICES: Choice[] = STATUSES.map((status) => ({ value: status, label: <StatusPill status={status} /> }));
const NONE: FilterValues = { repos: [], pipelines: [], branches: [], providers: [], sources: [], groups: [], statuses: [], cut: [] };

interface FilterBarProps {
  filters: Filters;
  onChange: (change: Partial<Filters>, options?: { replace: boolean }) => void;
}

function branchSummary(branch: readonly string[]): { summary?: string } {
  return branch.length === 1 && branch[0] === DEFAULT_BRANCH ? { summary: DEFAULTS } : {};
}

export function FilterBar({ filters, onChange }: FilterBarProps) {
  const enabled = useStep(3);
  const values = useQuery({ ...filterValuesQuery(), enabled }).data ?? NONE;
  const cut = (list: NamedValues): NamedValues | undefined => (values.cut.includes(list) ? list : undefined);
  return (
    <div className="filters" role="search" aria-label="Filters">
      <Windows chosen={filters.window} onChange={(window) => onChange({ window })} />
      <FilterMenu name="branches" all="All branches" chosen={filters.branch} choices={plainChoices(values.branches.filter((name) => name !== DEFAULT_BRANCH))} presets={BRANCH_PRESETS} cut={cut("branches")} onChange={(branch) => onChange({ branch })} {...branchSummary(filters.branch)} />
      <FilterMenu name="repos" all="All repos" chosen={filters.repo} choices={plainChoices(values.repos)} cut={cut("repos")} onChange={(repo) => onChange({ repo })} />
      <FilterMenu name="pipelines" all="All pipelines" chosen={filters.pipeline} choices={plainChoices(values.pipelines)} cut={cut("pipelines")} onChange={(pipeline) => onChange({ pipeline })} />
      <FilterMenu name="providers" all="All providers" chosen={filters.provider} choices={values.providers.map((value) => ({ value, label: providerName(value) }))} onChange={(provider) => onChange({ provider })} />
      {(values.groups.length > 0 || filters.group.length > 0) && (
        <Groups known={values.groups} chosen={filters.group} onChange={(group) => onChange({ group })} />
      )}
      <FilterMenu name="statuses" all="Any status" chosen={filters.status} choices={STATUS_CHOICES} onChange={(status) => onChange({ status })} />
      <SearchBox text={filters.q} onChange={(q) => onChange({ q }, { replace: true })} />
      {isFiltered(filters) && (
        <button type="button" className="link" onClick={() => onChange({ ...NO_FILTERS, window: filters.window, sort: filters.sort })}>
          Clear filters
        </button>
      )}
    </div>
  );
}

function Groups({ known, chosen, onChange }: { known: readonly string[]; chosen: string[]; onChange: (group: string[]) => void }) {
  const mine = usePrefs().groups.filter((group) => known.includes(group));
  const presets = [{ label: "All groups", chosen: [] as string[] }, ...(mine.length > 0 ? [{ label: "My groups", chosen: mine }] : [])];
  return <FilterMenu name="groups" all="All groups" chosen={chosen} choices={plainChoices(known)} presets={presets} onChange={onChange} />;
}

function SearchBox({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const [{ typed, seen }, setState] = useState({ typed: text, seen: text });
  // The address bar moved by itself (back, a link): it wins, unless it says what was just typed.
  if (seen !== text) setState({ typed: typed.trim() === text ? typed : text, seen: text });
  useEffect(() => {
    if (typed.trim() === text) return undefined;
    const timer = setTimeout(() => onChange(typed.trim()), SEARCH_DELAY_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  return (
    <span className="search">
      <Icon name="search" />
      <input type="search" placeholder="Pipeline, branch, actor …" aria-label="Find builds by pipeline, repo, branch, commit or actor" value={typed} onChange={(event) => setState({ typed: event.target.value, seen })} />
    </span>
  );
}
