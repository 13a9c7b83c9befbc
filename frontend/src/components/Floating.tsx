import * as Popover from "@radix-ui/react-popover";
import { useState, type ReactNode, type RefObject } from "react";

interface FloatingProps {
  /** What it hangs on; a press on it is the owner's business, not a press outside. */
  anchor: RefObject<HTMLButtonElement | null>;
  kind: "menu" | "tip";
  id: string;
  label?: string | undefined;
  onClose: () => void;
  onPointerEnter?: (() => void) | undefined;
  onPointerLeave?: (() => void) | undefined;
  children: ReactNode;
}

/**
 * A menu takes the focus and gives it back; a tip never takes it. It is put at the end of the part of the page that it
 * hangs in: a landmark, so that screen readers find it there, or a modal window, which is above all else. A chunk of
 * its own, loaded with the first one.
 */
export default function Floating({ anchor, kind, id, label, onClose, onPointerEnter, onPointerLeave, children }: FloatingProps) {
  const tip = kind === "tip";
  const [container] = useState(() => anchor.current?.closest<HTMLElement>("dialog, main, header"));
  return (
    <Popover.Root open onOpenChange={(open) => !open && onClose()}>
      <Popover.Anchor virtualRef={anchor as RefObject<HTMLButtonElement>} />
      <Popover.Portal container={container}>
        <Popover.Content
          id={id}
          className={kind}
          align="start"
          sideOffset={4}
          collisionPadding={8}
          {...(tip && { role: "tooltip" })}
          {...(label !== undefined && { "aria-label": label })}
          onPointerEnter={onPointerEnter}
          onPointerLeave={onPointerLeave}
          onOpenAutoFocus={(event) => tip && event.preventDefault()}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (!tip && document.activeElement === document.body) anchor.current?.focus();
          }}
          onInteractOutside={(event) => anchor.current?.contains(event.target as Node) && event.preventDefault()}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
