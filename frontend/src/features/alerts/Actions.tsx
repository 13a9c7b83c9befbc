import { lazy, Suspense, useId, useRef, useState, type ReactNode, type SubmitEvent } from "react";

import { acknowledge, silenceAlert, takeBack, useAct, type Alert } from "../../api/alerts";
import { Icon } from "../../components/Icon";
import { SOMEBODY, useWho, whoNow } from "./who";

const Floating = lazy(() => import("../../components/Floating"));

export const LENGTHS: readonly { duration: string; label: string }[] = [
  { duration: "1h", label: "1 hour" },
  { duration: "4h", label: "4 hours" },
  { duration: "1d", label: "1 day" },
  { duration: "1w", label: "1 week" },
];

interface MenuButtonProps {
  label: string;
  about: string;
  /** Does it at once instead of opening; false opens. */
  atOnce?: () => boolean;
  children: (close: () => void) => ReactNode;
}

function MenuButton({ label, about, atOnce, children }: MenuButtonProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = (): void => setOpen(false);
  return (
    <>
      <button ref={button} type="button" aria-label={`${label} ${about}`} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(!open && atOnce?.() !== true)}>
        {label} {atOnce === undefined && <Icon name="chevron" />}
      </button>
      {open && (
        <Suspense>
          <Floating anchor={button} kind="menu" id={id} label={`${label} ${about}`} onClose={close}>
            {children(close)}
          </Floating>
        </Suspense>
      )}
    </>
  );
}

export function NameField({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  return (
    <label className="field">
      <span>Your name</span>
      <input type="text" autoComplete="name" maxLength={200} value={value} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

function AskName({ onName }: { onName: (name: string) => void }) {
  const [who, keep] = useWho();
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    keep(who);
    onName(who.trim());
  };
  return (
    <form className="act-form" onSubmit={submit}>
      <NameField value={who} onChange={keep} />
      <p className="quiet">Shown beside the alert, remembered in this browser.</p>
      <button type="submit" className="primary">
        Acknowledge
      </button>
    </form>
  );
}

function SilenceMenu({ onSilence }: { onSilence: (duration: string, author: string, reason: string) => void }) {
  const [who, keep] = useWho();
  const [reason, setReason] = useState("");
  return (
    <div className="act-form">
      <p>
        Nobody is told of this rule on this pipeline and branch <b>for</b>
      </p>
      <div className="choices">
        {LENGTHS.map(({ duration, label }) => (
          <button key={duration} type="button" onClick={() => onSilence(duration, who.trim() || SOMEBODY, reason.trim())}>
            {label}
          </button>
        ))}
      </div>
      <NameField value={who} onChange={keep} />
      <label className="field">
        <span>Why (may stay empty)</span>
        <input type="text" maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
    </div>
  );
}

/** What can be done about an alert: at most two clicks each. */
export function Actions({ alert }: { alert: Alert }) {
  const { id, state } = alert;
  const acknowledging = useAct((who: string) => acknowledge(id, who));
  const takingBack = useAct(() => takeBack(id, whoNow()));
  const silencing = useAct((body: { author: string; duration: string; reason: string }) => silenceAlert(id, body));
  const busy = acknowledging.isPending || takingBack.isPending || silencing.isPending;
  const error = acknowledging.error ?? takingBack.error ?? silencing.error;
  const about = `${alert.repo} ${alert.pipeline} ${alert.branch ?? ""}`.trim();
  const byName = (): boolean => {
    const who = whoNow();
    if (who !== "") acknowledging.mutate(who);
    return who !== "";
  };
  if (state === "resolved") return null;
  return (
    <>
      <div className="acts" aria-busy={busy}>
        {state === "acknowledged" ? (
          <button type="button" disabled={busy} aria-label={`Take back ${about}`} onClick={() => takingBack.mutate(undefined)}>
            Take back
          </button>
        ) : (
          <MenuButton label="Acknowledge" about={about} atOnce={byName}>
            {(close) => (
              <AskName
                onName={(who) => {
                  close();
                  acknowledging.mutate(who);
                }}
              />
            )}
          </MenuButton>
        )}
        {state !== "silenced" && (
          <MenuButton label="Silence" about={about}>
            {(close) => (
              <SilenceMenu
                onSilence={(duration, author, reason) => {
                  close();
                  silencing.mutate({ duration, author, reason });
                }}
              />
            )}
          </MenuButton>
        )}
      </div>
      {error !== null && (
        <p className="stale-line" role="alert">
          {error.message}
        </p>
      )}
    </>
  );
}
