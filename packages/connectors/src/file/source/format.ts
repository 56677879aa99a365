import type { FileStream } from "./config.ts";
import type { FoundFile } from "./found.ts";

export type Format = "csv" | "jsonl" | "parquet";

const ENDINGS: Readonly<Record<string, Format>> = {
  csv: "csv",
  tsv: "csv",
  tab: "csv",
  txt: "csv",
  jsonl: "jsonl",
  ndjson: "jsonl",
  json: "jsonl",
  parquet: "parquet",
  pq: "parquet",
};

/** By the stream's setting or the name; undefined where neither tells. */
export function namedFormat(stream: FileStream, file: FoundFile): Format | undefined {
  if (stream.format !== "auto") return stream.format;
  const name = (file.key.split("#")[0] ?? "").replace(/\.(gz|gzip|zst|zstd)$/i, "");
  const ending = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  return ending === undefined ? undefined : ENDINGS[ending];
}

/** By the stream's setting, the name, or the first bytes, unpacked. */
export function formatOf(stream: FileStream, file: FoundFile, head: Uint8Array): Format {
  const named = namedFormat(stream, file);
  if (named !== undefined) return named;
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString("latin1", 0, 64);
  if (text.startsWith("PAR1")) return "parquet";
  return /^(?:\u00ef\u00bb\u00bf)?\s*\{/.test(text) ? "jsonl" : "csv";
}
