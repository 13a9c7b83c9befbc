import * as Tooltip from "@radix-ui/react-tooltip";
import { useState, type ReactNode } from "react";

import { Icon } from "./Icon";

/** A label whose rule shows on hover, on focus, and on a tap. */
export function Rule({ label, children }: { label: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <Tooltip.Root open={open} onOpenChange={setOpen} delayDuration={150}>
      <Tooltip.Trigger asChild>
        <button
          type="button"
          className="rule"
          onClick={(event) => {
            event.preventDefault();
            setOpen(true);
          }}
        >
          {label} <Icon name="info" />
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tip" sideOffset={4} collisionPadding={12} align="start">
          {children}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
