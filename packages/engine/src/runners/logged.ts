import { StringDecoder } from "node:string_decoder";
import type { Log, LogLevel, Strike } from "@weir/protocol";
import type { Line } from "./lines.ts";

const LINES = 1000;
const LINE_CHARACTERS = 65_536;
/** Of a longer line the rest is not looked at. */
const READ_CHARACTERS = 4 * LINE_CHARACTERS;
const TAIL_LINES = 20;
const TAIL_CHARACTERS = 2000;

/** Lines that are no messages: so many are logged, the others are counted. Secrets are struck before a line is cut. */
export class LoggedLines {
  readonly #strike: Strike;
  #lines = 0;
  #dropped = 0;

  constructor(strike: Strike) {
    this.#strike = strike;
  }

  /** The line as it may be shown; undefined when there were too many. */
  take(line: Line): string | undefined {
    if (this.#lines >= LINES) {
      this.#dropped += 1;
      return undefined;
    }
    this.#lines += 1;
    return shown(this.#strike, line);
  }

  /** What to say of those that were not logged. */
  get rest(): string | undefined {
    return this.#dropped === 0
      ? undefined
      : `${this.#dropped} more lines that are no messages were not logged.`;
  }
}

/** A line as it may be shown. */
export function shown(strike: Strike, line: Line): string {
  const text = typeof line === "string" ? line : line.toString();
  const struck = strike.text(text.slice(0, READ_CHARACTERS));
  // Where the text was cut before it was struck, its end may be half a secret.
  const safe =
    text.length > READ_CHARACTERS ? struck.slice(0, Math.max(0, struck.length - strike.longest)) : struck;
  return text.length > LINE_CHARACTERS ? `${safe.slice(0, LINE_CHARACTERS)} …` : safe;
}

/** What comes on stderr: logged up to a bound, and its last lines kept for the error. */
export class StderrLog {
  readonly #log: Log;
  readonly #strike: Strike;
  readonly #lines: LoggedLines;
  readonly #decoder = new StringDecoder("utf8");
  readonly #tail: string[] = [];
  #rest = "";

  constructor(log: Log, strike: Strike) {
    this.#log = log;
    this.#strike = strike;
    this.#lines = new LoggedLines(strike);
  }

  take(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    // Of a line that never ends only the beginning is kept.
    if (this.#rest.length > 2 * READ_CHARACTERS) this.#rest = this.#rest.slice(0, READ_CHARACTERS + 1);
  }

  /** The last lines, as they may be shown. */
  end(): string {
    this.#line(this.#rest);
    this.#rest = "";
    const { rest } = this.#lines;
    if (rest !== undefined) this.#log("info", `stderr: ${rest}`);
    const tail = this.#tail.map((line) => shown(this.#strike, line).slice(0, TAIL_CHARACTERS));
    return tail.join("\n").slice(-TAIL_CHARACTERS);
  }

  #line(line: string): void {
    if (line.trim() === "") return;
    const text = this.#lines.take(line);
    if (text !== undefined) this.#log(levelOf(line), text);
    this.#tail.push(line.slice(0, READ_CHARACTERS + 1));
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
  }
}

function levelOf(line: string): LogLevel {
  return /error|exception|traceback|fatal/i.test(line.slice(0, 200)) ? "warn" : "info";
}
