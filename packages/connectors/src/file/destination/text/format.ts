import { hash } from "node:crypto";
import type { LoadRequest, LoadResult } from "@weir/protocol";
import type { FileSettings } from "../config.ts";
import type { FormatWriter, Target } from "../target.ts";
import { TextFiles } from "./files.ts";
import { csvLines, jsonLines, textRows } from "./lines.ts";
import { keepNewest } from "./newest.ts";
import { canonicalTexts, ownRecords } from "./records.ts";

/** CSV and JSONL, written by Weir itself. */
export function textFormat(settings: FileSettings): FormatWriter {
  const format = settings.format === "csv" ? "csv" : "jsonl";
  const lines = format === "csv" ? csvLines : jsonLines;
  return {
    parallel: 2,
    prepare: async () => undefined,
    takes: ({ columns }) => [
      { format: "batch", columns: columns.map(({ field }) => ({ field, type: "" })), cost: 4 },
    ],
    writer: async (folder) => {
      const files = new TextFiles(folder, settings, lines);
      return {
        load: (target, request) => load(files, target, request),
        end: () => files.end(),
        discard: () => files.discard(),
      };
    },
    keepNewest: (request) => keepNewest(request, format),
    measure: async (plan, schema, files, { key, signal }) => {
      const kinds = key.map((name) => plan.fields.find((field) => field.name === name)?.kind ?? "string");
      const names = key.map((name) => schema.columns.find((column) => column.name === name)?.name ?? name);
      let rows = 0;
      let sum = 0n;
      for (const path of files) {
        for await (const { records } of ownRecords(path, format, signal)) {
          rows += records.length;
          if (key.length === 0) continue;
          const texts = names.map((name, index) =>
            canonicalTexts(records, name, kinds[index] ?? "string", format),
          );
          for (let row = 0; row < records.length; row++) {
            const text = texts.map((column) => column[row] ?? "\\N").join("\u001F");
            sum += BigInt(`0x${hash("md5", text).slice(0, 15)}`);
          }
        }
      }
      return { rows, ...(key.length === 0 ? {} : { checksum: String(sum) }) };
    },
    close: async () => undefined,
  };
}

async function load(files: TextFiles, target: Target, request: LoadRequest): Promise<LoadResult> {
  const { read, meta, signal } = request;
  if (read.form !== "batches") throw new TypeError("Text files take batches only.");
  const counts = { received: 0, changed: 0, bytes: 0 };
  for await (const batch of read.chunks) {
    signal.throwIfAborted();
    for (const row of textRows(batch, target.columns, meta, counts.received)) {
      await files.add(target, meta, row);
      if (row.isChanged) counts.changed += 1;
    }
    counts.received += batch.rows;
    counts.bytes += batch.bytes;
    request.progress(batch.rows, batch.bytes);
  }
  return { ...counts, written: counts.received, rejected: 0 };
}
