/** Why a pipeline runs no more, or is read no more: its `state` in words for people. */
import type { Pipeline } from "../api/types";
import { providerName } from "./format";

interface SwitchedOff {
  word: string;
  meaning: string;
}

const MEANINGS: Record<string, (provider: string) => SwitchedOff> = {
  deleted: (provider) => ({ word: "deleted", meaning: `${provider} lists it no more: it was deleted, or may not be seen any more. Its builds are kept here.` }),
  disabled: (provider) => ({ word: "disabled", meaning: `Disabled on ${provider}: it does not run until somebody enables it there.` }),
  disabled_manually: (provider) => ({ word: "disabled", meaning: `Somebody disabled it on ${provider}: it does not run until somebody enables it there.` }),
  disabled_inactivity: (provider) => ({ word: "disabled", meaning: `${provider} disabled it, as nothing had happened in its repo for long: it does not run until somebody enables it there.` }),
  disabled_fork: (provider) => ({ word: "disabled", meaning: `${provider} disables what a fork brings with it: it does not run until somebody enables it there.` }),
  unwatched: () => ({ word: "not watched", meaning: "Not watched any more: the config does not name it now, or its repo left the organisation. Nothing new is read; its builds are kept here." }),
};

/** Null while it is active, or nothing is told; a word that is not known here is shown as the provider says it. */
export function switchedOff({ provider, state }: Pick<Pipeline, "provider" | "state">): SwitchedOff | null {
  if (state === null || state === "active") return null;
  const name = providerName(provider);
  return MEANINGS[state]?.(name) ?? { word: state.replaceAll("_", " "), meaning: `${name} says: ${state}.` };
}
