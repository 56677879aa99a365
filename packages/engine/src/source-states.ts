import type { JsonValue, SourceState, StreamName } from "@weir/protocol";
import type { Checkpoints } from "./document.ts";
import type { StreamRun } from "./stream-run.ts";

/**
 * The states a message session resumes from, in the form it once sent them. A stream that begins anew is left out, and
 * what is shared by all streams when all begin anew; a source reads full refresh streams from their start whatever a
 * shared state says.
 */
export function sourceStates(held: Checkpoints, runs: readonly StreamRun[]): readonly SourceState[] {
  const streams = runs.flatMap((run) => streamState(run));
  const { connection } = held;
  const data = connection?.state ?? null;
  const all = runs.filter((run) => run.planned.work === "read").every((run) => run.planned.anew);
  if (connection?.form === "LEGACY") return all || data === null ? [] : [{ type: "LEGACY", data }];
  if (connection?.form === "GLOBAL") return all ? [] : [{ type: "GLOBAL", shared: data, streams }];
  return streams.map((stream) => ({ type: "STREAM", ...stream }));
}

function streamState(run: StreamRun): readonly (StreamName & { readonly state: JsonValue })[] {
  const { state } = run.document;
  if (state === null || run.planned.work !== "read") return [];
  const { name, namespace } = run.planned.selected.stream;
  return [{ name, namespace, state }];
}
