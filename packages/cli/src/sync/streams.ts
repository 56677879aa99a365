import type { Connection } from "@weir/engine";
import type { Context, JsonObject, SourceConnector, Stream } from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import type { ConfiguredSource } from "../project/configure.ts";
import { connectionOf, parseStreamKey, withDefaults } from "../project/connection.ts";
import type { DeclaredConnection } from "../project/declared.ts";
import { atPlace } from "../project/place.ts";
import type { ProjectConnection } from "../project/read.ts";
import { suggestion } from "../project/suggest.ts";
import { usageError } from "../project/usage.ts";

/** What is asked of this sync alone. "all" stands for every stream. */
export interface Wishes {
  readonly refresh: readonly string[];
  readonly retain: boolean;
  readonly clear: readonly string[];
  readonly acceptSchema: boolean;
}

interface Asked {
  readonly connection: Connection;
  readonly source: { readonly connector: SourceConnector; readonly config: JsonObject };
  readonly refresh: readonly string[];
  readonly clear: readonly string[];
}

/**
 * What the engine is to do. The source's streams are looked up first where settings hold for each of "all" streams, and
 * where streams are named that must exist.
 */
export async function resolveStreams(
  { name, settings }: ProjectConnection,
  { endpoint, connector, config }: ConfiguredSource,
  wishes: Wishes,
  around: Context,
): Promise<Asked> {
  const connection = connectionOf(name, settings);
  const refresh = wishes.refresh.map(forEngine);
  const clear = wishes.clear.map(forEngine);
  const spread = connection.streams === "all" && hasDefaults(settings);
  const named = [...refresh, ...clear].filter((each) => each !== EVERY_STREAM);
  if (!spread && named.length === 0) return { connection, source: { connector, config }, refresh, clear };
  const catalog = await atPlace(endpoint, () => connector.discover(config, around));
  refuseUnknown(named, catalog.streams, settings);
  const streams = spread
    ? catalog.streams.map((stream) => ({
        name: stream.name,
        ...(stream.namespace === undefined ? {} : { namespace: stream.namespace }),
        ...withDefaults(settings),
      }))
    : connection.streams;
  return {
    connection: { ...connection, streams },
    source: { connector: { ...connector, discover: onceThen(catalog, connector) }, config },
    refresh,
    clear,
  };
}

/** The engine's word for all streams of a connection. */
const EVERY_STREAM = "*";

function forEngine(name: string): string {
  return name === "all" ? EVERY_STREAM : name;
}

/** A mistyped name would refresh nothing, and nobody would notice. */
function refuseUnknown(
  names: readonly string[],
  streams: readonly Stream[],
  { streams: selected }: DeclaredConnection,
): void {
  const chosen =
    selected === undefined || selected === "all"
      ? undefined
      : new Set(selected.map((each) => (typeof each === "string" ? parseStreamKey(each).name : each.name)));
  const known = streams.filter((stream) => chosen?.has(stream.name) ?? true);
  const unknown = names.find(
    (name) => !known.some((stream) => stream.name === name || streamKey(stream) === name),
  );
  if (unknown === undefined) return;
  throw usageError(
    `The connection moves no stream "${unknown}".`,
    suggestion(unknown, known.map(streamKey), "streams"),
    "usage.stream_unknown",
  );
}

function hasDefaults(settings: DeclaredConnection): boolean {
  return Object.keys(withDefaults(settings)).length > 0;
}

/** The engine's first look at the source is the one just taken; a later attempt looks anew. */
function onceThen(
  catalog: Awaited<ReturnType<SourceConnector["discover"]>>,
  connector: SourceConnector,
): SourceConnector["discover"] {
  let fresh: typeof catalog | undefined = catalog;
  return async (config, context) => {
    const known = fresh;
    fresh = undefined;
    return known ?? connector.discover(config, context);
  };
}
