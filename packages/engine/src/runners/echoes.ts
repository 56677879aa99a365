import type { JsonValue, StateMessage, StoredCheckpoint } from "@weir/protocol";
import { isObject, streamKey, WeirError } from "@weir/protocol";

/** A state that was sent and has not come back. */
interface SentState {
  readonly number: number;
  /** Rows since the state of the stream before it. */
  readonly rows: number;
}

/** A commit whose rows are not yet known to be durable. */
interface Commit {
  readonly checkpoints: readonly StoredCheckpoint[];
  /** Streams with rows in it, as the destination calls them, and the number of the state that followed these. */
  readonly waits: ReadonlyMap<string, number>;
}

export interface Acknowledged {
  readonly checkpoints: readonly StoredCheckpoint[];
}

/** Matches the states a destination echoes with the commits they make durable. */
export class Echoes {
  readonly #id: string;
  readonly #sent = new Map<string, SentState[]>();
  readonly #echoed = new Map<string, number>();
  #commits: Commit[] = [];
  #last = 0;

  constructor(id: string) {
    this.#id = id;
  }

  /** Streams with states that have not come back. */
  get missing(): readonly string[] {
    return [...this.#sent].flatMap(([stream, states]) => (states.length > 0 ? [stream] : []));
  }

  /** The number for a state of the stream, which covers so many rows more. */
  sent(stream: string, rows: number): number {
    this.#last += 1;
    const waiting = this.#sent.get(stream) ?? [];
    waiting.push({ number: this.#last, rows });
    this.#sent.set(stream, waiting);
    return this.#last;
  }

  /** Registers a commit; returns what is durable by now, itself where nothing of it was sent. */
  commit(commit: Commit): readonly Acknowledged[] {
    this.#commits.push(commit);
    return this.#settled();
  }

  /** Takes an echo; returns the commits that are durable by it, in their order. */
  take({ state }: StateMessage): readonly Acknowledged[] {
    const number = isObject(state.stream?.stream_state) ? state.stream.stream_state[STATE_KEY] : undefined;
    const stream = state.stream === undefined ? "" : streamKey(state.stream.stream_descriptor);
    const waiting = this.#sent.get(stream) ?? [];
    const at = waiting.findIndex((sent) => sent.number === number);
    if (at === -1) throw this.#unexpected(stream, number);
    const covered = waiting.slice(0, at + 1);
    const { recordCount, rejectedRecordCount = 0 } = state.destinationStats ?? {};
    if (recordCount !== undefined) this.#compare(stream, covered, recordCount + rejectedRecordCount);
    if (rejectedRecordCount > 0) throw this.#refused(stream, rejectedRecordCount);
    this.#sent.set(stream, waiting.slice(at + 1));
    this.#echoed.set(stream, covered.at(-1)?.number ?? 0);
    return this.#settled();
  }

  /** Commits of one stream are kept in their order. */
  #settled(): readonly Acknowledged[] {
    const settled: Commit[] = [];
    const left: Commit[] = [];
    const held = new Set<string>();
    for (const commit of this.#commits) {
      const keys = commit.checkpoints.map(({ stream }) => stream);
      const durable = [...commit.waits].every(
        ([stream, number]) => (this.#echoed.get(stream) ?? 0) >= number,
      );
      if (durable && !keys.some((key) => held.has(key))) {
        settled.push(commit);
        continue;
      }
      for (const key of keys) held.add(key);
      left.push(commit);
    }
    this.#commits = left;
    return settled;
  }

  /** Of one state or of all since the last echo: destinations that leave states out count either way. */
  #compare(stream: string, covered: readonly SentState[], counted: number): void {
    const sum = covered.reduce((rows, sent) => rows + sent.rows, 0);
    if (counted === sum || counted === covered.at(-1)?.rows) return;
    throw new WeirError({
      code: "destination.count_mismatch",
      message: `${this.#id} says it took ${counted} rows of ${stream} before a state, ${sum} were sent.`,
      next: "The sync goes on after the last state that was right; if it repeats, report it to the connector's maintainer.",
      recovery: "stop",
      origin: "destination",
    });
  }

  /** Which rows they are is not said, so that they cannot be set aside: going on would lose them. */
  #refused(stream: string, rows: number): WeirError {
    return new WeirError({
      code: "destination.rows_refused",
      message: `${this.#id} refused ${rows} rows of ${stream}, and does not say which.`,
      next: "Its log tells more. Mend the rows at the source, or leave out the field it cannot take; the sync goes on after the last state without refused rows.",
      recovery: "ask",
      origin: "destination",
    });
  }

  #unexpected(stream: string, number: JsonValue | undefined): WeirError {
    const back = typeof number === "number" && number <= (this.#echoed.get(stream) ?? 0);
    return new WeirError({
      code: "destination.state_unexpected",
      message: back
        ? `${this.#id} sent back a state of ${stream} that is older than one before it.`
        : `${this.#id} sent back a state that it was not given.`,
      next: "Report it to the connector's maintainer: what it says is durable cannot be told.",
      recovery: "stop",
      origin: "destination",
    });
  }
}

/** Key of our number in a state's document. */
export const STATE_KEY = "weir";
