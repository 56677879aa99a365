import { relative } from "node:path";
import type { StreamResult, SyncResult, VerifyResult } from "@weir/engine";
import type { CommandContext } from "../command.ts";
import { failureLines, maskFailure } from "../output/failure.ts";
import { bytes, count, rate } from "../output/numbers.ts";
import { table } from "../output/table.ts";
import { printable } from "../output/width.ts";
import type { PlacedFailure } from "../project/place.ts";
import { endingOf } from "./last-line.ts";
import type { FinishedSync } from "./run.ts";

/** What a sync did, for people. */
export function reportLines(finished: FinishedSync, context: CommandContext): readonly string[] {
  const { result, connection } = finished;
  const { style, secrets } = context;
  const own = (text: string): string => secrets.maskForeign(printable(text));
  return [
    ...(result.streams.length === 0 ? [] : [...streamTable(finished, context), ""]),
    ...result.schemaNotes.map((note) => `schema: ${own(note)}`),
    ...result.notices.map((notice) => `note: ${own(notice)}`),
    ...result.streams.flatMap((stream) => rejectLines(stream, context)),
    ...earlierRejectLines(finished, context),
    ...failuresOf(result).flatMap((alike) => alikeLines(alike, context)),
    style(result.status === "succeeded" ? "green" : "red", `${connection} ${result.status}`) +
      own(endingOf(result)),
    ...(result.status === "succeeded" ? [] : [style("dim", `log: ${relative(context.cwd, finished.log)}`)]),
  ];
}

/** Every failure of the sync and its streams once, those with the same remedy side by side. */
function failuresOf({ failure, streams }: SyncResult): readonly (readonly PlacedFailure[])[] {
  const ofStreams = streams.flatMap((stream): readonly PlacedFailure[] =>
    stream.failure === undefined ? [] : [{ stream: stream.stream, ...stream.failure }],
  );
  // The sync's own is that of a stream where nothing else failed.
  const isTold = ofStreams.some(
    (each) => each.code === failure?.code && each.message === failure.message && each.next === failure.next,
  );
  const all: readonly PlacedFailure[] = failure === undefined || isTold ? ofStreams : [failure, ...ofStreams];
  const groups = Map.groupBy(all, ({ code, next, place }) => JSON.stringify([code, next, place]));
  return [...groups.values()];
}

/** What is wrong with each; where and what to do, which is the same for all, once. */
function alikeLines(alike: readonly PlacedFailure[], { style, secrets }: CommandContext): readonly string[] {
  return alike.flatMap((failure, index) => {
    const lines = failureLines(maskFailure(failure, secrets), style);
    return index < alike.length - 1 ? lines.slice(0, 1) : lines;
  });
}

function streamTable({ result, resumed }: FinishedSync, context: CommandContext): readonly string[] {
  const verified = result.streams.some((stream) => stream.verified !== undefined);
  const rejected = result.streams.some(({ rows }) => rows.rejected > 0);
  const changed = result.streams.some(({ rows }) => rows.changed > 0);
  const columns = [
    { title: "Stream" },
    { title: "Table" },
    { title: "Rows", align: "right" },
    ...(rejected ? [{ title: "Rejected", align: "right" } as const] : []),
    ...(changed ? [{ title: "Changed", align: "right" } as const] : []),
    { title: "Bytes", align: "right" },
    { title: "Rows/s", align: "right" },
    { title: "Mode" },
    { title: "Route" },
    ...(verified ? [{ title: "Verified" }] : []),
    { title: "" },
  ] as const;
  const rows = result.streams.map((stream) => [
    stream.stream,
    stream.table,
    count(stream.rows.committed),
    ...(rejected ? [count(stream.rows.rejected)] : []),
    ...(changed ? [count(stream.rows.changed)] : []),
    wasFinished(stream) ? "-" : bytes(stream.bytes),
    // After an earlier attempt the rows are of more than these seconds.
    stream.rows.committed === 0 || resumed ? "-" : rate(stream.rows.committed, stream.seconds),
    stream.mode,
    stream.route === "" ? "-" : stream.route,
    ...(verified ? [verifiedText(stream.verified)] : []),
    wasFinished(stream)
      ? "finished in an earlier attempt"
      : stream.status === "complete"
        ? ""
        : stream.status,
  ]);
  return table(columns, rows, { head: (line) => context.style("bold", line) });
}

/** Complete with rows of this sync, of which this attempt read none. */
function wasFinished({ status, route, rows }: StreamResult): boolean {
  return status === "complete" && route === "" && rows.read > 0;
}

function verifiedText(verified: VerifyResult | undefined): string {
  if (verified === undefined) return "";
  if (verified.outcome === "not comparable") return verified.reason ?? "not comparable";
  const rows = verified.destination?.rows;
  return rows === undefined ? verified.outcome : `${verified.outcome}, ${count(rows)} rows`;
}

function rejectLines(stream: StreamResult, context: CommandContext): readonly string[] {
  if (stream.rows.rejected === 0) return [];
  const files = stream.rejects.map((file) => relative(context.cwd, file));
  const shown = files.length > 3 ? [...files.slice(0, 3), `and ${files.length - 3} more`] : files;
  return [
    `rejected: ${count(stream.rows.rejected)} ${stream.rows.rejected === 1 ? "row of" : "rows of"} ${stream.stream} ${stream.rows.rejected === 1 ? "is" : "are"} in ${shown.join(", ")}`,
  ];
}

function earlierRejectLines({ earlierRejects }: FinishedSync, context: CommandContext): readonly string[] {
  const { rows, folder } = earlierRejects;
  if (rows === 0) return [];
  const were =
    rows === 1
      ? "1 rejected row of an earlier sync lies"
      : `${count(rows)} rejected rows of earlier syncs lie`;
  return [`rejected: ${were} in ${relative(context.cwd, folder)}`];
}
