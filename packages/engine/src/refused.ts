import type { Failure } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { ConnectionDocument } from "./document.ts";
import type { RowCounts } from "./events.ts";
import { tableText } from "./naming.ts";
import type { TableName } from "./naming.ts";
import type { PlannedStream } from "./planned-stream.ts";
import type { StreamResult } from "./request.ts";
import type { SelectedStream } from "./select.ts";
import { isIncremental } from "./select.ts";

/** A stream that a plan leaves out, and why. */
export interface RefusedStream {
  readonly selected: SelectedStream;
  readonly table: TableName;
  readonly failure: Failure;
  /** What earlier attempts of the sync moved. */
  readonly rows: RowCounts;
}

/** What an error says about a stream. Throws the error where it is not about that stream alone. */
export function failureAlone(error: unknown, key: string): Failure {
  if (error instanceof WeirError && error.failure.stream === key) return error.failure;
  throw error;
}

/** Of the streams planned, those whose reading would move a shared state on over one that is left out. [I14] */
export function waiting(
  connection: ConnectionDocument | undefined,
  left: readonly RefusedStream[],
  streams: readonly PlannedStream[],
): readonly RefusedStream[] {
  const [cause] = left.filter(({ selected }) => isCovered(connection, selected));
  if (cause === undefined) return [];
  return streams
    .filter(({ work, selected }) => work === "read" && isIncremental(selected.mode))
    .map(({ selected, plan, document }) => ({
      selected,
      table: plan.table,
      failure: waits(selected.key, cause),
      rows: document.counts,
    }));
}

/** Keys of left out streams that the shared state goes on covering. */
export function stillCovered(
  connection: ConnectionDocument | undefined,
  left: readonly RefusedStream[],
): readonly string[] {
  return left.filter(({ selected }) => isCovered(connection, selected)).map(({ selected }) => selected.key);
}

function isCovered(connection: ConnectionDocument | undefined, { key, mode }: SelectedStream): boolean {
  const { form, covers = [] } = connection ?? {};
  return (form === "GLOBAL" || form === "LEGACY") && isIncremental(mode) && covers.includes(key);
}

function waits(key: string, { selected, failure }: RefusedStream): Failure {
  return {
    code: "engine.stream_waits",
    message: `Stream ${key} was not read: the source's one state also covers ${selected.key}, which failed.`,
    next: `See what ${selected.key} says; both go on together from where they are.`,
    recovery: failure.recovery,
    origin: "engine",
    stream: key,
  };
}

export function refusedResult({ selected, table, failure, rows }: RefusedStream): StreamResult {
  return {
    stream: selected.key,
    table: tableText(table),
    mode: selected.mode,
    route: "",
    rows,
    bytes: 0,
    seconds: 0,
    status: "broken",
    rejects: [],
    failure,
  };
}
