import type { Failure, JsonValue, Log } from "@weir/protocol";
import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import type { Secrets } from "./output/secrets.ts";
import type { Style } from "./output/style.ts";

/** What a command is given beside its own arguments and options. */
export interface CommandContext {
  readonly io: Io;
  /** Folder that relative paths of the command line begin at. */
  readonly cwd: string;
  /** `--file`: the project file, or nothing for the `weir.yaml` of `cwd`. */
  readonly file: string | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly secrets: Secrets;
  /** For text on stdout. */
  readonly style: Style;
  /** For lines of `note`. */
  readonly noteStyle: Style;
  /** A line for the person who waits, on stderr; nothing with `--json`. */
  note(line: string): void;
  /** Shown on stderr with `--verbose`. */
  readonly log: Log;
}

/** How a command ended. Failures that leave nothing to show are thrown as WeirError instead. */
export interface Outcome {
  readonly code: ExitCode;
  /** For `--json`. */
  readonly result: JsonValue;
  /** For people, on stdout. */
  readonly lines: readonly string[];
  /** What went wrong where `code` is not 0, beside a result worth showing. */
  readonly failure?: Failure | undefined;
}

export type Command<Options> = (
  context: CommandContext,
  args: readonly string[],
  options: Options,
) => Promise<Outcome>;
