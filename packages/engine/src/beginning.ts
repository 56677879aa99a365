import type { SchemaNote } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { AttemptContext } from "./attempt-context.ts";
import type { ConnectionDocument } from "./document.ts";
import { storeConnection, storeStream } from "./document.ts";
import type { RefusedStream } from "./refused.ts";
import { failureAlone, waiting } from "./refused.ts";
import { beginConnection } from "./source-states.ts";
import type { StreamRun } from "./stream-run.ts";

export interface BeginningInput {
  readonly context: AttemptContext;
  readonly runs: readonly StreamRun[];
  /** As the destination holds it. */
  readonly before: ConnectionDocument | undefined;
  /** As the attempt is planned to begin. */
  readonly connection: ConnectionDocument;
  /** Streams the plan left out. */
  readonly refused: readonly RefusedStream[];
  readonly failed: (run: StreamRun, error: unknown) => void;
}

/** The streams an attempt begins, less those the destination refuses: of these nothing is stored. [I14] */
export class Beginning {
  readonly #input: BeginningInput;
  readonly #left: RefusedStream[];
  #runs: readonly StreamRun[];
  #connection: ConnectionDocument;

  constructor(input: BeginningInput) {
    this.#input = input;
    this.#left = [...input.refused];
    this.#runs = input.runs;
    this.#connection = input.connection;
  }

  get runs(): readonly StreamRun[] {
    return this.#runs;
  }

  /** The connection's document for the streams that are not left out. */
  get connection(): ConnectionDocument {
    return this.#connection;
  }

  /** Again for the others while the destination refuses one stream: one call is all or nothing. */
  async begin(): Promise<readonly SchemaNote[]> {
    const { watchdog, signal, session, token, begun, acknowledgesLater } = this.#input.context;
    for (;;) {
      // To a destination that acknowledges later the end of the input speaks of all it was told to begin.
      const told = this.#runs.filter(({ planned }) => !acknowledgesLater || planned.work !== "nothing");
      const streams = told.map((run) => run.planned.plan);
      const own = this.#runs.map((run) => storeStream(run.key, run.document));
      const checkpoints = [storeConnection(this.#connection), ...own];
      try {
        const notes = await watchdog.during("destination", "begin", () =>
          session.begin({ token, streams, checkpoints }),
        );
        signal.throwIfAborted();
        await begun(checkpoints);
        return notes;
      } catch (error) {
        signal.throwIfAborted();
        this.#leaveOut(error);
      }
    }
  }

  /** The stream the error is about, and what cannot be read without it. Throws what is not about one of the streams. */
  #leaveOut(error: unknown): void {
    const { before, context } = this.#input;
    const run = this.#runs.find(({ key }) => error instanceof WeirError && error.failure.stream === key);
    if (run === undefined) throw error;
    const { selected, plan, document } = run.planned;
    const failure = failureAlone(error, run.key);
    this.#leave(run, { selected, table: plan.table, failure, rows: document.counts });
    const planned = this.#runs.map((other) => other.planned);
    for (const one of waiting(before, this.#left, planned)) {
      const waits = this.#runs.find(({ key }) => key === one.selected.key);
      if (waits !== undefined) this.#leave(waits, one);
    }
    const rest = this.#runs.map((other) => other.planned);
    this.#connection = beginConnection(before, rest, context.token.sync, this.#left);
  }

  #leave(run: StreamRun, refused: RefusedStream): void {
    this.#left.push(refused);
    this.#runs = this.#runs.filter((other) => other !== run);
    this.#input.failed(run, new WeirError(refused.failure));
  }
}
