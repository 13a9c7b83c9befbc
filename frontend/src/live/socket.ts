import type { Build } from "../api/types";
import { advance, parseFrame, type Position } from "./protocol";

export type Connection = "connecting" | "live" | "reconnecting" | "offline";

/** The server ticks every 25 s: twice that without a word is a dead line. */
const SILENCE_MILLISECONDS = 60_000;
const FIRST_DELAY_MILLISECONDS = 500;
const LONGEST_DELAY_MILLISECONDS = 30_000;
/** Tries in a row that failed before the page says offline instead of reconnecting. */
const PATIENCE = 4;

/** The wait before the n-th try: doubled each time, and spread so that clients do not return as one wave. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_DELAY_MILLISECONDS, FIRST_DELAY_MILLISECONDS * 2 ** attempt);
  return longest / 2 + random() * (longest / 2);
}

interface Handlers {
  onConnection: (connection: Connection) => void;
  onBuilds: (builds: Build[]) => void;
  onRefetch: (what: "all" | "rows" | "alerts") => void;
  /** Any word from the server: what is shown was right at this moment. */
  onHeard: () => void;
}

/** Keeps one socket open, goes on where the last one ended, and says what its frames mean. */
export class LiveSocket {
  private socket: WebSocket | null = null;
  private position: Position = null;
  private attempt = 0;
  private query = "";
  private stopped = true;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly handlers: Handlers,
    private readonly open: (url: string) => WebSocket = (url) => new WebSocket(url),
  ) {}

  start(): void {
    this.stopped = false;
    window.addEventListener("online", this.hurry);
    window.addEventListener("offline", this.hurry);
    document.addEventListener("visibilitychange", this.whenSeen);
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.hurry);
    window.removeEventListener("offline", this.hurry);
    document.removeEventListener("visibilitychange", this.whenSeen);
    this.drop();
  }

  /** Other filters need another connection; it resumes, so that nothing falls between the two. */
  filterBy(query: string): void {
    if (query === this.query) return;
    this.query = query;
    if (!this.stopped) this.connect();
  }

  private drop(): void {
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private readonly hurry = (): void => {
    this.attempt = 0;
    if (navigator.onLine) this.connect();
    else this.lost();
  };

  private readonly whenSeen = (): void => {
    if (document.visibilityState === "visible" && this.socket?.readyState !== WebSocket.OPEN) this.hurry();
  };

  private connect(): void {
    this.drop();
    const resumed = this.position !== null;
    const since = resumed ? `since=${String(this.position)}` : "";
    const query = [this.query, since].filter((part) => part !== "").join("&");
    const socket = this.open(query === "" ? this.url : `${this.url}?${query}`);
    this.socket = socket;
    this.listenForSilence();
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(event.data, resumed);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.lost();
    };
  }

  private receive(data: unknown, resumed: boolean): void {
    this.listenForSilence();
    const frame = parseFrame(data);
    if (frame === null) return;
    this.attempt = 0;
    this.handlers.onConnection("live");
    this.handlers.onHeard();
    const [position, effect] = advance(this.position, frame, resumed);
    this.position = position;
    if (effect.kind === "builds") this.handlers.onBuilds(effect.builds);
    if (effect.kind === "refetch-all") this.handlers.onRefetch("all");
    if (effect.kind === "refetch-rows") this.handlers.onRefetch("rows");
    if (effect.kind === "refetch-alerts") this.handlers.onRefetch("alerts");
  }

  private listenForSilence(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.lost();
    }, SILENCE_MILLISECONDS);
  }

  private lost(): void {
    this.drop();
    if (this.stopped) return;
    this.handlers.onConnection(navigator.onLine && this.attempt < PATIENCE ? "reconnecting" : "offline");
    this.retry = setTimeout(() => {
      this.connect();
    }, backoff(this.attempt));
    this.attempt += 1;
  }
}
