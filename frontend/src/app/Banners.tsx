import { useQuery } from "@tanstack/react-query";

import { metaQuery } from "../api/queries";
import { Snippet } from "../components/Snippet";
import { Ago } from "../components/Text";
import { useLiveState } from "../live/context";

const YAML = `sources:
  - name: acme
    provider: github
    token: \${GITHUB_TOKEN}
    repos: [acme/web]
`;

/** The demo says what it is, and how to see one's own builds. */
export function DemoBanner() {
  const meta = useQuery(metaQuery());
  if (meta.data?.demo !== true) return null;
  return (
    <aside className="strip-banner" aria-label="Demo">
      <details>
        <summary>
          <b>This is a demo:</b> all repos and builds here are made up. <span className="link">How to connect a real source</span>
        </summary>
        <p>
          Write this to <code>collectors.yaml</code>, name your own repos, and start <code>cihealth run</code>. It keeps a database of its own:
          nothing of the demo gets into it.
        </p>
        <Snippet label="collectors.yaml" text={YAML} />
      </details>
    </aside>
  );
}

export function OfflineBanner() {
  const { connection, heardAt } = useLiveState();
  if (connection !== "offline") return null;
  return (
    <div className="strip-banner bad" role="alert">
      <b>Offline.</b> The server cannot be reached. What you see is{" "}
      {heardAt === null ? "from the last time it answered" : <>from <b><Ago at={new Date(heardAt).toISOString()} suffix=" ago" /></b></>}; the page
      goes on by itself when the server is back.
    </div>
  );
}
