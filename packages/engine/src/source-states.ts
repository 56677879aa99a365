import type { JsonValue, SourceState, StreamName } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { ConnectionDocument } from "./document.ts";
import type { PlannedStream } from "./planned-stream.ts";
import type { RefusedStream } from "./refused.ts";
import { stillCovered } from "./refused.ts";
import { isIncremental } from "./select.ts";

/**
 * The connection's document as an attempt begins. A shared state covers only the streams that went on under it without
 * a gap: one that starts anew, or was taken out of the connection meanwhile, is no longer covered; a state that covers
 * nothing is dropped. One that is left out for a failure of its own stays covered, because nothing is read over it. [I14]
 */
export function beginConnection(
  before: ConnectionDocument | undefined,
  streams: readonly PlannedStream[],
  sync: number,
  left: readonly RefusedStream[] = [],
): ConnectionDocument {
  const form = before?.form;
  if (form === undefined || form === "STREAM") return { sync, status: "running", form, covers: [] };
  const incremental = streams.filter(({ selected }) => isIncremental(selected.mode));
  const going = incremental.filter(({ anew, selected }) => !anew && before?.covers.includes(selected.key));
  const covers = [...going.map(({ selected }) => selected.key), ...stillCovered(before, left)];
  if (form === "LEGACY" && covers.length > 0 && going.length < incremental.length) throw legacyPart();
  return { sync, status: "running", form, state: covers.length === 0 ? null : before?.state, covers };
}

/** The states a message session resumes from, in the form it once sent them. */
export function sourceStates(
  connection: ConnectionDocument,
  streams: readonly PlannedStream[],
): readonly SourceState[] {
  const { form, covers, state } = connection;
  const shared = state ?? null;
  if (form === "LEGACY") return shared === null ? [] : [{ type: "LEGACY", data: shared }];
  const own = streams.flatMap((planned) => streamState(planned, form === "GLOBAL" ? covers : undefined));
  if (form === "GLOBAL")
    return covers.length === 0 && own.length === 0 ? [] : [{ type: "GLOBAL", shared, streams: own }];
  return own.map((stream) => ({ type: "STREAM", ...stream }));
}

function streamState(
  { document, work, selected }: PlannedStream,
  covers: readonly string[] | undefined,
): readonly (StreamName & { readonly state: JsonValue })[] {
  const { state } = document;
  if (state === null || work !== "read") return [];
  if (covers !== undefined && isIncremental(selected.mode) && !covers.includes(selected.key)) return [];
  const { name, namespace } = selected.stream;
  return [{ name, namespace, state }];
}

function legacyPart(): WeirError {
  return new WeirError({
    code: "config.legacy_state_shared",
    message: "The source keeps one state for all streams: some cannot start anew while others go on.",
    next: 'Refresh all streams of the connection at once ("*"), or give the new ones a connection of their own.',
    recovery: "ask",
    origin: "config",
    path: "streams",
  });
}
