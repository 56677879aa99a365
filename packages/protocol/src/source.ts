import type { Catalog, ConfiguredCatalog, ConfiguredStream } from "./catalog.ts";
import type { Context } from "./context.ts";
import type { Encoding, PartRead } from "./encoding.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { Message } from "./message.ts";
import type { CheckResult, ConnectorSpecification } from "./spec.ts";

/**
 * A source. The engine calls `open` once for each attempt of a sync; `check` and `discover` stand alone.
 * `config` has passed the schema of `spec` and has its defaults filled in.
 */
export interface SourceConnector {
  readonly kind: "source";
  /** `source-<system>`; the only name other code may know it by. */
  readonly id: string;
  readonly title: string;
  readonly spec: ConnectorSpecification;
  /** Says what is wrong and what to do; returns FAILED for what the user can mend, throws only when aborted. */
  check(config: JsonObject, context: Context): Promise<CheckResult>;
  discover(config: JsonObject, context: Context): Promise<Catalog>;
  /** Connects. Failing here fails the attempt; nothing has been read yet. */
  open(request: OpenSource): Promise<SourceSession>;
}

export interface OpenSource {
  readonly config: JsonObject;
  readonly catalog: ConfiguredCatalog;
  /** What a MessageSession resumes from; a PartSession gets its state stream by stream. */
  readonly state: readonly SourceState[];
  readonly context: Context;
}

/** A state in one of the protocol's three forms, as the source once emitted it. */
export type SourceState =
  | {
      readonly type: "STREAM";
      readonly name: string;
      readonly namespace?: string | undefined;
      readonly state: JsonValue;
    }
  | {
      readonly type: "GLOBAL";
      readonly shared: JsonValue;
      readonly streams: readonly {
        readonly name: string;
        readonly namespace?: string | undefined;
        readonly state: JsonValue;
      }[];
    }
  | { readonly type: "LEGACY"; readonly data: JsonValue };

/** Either the source cuts its streams into parts that can be read in parallel and again, or it sends messages once. */
export type SourceSession = PartSession | MessageSession;

export interface PartSession {
  readonly kind: "parts";
  /**
   * Called once for each stream and attempt, several streams at a time. `state` is the last part's state that the
   * destination has committed in this generation, null at the start of one.
   */
  reader(stream: ConfiguredStream, state: JsonValue | null): Promise<StreamReader>;
  /** Called once, also after a failure or an abort; frees connections, never throws. */
  close(): Promise<void>;
}

export interface StreamReader {
  /** Set when the state cannot be continued (table rewritten, state of another version): the generation starts again. */
  readonly restart?: { readonly reason: string } | undefined;
  /** Things the user must know about what this read can promise; shown in the sync's result. */
  readonly notices: readonly string[];
  /** How many parts may be read at the same time; at least 1. */
  readonly parallel: number;
  readonly estimate?: { readonly rows?: number | undefined; readonly bytes?: number | undefined } | undefined;
  /** Whether every column can be given in this encoding without loss. `batch` is always true. */
  gives(encoding: Encoding): boolean;
  /**
   * The parts still to be read, in the order they are to be committed, pulled lazily. Ends when the stream is complete.
   * A stream without rows still yields one part, so that its state is committed.
   */
  parts(signal: AbortSignal): AsyncIterable<Part>;
  /** Rows and key checksum of the whole stream now, for `verify`; absent where the source cannot tell. */
  measure?(request: MeasureRequest): Promise<Measure>;
}

export interface Part {
  /** Unique within the stream and generation; for logs and reject files. Letters, digits, `-`, `_`. */
  readonly id: string;
  /** The stream's state once this part and all parts before it are committed. */
  readonly state: JsonValue;
  /**
   * True where rows of this part may repeat, by primary key, rows committed earlier in the generation: a resumed read
   * looking again at what changed in between. The newer row wins when the stream is finished.
   */
  readonly overlap: boolean;
  /** Reads the part; may be called again after a failure, in another encoding, and gives the same rows. */
  read(encoding: Encoding, signal: AbortSignal): PartRead;
}

export interface MessageSession {
  readonly kind: "messages";
  /** Every message of one read, once. Records before a state are covered by it. Ends when the source is done. */
  messages(signal: AbortSignal): AsyncIterable<Message>;
  /** In place of `messages` the same, as many at a time as came together: an await for each costs more than parsing it. */
  batches?(signal: AbortSignal): AsyncIterable<readonly Message[]>;
  close(): Promise<void>;
}

export interface MeasureRequest {
  /** Top-level fields whose text makes the checksum; empty: count only. */
  readonly key: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * `checksum`: the sum over all rows of the first 15 hex digits, as an integer, of the md5 of the key fields' canonical
 * text joined by U+001F (NULL as `\N`), as decimal text.
 */
export interface Measure {
  readonly rows: number;
  readonly checksum?: string | undefined;
}
