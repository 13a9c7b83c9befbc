import { Link } from "wouter";

import type { Summary } from "../../api/types";
import { Ago } from "../../components/Text";
import { useNow } from "../../lib/clock";
import { instant } from "../../lib/format";
import { useLiveState } from "../../live/context";

const STALE_SECONDS = 90;

/** How far the page can be trusted: the age of its figures and how many sources are fresh. */
export function AsOf({ summary }: { summary: Summary }) {
  const { connection } = useLiveState();
  const now = useNow(5);
  const old = connection !== "live" && (now - instant(summary.as_of)) / 1000 > STALE_SECONDS;
  const { total, fresh } = summary.sources;
  return (
    <p className={old ? "asof warn" : "asof"}>
      <span>
        data as of <b><Ago at={summary.as_of} suffix=" ago" /></b>
      </span>{" "}
      {total > 0 && (
        <span>
          <Link href="/ui/sources" className={fresh < total ? "warn" : ""}>
            {fresh} of {total} {total === 1 ? "source" : "sources"} fresh
          </Link>
        </span>
      )}
    </p>
  );
}
