import { basePath } from "../lib/base";
import { Panel } from "./Panel";
import { Snippet } from "./Snippet";

const YAML = `sources:
  - name: acme                    # shown on the dashboard
    provider: github
    token: \${GITHUB_TOKEN}        # from the environment
    repos: [acme/web, acme/api]   # or orgs: [acme]
  - name: build-server
    provider: jenkins
    url: https://jenkins.acme.com
    user: ci-health
    token: \${JENKINS_TOKEN}
`;

function curlLine(): string {
  const now = new Date();
  const told = {
    pipeline: "build",
    repo: "acme/web",
    branch: "main",
    status: "success",
    started_at: new Date(now.getTime() - 90_000).toISOString(),
    completed_at: now.toISOString(),
  };
  return `curl ${window.location.origin}${basePath}/ingest/github \\
  -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(told, null, 2).replaceAll("\n", "\n  ")}'`;
}

/** What a newcomer needs: the file to write, or the line that pushes a first build. */
export function Welcome({ heading = "No builds yet" }: { heading?: string }) {
  return (
    <Panel title={heading} className="welcome">
      <p>No source is configured. CI Health can read builds from a CI system, be told of them, or both.</p>
      <div className="two even">
        <div>
          <h3>Read them from GitHub Actions or Jenkins</h3>
          <p>
            Write this to <code>collectors.yaml</code> where CI Health runs, keep what applies, and start it again. A
            GitHub source without a token works too, within GitHub’s 60 requests an hour.
          </p>
          <Snippet label="collectors.yaml" text={YAML} />
        </div>
        <div>
          <h3>Push one from anywhere</h3>
          <p>This line makes a first build appear here at once. Webhooks of GitHub and Jenkins go to the same address.</p>
          <Snippet label="in a shell" text={curlLine()} />
        </div>
      </div>
    </Panel>
  );
}
