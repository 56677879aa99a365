import type { JsonObject, Message, OpenSource, SourceConnector } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { MemoryStream } from "@weir/kit/testing";
import { catalogOf, scriptedSource } from "@weir/kit/testing";
import { globalState } from "../script.ts";

/** Every version a row ever had, over all streams, in order. */
export interface Change {
  readonly lsn: number;
  readonly stream: string;
  readonly row: JsonObject;
}

/**
 * Change data capture in small: a stream without a state is read whole, then changes of all streams come from one log
 * under one shared position. Streams read in full have no state at all. With `tails` no state follows the last rows.
 */
export function changeSource(
  streams: readonly MemoryStream[],
  log: readonly Change[],
  tails: boolean,
): SourceConnector {
  return scriptedSource(catalogOf(streams), (request) => changes({ streams, log, tails }, request));
}

interface Contents {
  readonly streams: readonly MemoryStream[];
  readonly log: readonly Change[];
  readonly tails: boolean;
}

function* changes(
  { streams, log, tails }: Contents,
  { catalog, state }: Omit<OpenSource, "config">,
): Generator<Message> {
  const [given] = state;
  const shared = given?.type === "GLOBAL" && isObject(given.shared) ? given.shared : {};
  const from = Number(shared["lsn"] ?? 0);
  const end = log.at(-1)?.lsn ?? 0;
  /** Position up to which each stream is complete by itself. */
  const own: Record<string, JsonObject> = {};
  for (const item of given?.type === "GLOBAL" ? given.streams : []) own[item.name] = item.state as JsonObject;
  const known = new Map(Object.entries(own).map(([name, { at }]) => [name, Number(at)]));
  for (const { stream, sync_mode } of catalog.streams) {
    if (known.has(stream.name) && sync_mode === "incremental") continue;
    const { rows } = streams.find(({ name }) => name === stream.name) ?? { rows: [] };
    for (const row of rows) yield recordOf(stream.name, row);
    if (sync_mode === "full_refresh") continue;
    own[stream.name] = { at: end };
    yield globalState({ lsn: from }, own);
  }
  let sent = 0;
  for (const { lsn, stream, row } of log) {
    const at = known.get(stream);
    if (at === undefined || lsn <= Math.max(at, from)) continue;
    yield recordOf(stream, row);
    sent += 1;
    if (sent % 5 === 0) yield globalState({ lsn }, own);
  }
  if (Object.keys(own).length > 0 && !tails) yield globalState({ lsn: end }, own);
}

function recordOf(stream: string, data: JsonObject): Message {
  return { type: "RECORD", record: { stream, data, emitted_at: 1 } };
}
