import type { Catalog, JsonValue, Message, OpenSource, SourceConnector } from "@weir/protocol";
import { defineSource } from "../define.ts";
import { Type } from "../config/type.ts";
import { type Faults, pass } from "./faults.ts";
import { messageSession } from "./source-messages.ts";
import { partSession } from "./source-parts.ts";
import { catalogOf, type MemoryStream } from "./stream.ts";

export interface MemorySourceOptions {
  readonly streams: readonly MemoryStream[];
  /** `parts`, or messages with states of the form named. */
  readonly session?: "parts" | "STREAM" | "GLOBAL" | "LEGACY";
  /** Rows of a part, or between two states. */
  readonly partRows?: number;
  readonly batchRows?: number;
  /** Parts of a stream read at the same time. */
  readonly parallel?: number;
  /** Parts can be given as `csv` too. */
  readonly csv?: boolean;
  /** A resumed full read first gives all rows once more, as a part that overlaps. */
  readonly overlapOnResume?: boolean;
  /** Why a stream cannot go on from a state; undefined when it can. */
  readonly refuseState?: (stream: string, state: JsonValue | null) => string | undefined;
  readonly faults?: Faults;
}

const DEFAULTS = {
  session: "parts",
  partRows: 10,
  batchRows: 4,
  parallel: 1,
  csv: false,
  overlapOnResume: false,
  refuseState: () => undefined,
  faults: () => undefined,
} as const;

/** A source over rows in memory, obedient or hostile as its faults say. */
export function memorySource(options: MemorySourceOptions): SourceConnector {
  const all = { ...DEFAULTS, ...options };
  const { faults } = all;
  return defineSource({
    id: "source-memory",
    title: "Memory",
    config: Type.Object({}),
    check: async () => {},
    discover: () => pass({ faults, point: "source.discover", act: () => catalogOf(options.streams) }),
    open: (request) =>
      pass({
        faults,
        point: "source.open",
        signal: request.context.signal,
        act: () => (all.session === "parts" ? partSession(all) : messageSession(all, request)),
      }),
  });
}

/** A source that says exactly what it is told to, right or wrong. */
export function scriptedSource(
  catalog: Catalog,
  messages: (request: Omit<OpenSource, "config">) => Iterable<Message> | AsyncIterable<Message>,
): SourceConnector {
  return defineSource({
    id: "source-scripted",
    title: "Script",
    config: Type.Object({}),
    check: async () => {},
    discover: async () => catalog,
    open: async (request) => ({
      kind: "messages",
      async *messages(signal) {
        for await (const message of messages(request)) {
          signal.throwIfAborted();
          yield message;
        }
      },
      close: async () => {},
    }),
  });
}
