import type { SyncEvent } from "@weir/engine";
import type { Clock } from "@weir/protocol";
import type { TextStream } from "../io.ts";
import { bytes, count } from "../output/numbers.ts";
import type { Style } from "../output/style.ts";
import { cut, pad, printable, width } from "../output/width.ts";
import type { Display, StreamProgress } from "./progress.ts";
import { attemptFailed, Progress, share, speed } from "./progress.ts";

const FRAME_MS = 100;
/** Cells of a bar, on a wide terminal and on one of the usual 80 columns. */
const WIDE_BAR = 20;
const SHORT_BAR = 10;
const WIDE = 100;
/** Lines on the screen at once; the streams that move come first. */
const MOST_LINES = 16;
/** Facts of a line that no terminal is too narrow for: share, bytes, rows. */
const ALWAYS = 3;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_BELOW = "\x1b[0J";

interface LiveOptions {
  readonly stream: TextStream;
  readonly clock: Clock;
  readonly style: Style;
  readonly mask: (text: string) => string;
}

/** One line for each stream, drawn over itself ten times a second. */
export class LiveDisplay implements Display {
  readonly #options: LiveOptions;
  readonly #progress = new Progress();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
    options.stream.write(HIDE_CURSOR);
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  apply(event: SyncEvent): void {
    this.#progress.apply(event);
    if (event.type === "attempt-failed")
      this.#above(attemptFailed(this.#progress.attempt, event.failure.message));
    if (event.type === "stream-failed") this.#above(`${event.stream}: ${event.failure.message}`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#options.stream.write(SHOW_CURSOR);
  }

  /** A line that stays, above those that move. */
  #above(line: string): void {
    const { stream, style, mask } = this.#options;
    stream.write(`${this.#back()}${style("yellow", mask(printable(line)))}\n`);
    this.#drawn = 0;
    this.#draw();
  }

  #back(): string {
    return this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A\r${CLEAR_BELOW}`;
  }

  #draw(): void {
    const { stream, mask } = this.#options;
    const lines = this.#lines(stream.columns || 80);
    stream.write(`${this.#back()}${lines.map((line) => `${mask(line)}\n`).join("")}`);
    this.#drawn = lines.length;
  }

  #lines(columns: number): readonly string[] {
    const all = [...this.#progress.streams.values()];
    const order = { moving: 0, failed: 1, done: 2, waiting: 3 } as const;
    const shown = all.toSorted((a, b) => order[a.stage] - order[b.stage]).slice(0, MOST_LINES);
    // In the order of the catalog, so that lines do not jump about.
    const lines = all.filter((stream) => shown.includes(stream));
    const name = Math.min(32, Math.max(0, ...lines.map(({ key }) => width(printable(key)))));
    const now = this.#options.clock.now();
    return [
      ...lines.map((stream) => this.#line(stream, name, now, columns)),
      ...(all.length > lines.length ? [`… and ${all.length - lines.length} more streams`] : []),
      ...(this.#progress.remark === undefined ? [] : [this.#progress.remark]),
    ];
  }

  #line(stream: StreamProgress, name: number, now: number, columns: number): string {
    const { style } = this.#options;
    const part = share(stream);
    const facts = [
      pad(part === undefined ? "" : `${Math.floor(part * 100)}%`, 4, "right"),
      pad(bytes(stream.bytes), 7, "right"),
      `${pad(count(stream.rows), 9, "right")} rows`,
      `${pad(count(stream.committed), 9, "right")} committed`,
      pad(speed(stream, now), 14, "right"),
      stream.route,
    ];
    const label = pad(cut(printable(stream.key), name), name);
    // A line that wraps would be two, and the next frame would land in the wrong place.
    const cells = columns < WIDE ? SHORT_BAR : WIDE_BAR;
    const bar = columns < name + cells + 30 ? "" : `${this.#bar(stream, cells, part, now)}  `;
    const room = columns - name - 3 - (bar === "" ? 0 : cells + 2);
    const failed = stream.stage === "failed" ? ["failed"] : [];
    const text = cut([...failed, ...fitting(facts, room)].join("  "), Math.max(1, room));
    return `${label}  ${bar}${stream.stage === "failed" ? style("red", text) : text}`;
  }

  #bar(stream: StreamProgress, cells: number, part: number | undefined, now: number): string {
    const { style } = this.#options;
    if (stream.stage === "waiting") return style("dim", "·".repeat(cells));
    if (stream.stage === "failed") return style("red", "━".repeat(cells));
    if (part !== undefined) {
      const full = Math.round(part * cells);
      const colour = stream.stage === "done" ? "green" : "cyan";
      return style(colour, "━".repeat(full)) + style("dim", "─".repeat(cells - full));
    }
    // Without an estimate a short piece wanders, so that one sees it is alive.
    const at = Math.floor(now / FRAME_MS) % cells;
    const drawn = Array.from({ length: cells }, (_, index) => ((index - at + cells) % cells < 4 ? "━" : "─"));
    return style("cyan", drawn.join(""));
  }
}

/** As many facts as the room holds, two blanks apart, the first ones in any case. */
function fitting(facts: readonly string[], room: number): readonly string[] {
  return facts.filter((_, index) => index < ALWAYS || width(facts.slice(0, index + 1).join("  ")) <= room);
}
