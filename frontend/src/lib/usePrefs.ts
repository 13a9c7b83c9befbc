import { useSyncExternalStore } from "react";

import { getPrefs, onPrefs, type Prefs } from "./prefs";

export const usePrefs = (): Prefs => useSyncExternalStore(onPrefs, getPrefs);
