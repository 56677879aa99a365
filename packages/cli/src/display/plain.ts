import type { SyncEvent } from "@weir/engine";
import { bytes, count, duration } from "../output/numbers.ts";
import { printable } from "../output/width.ts";
import type { Display } from "./progress.ts";
import { Progress } from "./progress.ts";

/** A stream reports at most so often, so that a log of hours stays readable. */
const EVERY_MS = 5000;

/** One line for each thing worth a line in a log. */
export class PlainDisplay implements Display {
  readonly #note: (line: string) => void;
  readonly #progress = new Progress();
  readonly #reported = new Map<string, number>();

  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  apply(event: SyncEvent): void {
    this.#progress.apply(event);
    const line = this.#line(event);
    if (line !== undefined) this.#note(printable(line));
  }

  stop(): void {
    // Every line is complete when it is written.
  }

  #line(event: SyncEvent): string | undefined {
    switch (event.type) {
      case "attempt-started":
        return event.attempt === 1 ? undefined : `sync ${event.sync}, attempt ${event.attempt} starts`;
      case "stream-started":
        this.#reported.set(event.stream, event.at);
        return `${event.stream}: starts, into ${event.table}${event.route === "" ? "" : ` by ${event.route}`}`;
      case "progress":
        return this.#due(event.stream, event.at);
      case "replay":
        return `${event.stream}: part ${event.part} goes again row by row: ${event.failure.message}`;
      case "stream-finished": {
        const refused = event.rows.rejected > 0 ? `, ${count(event.rows.rejected)} rejected` : "";
        return `${event.stream}: done, ${count(event.rows.committed)} rows${refused} in ${duration(event.seconds)}`;
      }
      case "stream-failed":
        return `${event.stream}: failed: ${event.failure.message}`;
      case "attempt-failed":
        return `attempt ${event.attempt} failed: ${event.failure.message}`;
      case "retry-scheduled":
        return `attempt ${event.attempt} starts in ${duration(event.waitMs / 1000)}`;
      default:
        return undefined;
    }
  }

  #due(key: string, at: number): string | undefined {
    const stream = this.#progress.streams.get(key);
    if (stream === undefined || at - (this.#reported.get(key) ?? at) < EVERY_MS) return undefined;
    this.#reported.set(key, at);
    const committed = `${count(stream.committed)} committed`;
    return `${key}: ${count(stream.rows)} rows, ${committed}, ${bytes(stream.bytes)}`;
  }
}
