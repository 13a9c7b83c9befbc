import { useState } from "react";

import { Icon } from "./Icon";

/** Text to take along, with a button that copies it. */
export function Snippet({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true);
      },
      () => {
        setCopied(false);
      },
    );
  };
  return (
    <figure className="snippet">
      <figcaption>
        <span>{label}</span>
        {/* Without a secure context browsers offer no clipboard. */}
        {window.isSecureContext && (
          <button type="button" onClick={copy}>
            <Icon name="copy" /> <span aria-live="polite">{copied ? "copied" : "copy"}</span>
          </button>
        )}
      </figcaption>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard */}
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </figure>
  );
}
