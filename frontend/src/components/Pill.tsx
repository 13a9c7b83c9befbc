import type { ReactNode } from "react";

import { buildMark, type Mark } from "../lib/status";
import { Icon } from "./Icon";

export function Pill({ mark, children, title }: { mark: Mark; children?: ReactNode; title?: string }) {
  return (
    <span className={`pill ${mark.tone}`} title={title}>
      <Icon name={mark.icon} />
      <span>{children ?? mark.word}</span>
    </span>
  );
}

/** The conclusion is the provider's own word: shown on hover where it says more than the status. */
export function StatusPill({ status, conclusion }: { status: string; conclusion?: string | null }) {
  const told = conclusion != null && conclusion.toLowerCase() !== status ? { title: `the provider says: ${conclusion}` } : {};
  return <Pill mark={buildMark(status)} {...told} />;
}
