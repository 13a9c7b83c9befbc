import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Alert, AlertDetail, AlertNotification, Receiver } from "../../api/alerts";
import { refusal, show } from "../../test/render";
import { AlertsPage } from "./AlertsPage";

const COUNTS = { pending: 0, firing: 0, acknowledged: 0, silenced: 0, resolved: 0 };
const NOW = new Date().toISOString();

function aNotification(part: Partial<AlertNotification> = {}): AlertNotification {
  return { id: 1, receiver: "ci-channel", kind: "failing", transition: 1, state: "sent", late: false, created_at: NOW, due_at: NOW, sent_at: NOW, attempts: 1, error: null, ...part };
}

function anAlert(part: Partial<Alert> = {}): Alert {
  return {
    id: 7, rule: "broken", when: "failure", severity: "critical", state: "firing", repo: "acme/web", pipeline: "ci", pipeline_id: 3, source: "acme", branch: "main",
    provider: "github", instance: "github.com", on_default: true, groups: [], since: NOW, opened_at: NOW, fired_at: NOW, resolved_at: null, changed_at: NOW,
    reason: "failure_streak", text: "The last 2 builds failed.", who: null, streak: 2, transition: 1, flapping: false, strip: ["success", "failure", "failure"],
    evidence: { failures: 2 }, last_good_id: 1, notifications: [], notifications_total: 0,
    first_bad: { build_id: 5, status: "failure", commit: "f3c9a10f3c9a10f3c9a10", actor: "mira", started_at: NOW, failing_step: null, error: null },
    last_build: { build_id: 6, status: "failure", commit: null, actor: null, started_at: NOW, failing_step: "test › unit", error: "expected 1, got 2" },
    ...part,
  };
}

const aReceiver = (part: Partial<Receiver> = {}): Receiver => ({
  name: "ci-channel", kind: "slack", broken: false, error: null, broken_at: null, blocked_until: null, failures: 0, first_failed_at: null, waiting: 0, oldest_waiting_at: null, set_aside: 0, last_sent_at: null, ...part,
});

/** The server's alerts; what is posted changes their state, as the server does it. */
class Server {
  posted: { path: string; method: string; body: unknown }[] = [];
  refuse: Response | null = null;

  constructor(
    public alerts: Alert[],
    private readonly receivers: Receiver[] = [],
    private readonly silences: unknown[] = [],
  ) {
    vi.stubGlobal("fetch", (input: Request) => this.answer(input));
  }

  private async answer(input: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(input.url);
    if (input.method !== "GET") return this.change(input, pathname);
    if (pathname === "/receivers") return Response.json({ receivers: this.receivers });
    if (pathname === "/silences") return Response.json({ silences: this.silences });
    const one = /^\/alerts\/(\d+)$/.exec(pathname);
    if (one !== null) return Response.json(this.detail(Number(one[1])));
    const wanted = searchParams.getAll("state");
    const counts = { ...COUNTS };
    for (const alert of this.alerts) counts[alert.state] += 1;
    return Response.json({ alerts: this.alerts.filter((alert) => wanted.includes(alert.state)), next: null, counts });
  }

  private detail(id: number): AlertDetail {
    const alert = this.alerts.find((each) => each.id === id);
    if (alert === undefined) throw new Error("no such alert");
    const transitions = [{ number: 1, at: alert.opened_at, from_state: "ok", to_state: "firing", reason: alert.reason, who: null }];
    return { ...alert, transitions, rule_config: { name: "broken", when: "failure", branches: ["@default"] } };
  }

  private async change(input: Request, path: string): Promise<Response> {
    const text = await input.text();
    this.posted.push({ path, method: input.method, body: text === "" ? null : (JSON.parse(text) as unknown) });
    if (this.refuse !== null) return this.refuse.clone();
    const [, , id, verb] = path.split("/");
    const state = verb === "acknowledge" ? "acknowledged" : verb === "silence" ? "silenced" : "firing";
    this.alerts = this.alerts.map((alert) => (String(alert.id) === id ? { ...alert, state } : alert));
    return Response.json(this.alerts[0] ?? {});
  }
}

const open = (path = "/ui/alerts"): void => {
  window.history.replaceState(null, "", path);
  show(<AlertsPage />);
};
/** The panel, once it holds more than the lines that stand for what is loading. */
const region = (name: string): Promise<HTMLElement> =>
  waitFor(() => {
    const found = screen.getByRole("region", { name });
    expect(within(found).queryByLabelText("loading")).toBeNull();
    return found;
  });

beforeEach(() => {
  document.body.innerHTML = "";
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the alerts page", () => {
  it("says what fires, by which rule and reason, since which commit, and who was told", async () => {
    new Server([anAlert({ notifications: [aNotification(), aNotification({ id: 2, receiver: "ci-mail", state: "pending", sent_at: null, attempts: 3, error: "the server refused the connection" })] })]);
    open();
    const firing = await region("Firing");
    expect(await within(firing).findByText("The last 2 builds failed.")).toBeVisible();
    expect(firing).toHaveTextContent(/acme\/web ci/);
    expect(firing).toHaveTextContent(/rule broken failure_streak/);
    expect(firing).toHaveTextContent(/first bad commit f3c9a10 by mira/);
    expect(firing).toHaveTextContent(/test › unit · expected 1, got 2/);
    const told = within(firing).getByRole("list", { name: "Who was told" });
    expect(told).toHaveTextContent(/ci-channel: failing just now/);
    expect(told).toHaveTextContent(/ci-mail: failing tried again soon \(the server refused the connection\)/);
  });

  it("says so when nothing fires, and shows no empty states but that", async () => {
    new Server([]);
    open();
    expect(await within(await region("Firing")).findByText("Nothing is firing.")).toBeVisible();
    expect(screen.queryByRole("region", { name: "Acknowledged" })).toBeNull();
    expect(screen.getByText("nothing firing")).toBeVisible();
  });

  it("acknowledges in one click once it knows the reader's name", async () => {
    localStorage.setItem("who", "mira");
    const server = new Server([anAlert()]);
    open();
    await userEvent.click(await screen.findByRole("button", { name: /^Acknowledge acme\/web ci main/ }));
    expect(await within(await region("Acknowledged")).findByText("The last 2 builds failed.")).toBeVisible();
    expect(server.posted).toEqual([{ path: "/alerts/7/acknowledge", method: "POST", body: { who: "mira", reason: null } }]);
  });

  it("asks for the reader's name once", async () => {
    const server = new Server([anAlert()]);
    open();
    await userEvent.click(await screen.findByRole("button", { name: /^Acknowledge acme/ }));
    await userEvent.type(await screen.findByLabelText("Your name"), "jon");
    await userEvent.click(screen.getByRole("button", { name: "Acknowledge" }));
    await waitFor(() => expect(server.posted[0]?.body).toEqual({ who: "jon", reason: null }));
    expect(localStorage.getItem("who")).toBe("jon");
  });

  it("takes an acknowledgement back", async () => {
    const server = new Server([anAlert({ state: "acknowledged", who: "mira" })]);
    open();
    await userEvent.click(await screen.findByRole("button", { name: /^Take back/ }));
    expect(await within(await region("Firing")).findByText("The last 2 builds failed.")).toBeVisible();
    expect(server.posted[0]?.path).toBe("/alerts/7/unacknowledge");
  });

  it("silences in two clicks", async () => {
    localStorage.setItem("who", "mira");
    const server = new Server([anAlert()]);
    open();
    await userEvent.click(await screen.findByRole("button", { name: /^Silence acme/ }));
    await userEvent.click(await screen.findByRole("button", { name: "4 hours" }));
    expect(await region("Silenced")).toBeVisible();
    expect(server.posted).toEqual([{ path: "/alerts/7/silence", method: "POST", body: { duration: "4h", author: "mira", reason: "" } }]);
  });

  it("says why something could not be done, in the server's own sentence", async () => {
    localStorage.setItem("who", "mira");
    const server = new Server([anAlert()]);
    server.refuse = refusal(409, "the alert is resolved; only an open one can be acknowledged");
    open();
    await userEvent.click(await screen.findByRole("button", { name: /^Acknowledge acme/ }));
    expect(await screen.findByRole("alert")).toHaveTextContent("the alert is resolved");
  });

  it("shows the history: each transition, each notification and its result, and the rule as it is written", async () => {
    const dropped = aNotification({ id: 2, receiver: "ci-mail", kind: "reminder", state: "dropped", sent_at: null, error: "alert_acknowledged" });
    new Server([anAlert({ notifications: [aNotification({ state: "set_aside", sent_at: null, error: "message too long" }), dropped], notifications_total: 2 })]);
    open();
    await userEvent.click(await screen.findByRole("button", { name: "History" }));
    const history = await screen.findByRole("list", { name: "History" });
    expect(history).toHaveTextContent(/ok → firing: failure streak/);
    expect(history).toHaveTextContent(/refused ci-channel: failing: message too long/);
    expect(history).toHaveTextContent(/not needed ci-mail: reminder: alert acknowledged/);
    expect(screen.getByText('{name: broken, when: failure, branches: ["@default"]}')).toBeVisible();
  });

  it("shows one state alone when the address says so", async () => {
    new Server([anAlert(), anAlert({ id: 8, state: "resolved", resolved_at: NOW, text: "It passed." })]);
    open("/ui/alerts?state=resolved");
    expect(await within(await region("Resolved")).findByText("It passed.")).toBeVisible();
    expect(screen.queryByRole("region", { name: "Firing" })).toBeNull();
    expect(screen.getByRole("link", { name: "Firing 1" })).toHaveAttribute("href", "/ui/alerts?state=firing");
  });

  it("puts broken receivers first, with what is wrong and what waits", async () => {
    new Server([], [aReceiver({ name: "a-mail", kind: "email" }), aReceiver({ name: "z-slack", broken: true, error: "Slack said no_service", broken_at: NOW, waiting: 3, oldest_waiting_at: NOW })]);
    open();
    const receivers = await region("Receivers");
    await within(receivers).findByText("z-slack");
    const rows = within(receivers).getAllByRole("listitem");
    expect(rows.map((row) => row.querySelector("bdi")?.textContent)).toEqual(["z-slack", "a-mail"]);
    expect(rows[0]).toHaveTextContent(/broken.*3 waiting.*Slack said no_service.*Broken since.*cihealth test-alert z-slack/);
  });

  it("says since when a receiver takes nothing, what it said and how much waits", async () => {
    new Server([], [aReceiver({ failures: 9, first_failed_at: NOW, blocked_until: NOW, error: "The server refused the connection", waiting: 12, oldest_waiting_at: NOW })]);
    open();
    const row = await within(await region("Receivers")).findByRole("listitem");
    expect(row).toHaveTextContent(/failing.*12 waiting.*The server refused the connection.*It has taken nothing since.*what waits is kept/);
  });

  it("tells how to name the first receiver", async () => {
    new Server([]);
    open();
    expect(await within(await region("Receivers")).findByText(/Nobody is told yet/)).toBeVisible();
  });

  it("adds a silence by globs and ends one", async () => {
    const silence = { id: 4, matchers: { repo: "acme/*" }, starts_at: NOW, ends_at: NOW, author: "mira", reason: "moving", created_at: NOW, ended_at: null, in_force: true };
    const server = new Server([], [], [silence]);
    open();
    const silences = await region("Silences");
    await userEvent.click(await within(silences).findByRole("button", { name: "End the silence of acme/*" }));
    await userEvent.click(within(silences).getByRole("button", { name: "Add a silence" }));
    const form = await screen.findByRole("form", { name: "Add a silence" });
    expect(within(form).getByRole("button", { name: "Silence" })).toBeDisabled();
    await userEvent.type(within(form).getByLabelText("pipeline"), "nightly*");
    await userEvent.click(within(form).getByRole("button", { name: "Silence" }));
    await waitFor(() => expect(server.posted).toHaveLength(2));
    expect(server.posted[0]).toMatchObject({ path: "/silences/4", method: "DELETE" });
    expect(server.posted[1]?.body).toMatchObject({ matchers: { pipeline: "nightly*", repo: null }, duration: "4h", author: "somebody at the dashboard" });
  });

  it("isolates names and texts from outside and takes control characters out", async () => {
    new Server([anAlert({ text: "\u202e<b>evil</b>\u001b[31m", rule: "<i>r</i>" })]);
    open();
    expect(await screen.findByText("<b>evil</b>")).toBeVisible();
    expect(screen.getByText("<i>r</i>")).toBeVisible();
  });
});
