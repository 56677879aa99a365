import type { ConfiguredCatalog, JsonObject } from "@weir/protocol";
import type { Subject } from "../spec-and-check.ts";

/** A source under test, with a few rows in it and small enough parts that a stream has several states. */
export interface SourceSubject extends Subject {
  /** The streams to read, by name; all where it is absent. Each is read incrementally where it can be. */
  readonly streams?: readonly string[] | undefined;
  /** Rows that must come, by stream key; other streams may have any. */
  readonly expected?: Readonly<Record<string, readonly JsonObject[]>> | undefined;
  /** Streams that have no rows. */
  readonly empty?: readonly string[] | undefined;
  /**
   * Whether a read that goes on from a state gives rows once more that came before it. `none`: never; `last`: those of
   * the last cursor value, which may have got company.
   */
  readonly repeats?: "none" | "last" | undefined;
  /** Changes the data and says which rows an incremental read must then give, by stream key. */
  readonly change?: (() => Promise<Readonly<Record<string, readonly JsonObject[]>>>) | undefined;
  /** Makes streams with names that are hard to quote, and says under which configuration and which rows they have. */
  readonly hard?:
    | (() => Promise<{
        readonly config: JsonObject;
        readonly rows: Readonly<Record<string, readonly JsonObject[]>>;
      }>)
    | undefined;
  /** A configuration under which a read takes long enough to be cancelled; the usual one where it is absent. */
  readonly slow?: JsonObject | undefined;
  /** Changes the catalog before it is used: cursors and keys that the source does not define. */
  readonly configure?: ((catalog: ConfiguredCatalog) => ConfiguredCatalog) | undefined;
  readonly clean?: (() => Promise<void>) | undefined;
}
