import type { Context, Field, JsonValue, Stream } from "@weir/protocol";
import { fieldsOf, parseJson, streamKey } from "@weir/protocol";
import type { Command, CommandContext } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { count } from "../../output/numbers.ts";
import { table } from "../../output/table.ts";
import { cut, pad, printable, width } from "../../output/width.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { atPlace } from "../../project/place.ts";
import { chosenSource } from "../../project/source.ts";
import type { FirstRows } from "./rows.ts";
import { firstRows } from "./rows.ts";
import { findStream } from "./stream.ts";

interface PreviewOptions extends EndpointOptions {
  readonly stream?: string;
  readonly rows: number;
}

const WIDEST_CELL = 40;

export const preview: Command<PreviewOptions> = async (context, args, options) => {
  const fromOptions = options.source !== undefined;
  const name = fromOptions ? undefined : args[0];
  const wanted = options.stream ?? (fromOptions ? args[0] : args[1]);
  const source = await chosenSource(context, name, options);
  const { io, log } = context;
  const around: Context = { clock: io.clock, log, signal: io.signal };
  const catalog = await atPlace(source.endpoint, () => source.connector.discover(source.config, around));
  const [first] = catalog.streams;
  const stream = wanted === undefined && first !== undefined ? first : findStream(catalog, wanted ?? "");
  const fields = fieldsOf(stream.json_schema);
  const read = await atPlace(source.endpoint, () => firstRows(source, stream, options.rows, around));
  const rows = read.rows.map((row) =>
    Object.fromEntries(fields.map((field, index) => [field.name, jsonOf(field, row[index] ?? null)])),
  );
  return {
    code: exitCodes.done,
    result: { stream: streamKey(stream), rows, misfits: read.misfits },
    lines: [...rowLines(context, fields, read), ...remarks(context, stream, read)],
  };
};

/** A table where it fits on the terminal, else each row as a block of fields. */
function rowLines(context: CommandContext, fields: readonly Field[], { rows }: FirstRows): readonly string[] {
  const { style, io } = context;
  const columns = fields.map(({ name, kind }) => ({
    title: name,
    ...(kind === "integer" || kind === "number" ? { align: "right" as const } : {}),
  }));
  const cells = rows.map((row) => row.map((cell) => cell ?? "NULL"));
  const lines = table(columns, cells, { widest: WIDEST_CELL, head: (line) => style("bold", line) });
  const room = io.stdout.isTTY === true ? io.stdout.columns || 80 : Number.POSITIVE_INFINITY;
  if (rows.length === 0 || lines.every((line) => width(line) <= room)) return lines;
  const names = fields.map(({ name }) => cut(printable(name), WIDEST_CELL));
  const widest = Math.max(0, ...names.map(width));
  return cells.flatMap((row, index) => [
    style("dim", `row ${index + 1}`),
    ...row.map((cell, at) => {
      const value = cut(printable(cell), Math.max(10, room - widest - 4));
      return `  ${style("bold", pad(names[at] ?? "", widest))}  ${value}`;
    }),
  ]);
}

function remarks(context: CommandContext, stream: Stream, { rows, misfits }: FirstRows): readonly string[] {
  const found = `${count(rows.length)} ${rows.length === 1 ? "row" : "rows"} of ${streamKey(stream)}`;
  const unfit = `${count(misfits)} values are not of their field's type; a sync would make them NULL and say so`;
  return [context.style("dim", found), ...(misfits > 0 ? [context.style("yellow", unfit)] : [])];
}

/** Canonical text as the JSON that means it; what JSON cannot spell, such as NaN, stays text. */
function jsonOf({ kind }: Field, text: string | null): JsonValue {
  if (text === null) return null;
  switch (kind) {
    case "boolean":
      return text === "true" || text === "t";
    case "integer":
    case "number":
    case "object":
    case "array":
    case "union":
    case "unknown":
      try {
        return parseJson(text);
      } catch {
        return text;
      }
    default:
      return text;
  }
}
