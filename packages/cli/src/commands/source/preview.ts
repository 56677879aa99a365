import type { Context, Field, JsonObject, JsonValue, SourceSession, Stream } from "@weir/protocol";
import { fieldsOf, streamKey, stringifyJson } from "@weir/protocol";
import { isMisfit, textReader } from "@weir/kit";
import type { Command, CommandContext } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { table } from "../../output/table.ts";
import type { ConfiguredSource } from "../../project/configure.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { chosenSource } from "../../project/source.ts";
import { findStream } from "./stream.ts";

interface PreviewOptions extends EndpointOptions {
  readonly stream?: string;
  readonly rows: number;
}

/** A cell as text; null is NULL. */
type Row = readonly (string | null)[];

export const preview: Command<PreviewOptions> = async (context, args, options) => {
  const fromOptions = options.source !== undefined;
  const name = fromOptions ? undefined : args[0];
  const wanted = options.stream ?? (fromOptions ? args[0] : args[1]);
  const source = await chosenSource(context, name, options);
  const { io, log } = context;
  const around: Context = { clock: io.clock, log, signal: io.signal };
  const catalog = await source.connector.discover(source.config, around);
  const [first] = catalog.streams;
  const stream = wanted === undefined && first !== undefined ? first : findStream(catalog, wanted ?? "");
  const fields = fieldsOf(stream.json_schema);
  const rows = await firstRows(source, stream, options.rows, around);
  return {
    code: exitCodes.done,
    result: {
      stream: streamKey(stream),
      rows: rows.map((row) =>
        Object.fromEntries(fields.map((field, index) => [field.name, row[index] ?? null])),
      ),
    },
    lines: lines(context, stream, fields, rows),
  };
};

function lines(
  context: CommandContext,
  stream: Stream,
  fields: readonly Field[],
  rows: readonly Row[],
): readonly string[] {
  const columns = fields.map(({ name, kind }) => ({
    title: name,
    ...(kind === "integer" || kind === "number" ? { align: "right" as const } : {}),
  }));
  const cells = rows.map((row) => row.map((cell) => cell ?? "NULL"));
  return [
    ...table(columns, cells, { widest: 40, head: (line) => context.style("bold", line) }),
    context.style("dim", `${rows.length} ${rows.length === 1 ? "row" : "rows"} of ${streamKey(stream)}`),
  ];
}

async function firstRows(
  { connector, config }: ConfiguredSource,
  stream: Stream,
  limit: number,
  around: Context,
): Promise<readonly Row[]> {
  const enough = new AbortController();
  const signal = AbortSignal.any([around.signal, enough.signal]);
  const configured = {
    stream,
    sync_mode: stream.supported_sync_modes.includes("full_refresh") ? "full_refresh" : "incremental",
    destination_sync_mode: "append",
  } as const;
  const session = await connector.open({
    config,
    catalog: { streams: [configured] },
    state: [],
    context: { ...around, signal },
  });
  try {
    const rows: Row[] = [];
    if (limit === 0) return rows;
    for await (const row of rowsOf(session, configured, signal)) {
      rows.push(row);
      if (rows.length >= limit) break;
    }
    return rows;
  } finally {
    enough.abort();
    await session.close();
  }
}

async function* rowsOf(
  session: SourceSession,
  configured: Parameters<Extract<SourceSession, { kind: "parts" }>["reader"]>[0],
  signal: AbortSignal,
): AsyncGenerator<Row> {
  const fields = fieldsOf(configured.stream.json_schema);
  if (session.kind === "messages") {
    for await (const message of session.messages(signal)) {
      if (message.type !== "RECORD" || message.record.stream !== configured.stream.name) continue;
      yield fields.map(({ name }) => cellOf(message.record.data[name]));
    }
    return;
  }
  const reader = await session.reader(configured, null);
  const columns = fields.map((field) => ({ field, type: "" }));
  for await (const part of reader.parts(signal)) {
    const read = part.read({ format: "batch", columns, cost: 4 }, signal);
    if (read.form !== "batches") throw new TypeError("the source gave bytes where batches were asked for");
    for await (const batch of read.chunks) {
      const readers = batch.columns.map((column, index) =>
        textReader(column, fields[index]?.kind ?? "unknown"),
      );
      for (let row = 0; row < batch.rows; row += 1) {
        yield readers.map((text) => {
          const cell = text(row);
          return isMisfit(cell) ? null : cell;
        });
      }
    }
  }
}

function cellOf(value: JsonObject[string]): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : stringifyJson(value satisfies JsonValue);
}
