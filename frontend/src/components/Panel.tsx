import { Component, useId, type ErrorInfo, type ReactNode } from "react";

import { ApiError } from "../api/client";

interface PanelProps {
  title: ReactNode;
  aside?: ReactNode;
  className?: string;
  /** True where the panel is all of the page. */
  alone?: boolean;
  children: ReactNode;
}

/** A part of the page that fails alone: an error in it is shown in it, with a way to try again. */
export function Panel({ title, aside, className = "", alone = false, children }: PanelProps) {
  const id = useId();
  const Heading = alone ? "h1" : "h2";
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <div className="panel-head">
        <Heading id={id}>{title}</Heading>
        {Boolean(aside) && <div className="legend">{aside}</div>}
      </div>
      <Boundary>{children}</Boundary>
    </section>
  );
}

export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    globalThis.reportError?.(error instanceof Error ? new Error(`${error.message}${info.componentStack ?? ""}`, { cause: error }) : error);
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <ErrorNote
        error={new Error("This part of the page broke.")}
        onRetry={() => {
          this.setState({ error: null });
        }}
      />
    );
  }
}

/** What went wrong, in the server's own sentence, and what can be done about it. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const message = error instanceof Error ? error.message : "Something went wrong.";
  const field = error instanceof ApiError && error.field !== null ? ` (${error.field})` : "";
  return (
    <div className="note-box bad" role="alert">
      <p>
        <b>This could not be loaded.</b> {message}
        {field}
      </p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** Lines that stand where the data will be, so that nothing jumps when it comes. */
export function Skeleton({ lines = 3, height = 16 }: { lines?: number; height?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="loading">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} style={{ height }} />
      ))}
    </div>
  );
}

interface QueryLike<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

interface LoadedProps<T> {
  query: QueryLike<T>;
  skeleton: ReactNode;
  children: (data: T) => ReactNode;
}

/** Loading, failed, or there; data that is there stays while a later read fails, with a line that says so. */
export function Loaded<T>({ query, skeleton, children }: LoadedProps<T>) {
  const retry = (): void => void query.refetch();
  if (query.data === undefined) return query.error != null ? <ErrorNote error={query.error} onRetry={retry} /> : skeleton;
  return (
    <>
      {query.error != null && (
        <p className="stale-line" role="status">
          Not up to date: {query.error instanceof Error ? query.error.message : "the last read failed."}{" "}
          <button type="button" className="link" onClick={retry}>
            Try again
          </button>
        </p>
      )}
      {children(query.data)}
    </>
  );
}
