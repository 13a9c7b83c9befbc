/** What the palette offers and how it is found. */
import type { Build, ListedPipeline } from "../../api/types";
import { buildPath, pipelinePath } from "../../lib/base";
import { DEFAULT_BRANCH, toSearchParams } from "../../lib/filters";
import { shortCommit } from "../../lib/format";
import { buildMark, pipelineMark, type Mark } from "../../lib/status";

export interface Entry {
  key: string;
  kind: "Page" | "Action" | "Pipeline" | "Repo" | "Build";
  /** The main words; `repo` before them in grey. */
  title: string;
  repo?: string;
  note?: string;
  mark?: Mark;
  href?: string;
  run?: () => void;
}

export const PAGES: readonly Entry[] = [
  { key: "page /", kind: "Page", title: "Overview", note: "g o", href: "/" },
  { key: "page grid", kind: "Page", title: "Grid", note: "g g", href: "/ui/grid" },
  { key: "page waiting", kind: "Page", title: "Waiting", note: "g w", href: "/ui/waiting" },
  { key: "page alerts", kind: "Page", title: "Alerts", note: "g a", href: "/ui/alerts" },
  { key: "page sources", kind: "Page", title: "Sources", note: "g s", href: "/ui/sources" },
  { key: "page wall", kind: "Page", title: "Wall", note: "g l", href: "/ui/wall" },
];

export function pipelineEntry(pipeline: ListedPipeline): Entry {
  return { key: `pipeline ${pipeline.id}`, kind: "Pipeline", title: pipeline.pipeline, repo: pipeline.repo, mark: pipelineMark(pipeline), href: pipelinePath(pipeline.id), ...(pipeline.file !== null && { note: pipeline.file }) };
}

export function repoEntry(repo: string): Entry {
  return { key: `repo ${repo}`, kind: "Repo", title: repo, note: "overview", href: `/?${toSearchParams({ repo }).toString()}` };
}

export function gridEntry(repo: string): Entry {
  return { key: `grid ${repo}`, kind: "Repo", title: repo, note: "grid", href: `/ui/grid?${toSearchParams({ repo }).toString()}` };
}

export function buildEntry(build: Build): Entry {
  const about = [build.branch === DEFAULT_BRANCH ? null : build.branch, build.commit === null ? null : shortCommit(build.commit), build.actor];
  return { key: `build ${build.id}`, kind: "Build", title: build.pipeline, repo: build.repo, note: about.filter((part) => part !== null).join(" · "), mark: buildMark(build.status), href: buildPath(build.id) };
}

/** How well the words match, smaller is better; null: one of them is nowhere. */
function score(text: string, words: readonly string[]): number | null {
  let sum = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at === -1) return null;
    const starts = at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? "");
    sum += starts ? at / 1000 : 1 + at / 1000;
  }
  return sum + text.length / 10_000;
}

/** Those in which every word is found, the best first; all, in their order, when nothing is typed. */
export function find(entries: readonly Entry[], typed: string, most: number): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return entries.slice(0, most);
  const scored = entries.flatMap((entry) => {
    const found = score(`${entry.title} ${entry.repo ?? ""}`.toLowerCase(), words) ?? score(`${entry.repo ?? ""} ${entry.title}`.toLowerCase(), words);
    return found === null ? [] : [{ entry, found }];
  });
  return scored.sort((a, b) => a.found - b.found).slice(0, most).map(({ entry }) => entry);
}
