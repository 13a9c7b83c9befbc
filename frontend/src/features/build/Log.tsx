import { useLayoutEffect, useRef } from "react";

import type { BuildDetail } from "../../api/types";
import { Panel } from "../../components/Panel";
import { ProviderLink } from "../../components/Text";
import { plainText, plural, providerName } from "../../lib/format";
import { failingLines } from "./log";

const CONTEXT_PIXELS = 90;

const titleOf = ({ failing_step: step }: BuildDetail): string => (step === null || step === "" ? "Log" : step.replace(" › ", " · "));

function NoLog({ build, error }: { build: BuildDetail; error: string }) {
  if (build.status !== "failure") return null;
  return (
    <Panel title="Log">
      <p className="empty">
        {error === "" ? "No log of this build is kept." : <code><bdi>{error}</bdi></code>} The whole log is on {providerName(build.provider)}.{" "}
        <ProviderLink url={build.url} provider={build.provider} />
      </p>
    </Panel>
  );
}

/** The kept part of the log as plain text, numbered; the lines that say what failed are marked and in sight. */
export function Log({ build }: { build: BuildDetail }) {
  const box = useRef<HTMLPreElement>(null);
  const text = plainText(build.logs ?? "").trimEnd();
  const error = plainText(build.error ?? "").trim();
  useLayoutEffect(() => {
    const mark = box.current?.querySelector("mark");
    if (box.current && mark) box.current.scrollTop = mark.offsetTop - box.current.offsetTop - CONTEXT_PIXELS;
  }, [text, error]);
  if (text === "") return <NoLog build={build} error={error} />;
  const lines = text.split("\n");
  const marked = failingLines(lines, error);
  return (
    <Panel title={<bdi>{titleOf(build)}</bdi>} aside={`${plural(lines.length, "line")} kept of the log`}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard */}
      <pre className="log" ref={box} tabIndex={0} role="region" aria-label="Log lines">
        {lines.map((line, index) => (
          <LogLine key={index} line={line} marked={marked.has(index)} />
        ))}
      </pre>
    </Panel>
  );
}

function LogLine({ line, marked }: { line: string; marked: boolean }) {
  const text = `${line}\n`;
  return marked ? <mark>{text}</mark> : <span>{text}</span>;
}
