import type {
  Catalog,
  Change,
  ConfiguredCatalog,
  ConfiguredStream,
  JsonObject,
  JsonValue,
  Message,
  PartSession,
  RejectedRow,
  SourceConnector,
  SourceState,
  SourceSyncMode,
} from "@weir/protocol";
import { fieldsOf, streamKey } from "@weir/protocol";
import { parseConfig } from "../config/parse.ts";
import { asProposed, stateOf, stateSlot } from "../platform.ts";
import { rowsOf } from "../rows.ts";
import { testContext, type TestContext } from "./context.ts";

export interface ReadOptions {
  /** As a user would write it: defaults are filled in. */
  readonly config: JsonObject;
  /** Names of the streams; all when absent. */
  readonly streams?: readonly string[] | undefined;
  readonly mode?: SourceSyncMode | undefined;
  /** Where an earlier read left off. */
  readonly state?: readonly SourceState[] | undefined;
  readonly context?: TestContext | undefined;
}

export interface SourceRead {
  readonly catalog: Catalog;
  /** By stream key, in the order they came. */
  readonly records: Readonly<Record<string, readonly JsonObject[]>>;
  /** How many parts were read. */
  readonly parts: number;
  /** By stream key: the changes of each row that has any. */
  readonly changes: Readonly<Record<string, readonly (readonly Change[])[]>>;
  /** By stream key: what the source set aside. */
  readonly rejected: Readonly<Record<string, readonly RejectedRow[]>>;
  /** The last state of each stream, to be given to the next read. */
  readonly state: readonly SourceState[];
  /** Every message, where the source sends messages. */
  readonly messages: readonly Message[];
}

/** Reads a source to its end as a sync would, whichever kind of session it has. */
export async function readSource(connector: SourceConnector, options: ReadOptions): Promise<SourceRead> {
  const context = options.context ?? testContext();
  const { config } = parseConfig(connector.spec.connectionSpecification, options.config, "config");
  const discovered = await connector.discover(config, context);
  const catalog = configure(discovered, options);
  const session = await connector.open({ config, catalog, state: options.state ?? [], context });
  const reading = new Reading(catalog);
  try {
    if (session.kind === "messages") {
      for await (const message of session.messages(context.signal)) reading.take(message);
    } else {
      for (const stream of catalog.streams)
        await reading.parts(session, stream, options.state ?? [], context.signal);
    }
  } finally {
    await session.close();
  }
  return { catalog: discovered, ...reading.result() };
}

function configure(catalog: Catalog, { streams, mode = "full_refresh" }: ReadOptions): ConfiguredCatalog {
  const wanted = catalog.streams.filter(({ name }) => streams?.includes(name) ?? true);
  return { streams: wanted.map((stream) => asProposed(stream, mode)) };
}

class Reading {
  readonly #records: Record<string, JsonObject[]>;
  readonly #changes: Record<string, (readonly Change[])[]>;
  readonly #rejected: Record<string, RejectedRow[]>;
  readonly #states = new Map<string, SourceState>();
  readonly #messages: Message[] = [];
  #parts = 0;

  constructor(catalog: ConfiguredCatalog) {
    const empty = <T>(): Record<string, T[]> =>
      Object.fromEntries(catalog.streams.map(({ stream }) => [streamKey(stream), []]));
    this.#records = empty();
    this.#changes = empty();
    this.#rejected = empty();
  }

  take(message: Message): void {
    this.#messages.push(message);
    if (message.type === "RECORD") {
      const { stream: name, namespace, data } = message.record;
      this.#records[streamKey({ name, namespace })]?.push(data);
    }
    if (message.type !== "STATE") return;
    const state = stateOf(message);
    this.#states.set(stateSlot(state), state);
  }

  async parts(
    session: PartSession,
    stream: ConfiguredStream,
    states: readonly SourceState[],
    signal: AbortSignal,
  ): Promise<void> {
    const { name, namespace } = stream.stream;
    const key = streamKey(stream.stream);
    const reader = await session.reader(stream, stateFor(states, key));
    const columns = fieldsOf(stream.stream.json_schema).map((field) => ({ field, type: "" }));
    const encoding = { format: "batch", columns, cost: 4 } as const;
    for await (const part of reader.parts(signal)) {
      this.#parts += 1;
      const read = part.read(encoding, signal);
      if (read.form !== "batches") throw new TypeError(`${key}: asked for batches, got ${read.form}.`);
      let rows = 0;
      for await (const batch of read.chunks) {
        for (const { data, changes } of rowsOf(batch, encoding)) {
          this.#records[key]?.push(data);
          if (changes.length > 0) this.#changes[key]?.push(changes);
        }
        this.#rejected[key]?.push(...(batch.rejected ?? []));
        rows += batch.rows + (batch.rejected?.length ?? 0);
      }
      if (rows !== read.rows()) throw new Error(`${key}: a part of ${rows} rows says it has ${read.rows()}.`);
      this.#states.set(key, { type: "STREAM", name, namespace, state: part.state });
    }
  }

  result(): Omit<SourceRead, "catalog"> {
    return {
      records: this.#records,
      parts: this.#parts,
      changes: this.#changes,
      rejected: this.#rejected,
      state: [...this.#states.values()],
      messages: this.#messages,
    };
  }
}

function stateFor(states: readonly SourceState[], key: string): JsonValue | null {
  for (const state of states) if (state.type === "STREAM" && streamKey(state) === key) return state.state;
  return null;
}
