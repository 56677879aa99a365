import type { ConfiguredStream, SourceState, SourceSyncMode, StateMessage, Stream } from "@weir/protocol";
import { streamKey } from "@weir/protocol";

/** A stream as a platform configures it that takes everything the source proposes. */
export function asProposed(stream: Stream, mode: SourceSyncMode): ConfiguredStream {
  const { default_cursor_field: cursor, source_defined_primary_key: key } = stream;
  return {
    stream,
    sync_mode: mode,
    destination_sync_mode: "append",
    ...(cursor === undefined ? {} : { cursor_field: cursor }),
    ...(key === undefined ? {} : { primary_key: key }),
  };
}

/** The state of a message, as a later read is given it. */
export function stateOf({ state: { stream, global, data } }: StateMessage): SourceState {
  if (stream !== undefined) {
    return { type: "STREAM", ...stream.stream_descriptor, state: stream.stream_state ?? null };
  }
  if (global === undefined) return { type: "LEGACY", data: data ?? null };
  const streams = global.stream_states.map((item) => ({
    ...item.stream_descriptor,
    state: item.stream_state ?? null,
  }));
  return { type: "GLOBAL", shared: global.shared_state ?? null, streams };
}

/** Of two states with the same slot the later one holds: one for each stream, or one for all. */
export function stateSlot(state: SourceState): string {
  return state.type === "STREAM" ? streamKey(state) : "";
}
