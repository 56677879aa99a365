import { isMisfit, textReader } from "@weir/kit";
import type { Column, ConfiguredStream, Context, SourceSession, Stream } from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import type { ConfiguredSource } from "../../project/configure.ts";

/** Canonical text of each field (protocol/encoding.ts); null is NULL. */
type Row = readonly (string | null)[];

export interface FirstRows {
  readonly rows: readonly Row[];
  /** Values that are not of their field's type, and what is shown is not what the source holds. */
  readonly misfits: number;
}

/** The first rows a full read of the stream gives; ends the read there. */
export async function firstRows(
  { connector, config }: ConfiguredSource,
  stream: Stream,
  limit: number,
  around: Context,
): Promise<FirstRows> {
  const enough = new AbortController();
  const signal = AbortSignal.any([around.signal, enough.signal]);
  const configured: ConfiguredStream = {
    stream,
    sync_mode: stream.supported_sync_modes.includes("full_refresh") ? "full_refresh" : "incremental",
    destination_sync_mode: "append",
  };
  const session = await connector.open({
    config,
    catalog: { streams: [configured] },
    state: [],
    context: { ...around, signal },
  });
  const rows: Row[] = [];
  let misfits = 0;
  try {
    if (limit === 0) return { rows, misfits };
    for await (const cells of rowsOf(session, configured, signal)) {
      misfits += cells.filter(isMisfit).length;
      rows.push(cells.map((cell) => (isMisfit(cell) ? cell.text : cell)));
      if (rows.length >= limit) break;
    }
    return { rows, misfits };
  } finally {
    enough.abort();
    await session.close();
  }
}

type Cell = ReturnType<ReturnType<typeof textReader>>;

async function* rowsOf(
  session: SourceSession,
  configured: ConfiguredStream,
  signal: AbortSignal,
): AsyncGenerator<readonly Cell[]> {
  const fields = fieldsOf(configured.stream.json_schema);
  if (session.kind === "messages") {
    for await (const message of session.messages(signal)) {
      if (message.type !== "RECORD" || message.record.stream !== configured.stream.name) continue;
      const { data } = message.record;
      yield fields.map(({ name, kind }) => textReader({ form: "json", values: [data[name]] }, kind)(0));
    }
    return;
  }
  const reader = await session.reader(configured, null);
  const columns = fields.map((field) => ({ field, type: "" }));
  for await (const part of reader.parts(signal)) {
    const read = part.read({ format: "batch", columns, cost: 4 }, signal);
    if (read.form !== "batches") throw new TypeError("the source gave bytes where batches were asked for");
    for await (const batch of read.chunks) {
      const readers = batch.columns.map((column: Column, index) =>
        textReader(column, fields[index]?.kind ?? "unknown"),
      );
      for (let row = 0; row < batch.rows; row += 1) yield readers.map((text) => text(row));
    }
  }
}
