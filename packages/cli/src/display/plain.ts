import type { SyncEvent } from "@weir/engine";
import type { Clock } from "@weir/protocol";
import { bytes, count, duration } from "../output/numbers.ts";
import { printable } from "../output/width.ts";
import type { Display, StreamProgress } from "./progress.ts";
import { attemptFailed, Progress, share } from "./progress.ts";

/** Rows under way are told so often, in one line for all streams, so that a log of hours stays readable. */
const EVERY_MS = 5000;
/** Streams in such a line. */
const MOST_STREAMS = 3;

/** One line for each thing worth a line in a log, and one for what is on its way every few seconds. */
export class PlainDisplay implements Display {
  readonly #note: (line: string) => void;
  readonly #progress = new Progress();
  readonly #over = new AbortController();

  constructor(note: (line: string) => void, clock: Clock) {
    this.#note = note;
    void this.#tell(clock);
  }

  apply(event: SyncEvent): void {
    this.#progress.apply(event);
    const line = this.#line(event);
    if (line !== undefined) this.#note(printable(line));
  }

  stop(): void {
    this.#over.abort();
  }

  async #tell(clock: Clock): Promise<void> {
    const { signal } = this.#over;
    for (;;) {
      await clock.sleep(EVERY_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      const moving = [...this.#progress.streams.values()].filter(({ stage }) => stage === "moving");
      const [only, second] = moving;
      if (only === undefined) continue;
      const named = moving.slice(0, MOST_STREAMS).map(underWay).join("; ");
      const others = moving.length - MOST_STREAMS;
      this.#note(
        printable(second === undefined || others <= 0 ? named : `${named}; and ${others} more streams`),
      );
    }
  }

  #line(event: SyncEvent): string | undefined {
    switch (event.type) {
      case "attempt-started":
        return event.attempt === 1
          ? undefined
          : `sync ${event.sync} goes on after its last checkpoint (attempt ${event.attempt})`;
      case "stream-started":
        return `${event.stream}: starts, into ${event.table}${event.route === "" ? "" : ` by ${event.route}`}`;
      case "replay":
        return `${event.stream}: part ${event.part} goes again row by row: ${event.failure.message}`;
      case "stream-finished": {
        const refused = event.rows.rejected > 0 ? `, ${count(event.rows.rejected)} rejected` : "";
        return `${event.stream}: done, ${count(event.rows.committed)} rows${refused} in ${duration(event.seconds)}`;
      }
      case "stream-failed":
        return `${event.stream}: failed: ${event.failure.message}`;
      case "attempt-failed":
        return attemptFailed(this.#progress.attempt, event.failure.message);
      case "retry-scheduled":
        return `trying again in ${duration(event.waitMs / 1000)}`;
      default:
        return undefined;
    }
  }
}

/** `orders: 42%, 132 MB and 1,200,000 rows sent, 800,000 committed`; no rows sent where the route cannot tell yet. */
function underWay(stream: StreamProgress): string {
  const part = share(stream);
  const facts = [
    ...(part === undefined ? [] : [`${Math.floor(part * 100)}%`]),
    stream.rows > stream.committed
      ? `${bytes(stream.bytes)} and ${count(stream.rows)} rows sent`
      : `${bytes(stream.bytes)} sent`,
    `${count(stream.committed)} rows committed`,
  ];
  return `${stream.key}: ${facts.join(", ")}`;
}
