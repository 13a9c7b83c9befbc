import * as Popover from "@radix-ui/react-popover";
import type { ReactNode, RefObject } from "react";

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

/** A menu takes the focus and gives it back; a tip never takes it. A chunk of its own, loaded with the first one. */
export default function Floating({ anchor, kind, id, label, onClose, onPointerEnter, onPointerLeave, children }: FloatingProps) {
  const tip = kind === "tip";
  return (
    <Popover.Root open onOpenChange={(open) => !open && onClose()}>
      <Popover.Anchor virtualRef={anchor as RefObject<HTMLButtonElement>} />
      <Popover.Portal>
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
