import { lazy, Suspense, useEffect, useId, useRef, useState, type ReactNode } from "react";

import { Icon } from "./Icon";

const Floating = lazy(() => import("./Floating"));
/** Long enough to move the pointer from the label onto its rule. */
const LINGER_MILLISECONDS = 150;

interface RuleProps {
  label: string;
  /** A quiet word in a line, without a sign that there is more to it. */
  tag?: boolean;
  children: ReactNode;
}

/** A label whose rule shows on hover, on focus, and on a tap; Escape takes it away. */
export function Rule({ label, tag = false, children }: RuleProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = useId();
  const show = (): void => {
    clearTimeout(timer.current);
    setOpen(true);
  };
  const hideSoon = (): void => {
    timer.current = setTimeout(() => setOpen(false), LINGER_MILLISECONDS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <>
      <button ref={button} type="button" className={tag ? "rule tag" : "rule"} aria-describedby={open ? id : undefined} onFocus={show} onBlur={hideSoon} onClick={show} onPointerEnter={show} onPointerLeave={hideSoon}>
        {label}
        {!tag && <> <Icon name="info" /></>}
      </button>
      {open && (
        <Suspense>
          <Floating anchor={button} kind="tip" id={id} onClose={() => setOpen(false)} onPointerEnter={show} onPointerLeave={hideSoon}>
            {children}
          </Floating>
        </Suspense>
      )}
    </>
  );
}
