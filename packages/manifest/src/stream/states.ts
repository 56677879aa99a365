import type { JsonObject, JsonValue, SourceState, StreamDescriptor } from "@weir/protocol";
import { isObject, streamKey } from "@weir/protocol";

/** The state of one stream, whichever form it stands in; null: there is none. */
export function stateOf(states: readonly SourceState[], stream: StreamDescriptor): JsonObject | null {
  const key = streamKey(stream);
  for (const state of states) {
    if (state.type === "STREAM") {
      if (streamKey(state) === key) return objectOf(state.state);
    } else if (state.type === "GLOBAL") {
      const found = state.streams.find((each) => streamKey(each) === key);
      if (found !== undefined) return objectOf(found.state);
    } else if (isObject(state.data) && Object.hasOwn(state.data, stream.name)) {
      return objectOf(state.data[stream.name]);
    }
  }
  return null;
}

function objectOf(value: JsonValue | undefined): JsonObject | null {
  return isObject(value) && Object.keys(value).length > 0 ? value : null;
}
