import type { ColumnBatch, Encoding, JsonObject, RejectedRow } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { isMisfit, textReader } from "../values/index.ts";
import { columnsOf } from "./stream.ts";

/** Rows as the `csv` encoding's lines. A value that does not fit its field cannot go this way. */
export function csvLines(rows: readonly JsonObject[], encoding: Encoding): Uint8Array {
  const fields = encoding.columns.map(({ field }) => field);
  const readers = columnsOf(rows, fields).map((column, index) =>
    textReader(column, fields[index]?.kind ?? "unknown"),
  );
  const lines = rows.map((_, row) => `${readers.map((read) => csvValue(read(row))).join(",")}\n`);
  return new TextEncoder().encode(lines.join(""));
}

function csvValue(value: ReturnType<ReturnType<typeof textReader>>): string {
  if (value === null) return "\\N";
  if (isMisfit(value)) throw unfitForBytes("A value does not fit its field.");
  return /[",\n\r]|^\\N$|^$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** All lines of a csv stream as one batch of canonical text. */
export function parseCsv(text: string, encoding: Encoding): ColumnBatch {
  const columns = encoding.columns.map((): (string | null)[] => []);
  const value = /(?:"((?:[^"]|"")*)"|([^,\n]*))([,\n])/y;
  if (columns.length === 0) return { rows: text.length, columns: [], bytes: text.length };
  let rows = 0;
  while (value.lastIndex < text.length) {
    for (const [index, column] of columns.entries()) {
      const match = value.exec(text);
      const ends = match?.[3] === "\n";
      if (match === null || ends !== (index === columns.length - 1))
        throw new SyntaxError(`Line ${rows + 1} of the csv is broken.`);
      const [, quoted, plain = ""] = match;
      column.push(quoted === undefined ? (plain === "\\N" ? null : plain) : quoted.replaceAll('""', '"'));
    }
    rows += 1;
  }
  return { rows, columns: columns.map((values) => ({ form: "text", values })), bytes: text.length };
}

export function unfitForBytes(reason: RejectedRow["reason"]): WeirError {
  return new WeirError({
    code: "destination.bytes_refused",
    message: reason,
    next: "Load the part as batches.",
    recovery: "skip",
    origin: "destination",
  });
}
