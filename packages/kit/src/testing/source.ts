import type { Catalog, Message, OpenSource, SourceConnector } from "@weir/protocol";
import { defineSource } from "../define.ts";
import { Type } from "../config/type.ts";
import { pass } from "./faults.ts";
import type { MemorySourceOptions } from "./source-options.ts";
import { messageSession } from "./source-messages.ts";
import { partSession } from "./source-parts.ts";
import { catalogOf } from "./stream.ts";

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
