import type { Command, Context, JsonObject, Log, Message, Strike, WeirError } from "@weir/protocol";
import { parseMessage } from "@weir/protocol";
import { reported } from "../reported.ts";
import type { CommandFolder } from "./command-folder.ts";
import { commandFolder } from "./command-folder.ts";
import { Executable } from "./executable.ts";
import type { Speaker } from "./failures.ts";
import { brokenMessage, exited, notStarted, protocolBroken, silent, tooLarge } from "./failures.ts";
import type { RunnerLimits } from "./limits.ts";
import type { Line, Lines } from "./lines.ts";
import { linesOf } from "./lines.ts";
import { LoggedLines, shown, StderrLog } from "./logged.ts";

export interface ConversationInput {
  readonly speaker: Speaker;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly command: Command;
  readonly limits: RunnerLimits;
  /** Milliseconds for all of it. */
  readonly deadline?: number | undefined;
  readonly strike: Strike;
  readonly context: Pick<Context, "log" | "signal">;
  /** Takes the configuration of a CONTROL message; awaited before any later message is given. */
  readonly rotate: (config: JsonObject) => Promise<void>;
  /** Told whenever it has printed a line or written to stderr. */
  readonly heard?: (() => void) | undefined;
}

/** One command of an executable, from its start to its end. */
export class Conversation {
  readonly #input: ConversationInput;
  readonly #executable: Executable;
  readonly #folder: CommandFolder;
  readonly #stderr: StderrLog;
  readonly #garbage: LoggedLines;
  readonly #lines: AsyncGenerator<Lines>;
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  #told: WeirError | undefined;
  #toldOfAll = false;
  #late: WeirError | undefined;
  #closing: Promise<void> | undefined;

  static async start(input: ConversationInput): Promise<Conversation> {
    input.context.signal.throwIfAborted();
    const folder = await commandFolder(input.command);
    return new Conversation(input, folder);
  }

  private constructor(input: ConversationInput, folder: CommandFolder) {
    const { argv, env, cwd, command, limits, strike, context, deadline } = input;
    this.#input = input;
    this.#folder = folder;
    this.#stderr = new StderrLog(logAs(input), strike);
    this.#garbage = new LoggedLines(strike);
    this.#executable = new Executable(
      { argv: [...argv, ...folder.args], env, cwd, input: command.name === "write" },
      limits.killAfterMs,
    );
    const tooLong = (): Error => tooLarge(input.speaker, limits.lineBytes);
    this.#lines = linesOf(this.#executable.chunks(), limits.lineBytes, tooLong);
    this.#executable.onStderr((chunk) => {
      input.heard?.();
      this.#stderr.take(chunk);
    });
    this.#signal = context.signal;
    this.#onAbort = () => void this.#executable.stop();
    this.#signal.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#signal.aborted) this.#onAbort();
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => {
      this.#late = silent(input.speaker, command.name, deadline);
      this.#onAbort();
    }, deadline);
  }

  /**
   * Its messages, as many at a time as came together; garbage among them as LOG. Ends when it has ended well, throws when
   * it has not. To be read once; leaving early ends it.
   */
  async *messages(): AsyncGenerator<readonly Message[]> {
    let broken: WeirError | undefined;
    try {
      for (let next = await this.#lines.next(); next.done !== true; next = await this.#lines.next()) {
        this.#input.heard?.();
        const { messages, failure } = await this.#parse(next.value);
        if (messages.length > 0) yield messages;
        if (failure === undefined) continue;
        broken = failure;
        // Half a line is what dying leaves: then the exit tells more.
        if (!next.value.cut) throw failure;
      }
      const { rest } = this.#garbage;
      if (rest !== undefined) yield [logMessage(rest)];
      await this.#judge(broken);
    } finally {
      await this.close();
    }
  }

  /** Process group of the executable, as long as it runs. */
  get group(): number | undefined {
    return this.#executable.group;
  }

  /** Hands it text; resolves when there is room for more, or nobody to read it. */
  write(text: string): Promise<void> {
    return this.#executable.write(text);
  }

  /** All was sent. Until then its input does not end. */
  endInput(): void {
    this.#executable.endInput();
  }

  /** Ends it if it runs, with all it started; its files go. A token it rotated on the way out is kept; then throws if not. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const stopped = this.#executable.stop();
    try {
      for await (const { lines } of this.#lines) await this.#listen(lines);
    } finally {
      await stopped;
      await this.#folder.remove();
    }
  }

  async #listen(lines: readonly Line[]): Promise<void> {
    for (const line of lines) {
      if (!line.includes('"CONTROL"')) continue;
      const parsed = parseMessage(line);
      if (parsed.ok && parsed.value.type === "CONTROL")
        await this.#input.rotate(parsed.value.control.connectorConfig.config);
    }
  }

  async #judge(broken: WeirError | undefined): Promise<void> {
    const { speaker } = this.#input;
    const code = await this.#executable.exit.catch((error: Error) => {
      throw notStarted(speaker, error.message);
    });
    if (this.#late !== undefined) throw this.#late;
    this.#signal.throwIfAborted();
    const tail = this.#stderr.end();
    // An error of one stream leaves the others whole.
    if (this.#told !== undefined && (code !== 0 || this.#toldOfAll)) throw this.#told;
    if (code === 126 || code === 127) throw notStarted(speaker, lastLine(tail) ?? `exit code ${code}`);
    if (code !== 0) throw exited(speaker, code, tail);
    if (broken !== undefined) throw broken;
  }

  async #parse({
    lines,
    cut,
    plainNumbers,
  }: Lines): Promise<{ readonly messages: readonly Message[]; readonly failure?: WeirError }> {
    const messages: Message[] = [];
    const { speaker } = this.#input;
    // By index: there are millions of lines.
    for (let index = 0; index < lines.length; index += 1) {
      const line = lines[index] ?? "";
      if (line.length === 0) continue;
      const parsed = parseMessage(line, plainNumbers);
      if (parsed.ok) {
        const { value } = parsed;
        // At once: what it replaced is a secret in the very next line.
        if (value.type === "CONTROL") await this.#input.rotate(value.control.connectorConfig.config);
        messages.push(value.type === "RECORD" || value.type === "STATE" ? value : this.#clean(value));
        continue;
      }
      if (parsed.problem.kind === "invalid") {
        await this.#listen(lines.slice(index + 1));
        return { messages, failure: brokenMessage(speaker, parsed.problem) };
      }
      if (cut && index === lines.length - 1 && isBegun(line))
        return { messages, failure: protocolBroken(speaker, "ended in the middle of a line", "retry") };
      this.#addGarbage(line, messages);
    }
    return { messages };
  }

  #addGarbage(line: Line, messages: Message[]): void {
    if (line.toString().trim() === "") return;
    const text = this.#garbage.take(line);
    if (text !== undefined) messages.push(logMessage(text));
  }

  /** Secrets are struck where people look: data, states and configurations pass as they are. */
  #clean(message: Message): Message {
    const { strike, speaker } = this.#input;
    const clean = (text: string): string => shown(strike, text);
    switch (message.type) {
      case "LOG":
        return {
          ...message,
          log: { ...message.log, ...cleaned(message.log, ["message", "stack_trace"], clean) },
        };
      case "CONNECTION_STATUS": {
        const status = message.connectionStatus;
        return { ...message, connectionStatus: { ...status, ...cleaned(status, ["message"], clean) } };
      }
      case "TRACE": {
        const { trace } = message;
        if (trace.type !== "ERROR") return message;
        const texts = cleaned(trace.error, ["message", "internal_message", "stack_trace"], clean);
        const error = { ...trace.error, ...texts };
        const ofAll = error.stream_descriptor === undefined;
        if (this.#told === undefined || (ofAll && !this.#toldOfAll))
          this.#told = reported(error, speaker.side);
        this.#toldOfAll ||= ofAll;
        return { ...message, trace: { ...trace, error } };
      }
      default:
        return message;
    }
  }
}

function cleaned<T extends object>(
  value: T,
  names: readonly (keyof T)[],
  clean: (text: string) => string,
): Partial<T> {
  const texts = names.flatMap((name) => {
    const text = value[name];
    return typeof text === "string" ? [[name, clean(text)]] : [];
  });
  return Object.fromEntries(texts) as Partial<T>;
}

function isBegun(line: Line): boolean {
  return line.toString().trimStart().startsWith("{");
}

function lastLine(text: string): string | undefined {
  return text.split("\n").findLast((line) => line.trim() !== "");
}

function logMessage(message: string): Message {
  return { type: "LOG", log: { level: "INFO", message } };
}

function logAs({ speaker, context }: ConversationInput): Log {
  return (level, message, fields) => context.log(level, `${speaker.id}: ${message}`, fields);
}
