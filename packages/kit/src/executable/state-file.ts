import type { JsonObject, JsonValue, SourceState, StreamName } from "@weir/protocol";
import { isObject, parseJson, WeirError } from "@weir/protocol";

/**
 * The file given to `read --state`: a list of states as the source emitted them, with or without their messages around
 * them, or one alone; the states of Airbyte's API; or any other object, which is a LEGACY state. Nothing, `{}` and `[]`
 * are no state. Fails with `config.state_unreadable`.
 */
export function parseStates(text: string): readonly SourceState[] {
  if (text.trim() === "") return [];
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch {
    throw unreadable("it is not JSON");
  }
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap(statesIn);
  return statesIn(value);
}

function statesIn(value: JsonValue): readonly SourceState[] {
  if (value === null) return [];
  if (!isObject(value)) throw unreadable("a state is an object");
  if (value["type"] === "STATE" && value["state"] !== undefined) return statesIn(value["state"]);
  if (typeof value["stateType"] === "string") return apiStates(value);
  switch (value["type"]) {
    case "STREAM":
      return [streamState(value["stream"])];
    case "GLOBAL":
      return [globalState(value["global"])];
    case "LEGACY":
      return [{ type: "LEGACY", data: value["data"] ?? null }];
    default:
      return Object.keys(value).length === 0 ? [] : [{ type: "LEGACY", data: value["data"] ?? value }];
  }
}

/** `{ stateType, streamState, globalState, state }`, as Airbyte's API gives the state of a connection. */
function apiStates(value: JsonObject): readonly SourceState[] {
  switch (value["stateType"]) {
    case "stream":
      return listOf(value["streamState"]).map(streamState);
    case "global":
      return [globalState(value["globalState"])];
    case "legacy":
      return [{ type: "LEGACY", data: value["state"] ?? null }];
    default:
      return [];
  }
}

type Entry = StreamName & { readonly state: JsonValue };

function streamState(value: JsonValue | undefined): SourceState {
  return { type: "STREAM", ...entryOf(value) };
}

function globalState(value: JsonValue | undefined): SourceState {
  if (!isObject(value)) throw unreadable('a GLOBAL state has no "global"');
  const streams = listOf(value["stream_states"] ?? value["streamStates"]).map(entryOf);
  return { type: "GLOBAL", shared: value["shared_state"] ?? value["sharedState"] ?? null, streams };
}

function entryOf(value: JsonValue | undefined): Entry {
  const stream = isObject(value) ? value : {};
  const descriptor = stream["stream_descriptor"] ?? stream["streamDescriptor"];
  const { name, namespace } = isObject(descriptor) ? descriptor : {};
  if (typeof name !== "string") throw unreadable("a state names no stream");
  const state = stream["stream_state"] ?? stream["streamState"] ?? null;
  return { name, ...(typeof namespace === "string" && namespace !== "" ? { namespace } : {}), state };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw unreadable("states are a list");
  return value as readonly JsonValue[];
}

function unreadable(why: string): WeirError {
  return new WeirError({
    code: "config.state_unreadable",
    message: `The state is not what a source emits: ${why}.`,
    next: "Give the states as they were emitted, as a JSON list, or none.",
    recovery: "ask",
    origin: "config",
    path: "state",
  });
}
