import type { BuildDetail } from "../../api/types";
import { Panel } from "../../components/Panel";
import { plainText, providerName } from "../../lib/format";

const titleOf = ({ failing_step: step }: BuildDetail): string => (step == null || step === "" ? "Log" : `Log: ${step}`);

/** The kept part of the log as plain text; the line that says what failed is marked. */
export function Log({ build }: { build: BuildDetail }) {
  const text = plainText(build.logs ?? "").trimEnd();
  const error = build.error == null ? null : plainText(build.error).trim();
  if (text === "") {
    if (build.status !== "failure") return null;
    return (
      <Panel title="Log">
        <p className="empty">
          {error !== null && error !== "" ? <code><bdi>{error}</bdi></code> : "No log of this build is kept."} The whole log is on {providerName(build.provider)}.
        </p>
      </Panel>
    );
  }
  const lines = text.split("\n");
  const marked = error === null || error === "" ? -1 : lines.findIndex((line) => line.trim().includes(error));
  return (
    <Panel title={<bdi>{titleOf(build)}</bdi>} aside="the kept part of the log">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard */}
      <pre className="log" tabIndex={0} role="region" aria-label="Log lines">
        {lines.map((line, index) => (
          <LogLine key={index} line={line} marked={index === marked} />
        ))}
      </pre>
    </Panel>
  );
}

function LogLine({ line, marked }: { line: string; marked: boolean }) {
  const text = `${line}\n`;
  return marked ? <mark>{text}</mark> : <span>{text}</span>;
}
