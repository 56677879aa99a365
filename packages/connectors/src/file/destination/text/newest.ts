import { basename, join } from "node:path";
import { parseDecimal, parseTimestamp } from "@weir/kit";
import type { FieldKind } from "@weir/protocol";
import { EXTRACTED_AT, META, RAW_ID } from "../../../duckdb/destination/names.ts";
import { HIDDEN_SUFFIX, shownName } from "../names.ts";
import type { OverlapRequest, Rewritten } from "../target.ts";
import { OutFile } from "./out-file.ts";
import { canonicalTexts, type OwnRecord, ownRecords } from "./records.ts";

type Text = "csv" | "jsonl";

/** Bits of each of the two maps of keys seen once and seen again: 16 MB each. */
const BITS = 1 << 27;

interface Row {
  readonly rawId: string;
  readonly cursor: string | null;
  readonly extractedAt: string;
}

interface Keys {
  readonly fields: readonly string[];
  readonly names: readonly string[];
  readonly kinds: readonly FieldKind[];
  readonly cursor: { readonly name: string; readonly kind: FieldKind } | undefined;
}

/**
 * In three readings: which keys may stand twice, by a hash, so that memory does not grow with the load; which row of each
 * of these is the newest; and the files again that hold another one. A key that is NULL or was changed on the way says
 * nothing: such rows stay.
 */
export async function keepNewest(request: OverlapRequest, format: Text): Promise<readonly Rewritten[]> {
  const { files, signal, folder } = request;
  const keys = keysOf(request);
  const [once, again] = [new Uint8Array(BITS / 8), new Uint8Array(BITS / 8)];
  for (const path of files) {
    for await (const { records } of ownRecords(path, format, signal)) {
      for (const key of keyTexts(records, keys, format)) {
        if (key === undefined) continue;
        const bit = hashOf(key);
        if (has(once, bit)) set(again, bit);
        else set(once, bit);
      }
    }
  }
  const best = new Map<string, Row>();
  const losers = new Map<string, Set<string>>();
  const places = new Map<string, string>();
  for (const path of files) {
    for await (const { records } of ownRecords(path, format, signal)) {
      const texts = keyTexts(records, keys, format);
      const rows = rowsOf(records, keys, format);
      for (let index = 0; index < records.length; index++) {
        const [key, row] = [texts[index], rows[index]];
        if (key === undefined || row === undefined || !has(again, hashOf(key))) continue;
        const other = best.get(key);
        const loser = other === undefined ? undefined : isNewer(row, other, keys.cursor?.kind) ? other : row;
        if (loser !== row) {
          best.set(key, row);
          places.set(row.rawId, path);
        }
        if (loser === undefined) continue;
        const home = loser === row ? path : (places.get(loser.rawId) ?? path);
        losers.set(home, (losers.get(home) ?? new Set()).add(loser.rawId));
        if (loser !== row) places.delete(loser.rawId);
      }
    }
  }
  const rewritten: Rewritten[] = [];
  for (const [path, rawIds] of losers) {
    const written = join(folder, `${rewritten.length}${HIDDEN_SUFFIX}`);
    await rewrite({ path, written, rawIds, format, signal });
    rewritten.push({ path, written });
  }
  return rewritten;
}

function keysOf({ target: { plan, columns } }: OverlapRequest): Keys {
  const found = plan.primaryKey.map((name) => columns.find(({ field }) => field.name === name));
  const cursor = columns.find(({ field }) => field.name === plan.cursor);
  return {
    fields: plan.primaryKey,
    names: found.map((column, index) => column?.name ?? plan.primaryKey[index] ?? ""),
    kinds: found.map((column) => column?.field.kind ?? "string"),
    cursor: cursor === undefined ? undefined : { name: cursor.name, kind: cursor.field.kind },
  };
}

function keyTexts(records: readonly OwnRecord[], keys: Keys, format: Text): readonly (string | undefined)[] {
  const texts = keys.names.map((name, index) =>
    canonicalTexts(records, name, keys.kinds[index] ?? "string", format),
  );
  return records.map((record, row) => {
    const values = texts.map((column) => column[row] ?? null);
    if (values.includes(null)) return undefined;
    const isChanged = keys.fields.some((name) => metaOf(record).includes(`"field":${JSON.stringify(name)}`));
    return isChanged ? undefined : JSON.stringify(values);
  });
}

function textOf(record: OwnRecord, column: string): string {
  const value = record.value(column);
  return typeof value === "string" ? value : "";
}

function metaOf(record: OwnRecord): string {
  const meta = record.value(META);
  return typeof meta === "string" ? meta : JSON.stringify(meta);
}

function rowsOf(records: readonly OwnRecord[], { cursor }: Keys, format: Text): readonly Row[] {
  const cursors = cursor === undefined ? [] : canonicalTexts(records, cursor.name, cursor.kind, format);
  return records.map((record, row) => ({
    rawId: textOf(record, RAW_ID),
    extractedAt: textOf(record, EXTRACTED_AT),
    cursor: cursors[row] ?? null,
  }));
}

/** By cursor, NULL being the least, then by when it was read and loaded. */
function isNewer(row: Row, other: Row, kind: FieldKind | undefined): boolean {
  const order = kind === undefined ? 0 : compareCursors(row.cursor, other.cursor, kind);
  if (order !== 0) return order > 0;
  if (row.extractedAt !== other.extractedAt) return row.extractedAt > other.extractedAt;
  return row.rawId > other.rawId;
}

function compareCursors(left: string | null, right: string | null, kind: FieldKind): number {
  if (left === right) return 0;
  if (left === null || right === null) return left === null ? -1 : 1;
  if (kind === "integer" || kind === "number") return compareDecimals(left, right);
  if (kind === "date" || kind.startsWith("timestamp")) {
    const [a, b] = [instantOf(left), instantOf(right)];
    if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : 0;
  }
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function compareDecimals(left: string, right: string): number {
  const [a, b] = [parseDecimal(left), parseDecimal(right)];
  if (typeof a !== "object" || typeof b !== "object") {
    const [x, y] = [Number(left), Number(right)];
    return x < y ? -1 : x > y ? 1 : Number.isNaN(x) ? 1 : Number.isNaN(y) ? -1 : 0;
  }
  const scale = Math.max(a.scale, b.scale);
  const [x, y] = [a.unscaled * 10n ** BigInt(scale - a.scale), b.unscaled * 10n ** BigInt(scale - b.scale)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function instantOf(text: string): bigint | number | undefined {
  const found = parseTimestamp(text.length > 10 || !/^\d/.test(text) ? text : `${text} 00:00:00`);
  if (found === undefined) return undefined;
  if (typeof found === "string")
    return found === "infinity" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return found.micros;
}

function hashOf(text: string): number {
  let a = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) a = Math.imul(a ^ text.charCodeAt(at), 0x01000193);
  a = Math.imul(a ^ (a >>> 16), 0x7feb352d);
  a = Math.imul(a ^ (a >>> 15), 0x846ca68b);
  return (a ^ (a >>> 16)) & (BITS - 1);
}

function has(bits: Uint8Array, bit: number): boolean {
  return ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

function set(bits: Uint8Array, bit: number): void {
  bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
}

async function rewrite(parts: {
  readonly path: string;
  readonly written: string;
  readonly rawIds: ReadonlySet<string>;
  readonly format: Text;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { path, written, rawIds, format, signal } = parts;
  const name = shownName(basename(path));
  const file = await OutFile.open(
    written,
    name.endsWith(".gz") ? "gzip" : name.endsWith(".zst") ? "zstd" : "none",
  );
  try {
    let started = false;
    for await (const { header, records } of ownRecords(path, format, signal)) {
      if (!started) await file.write(header);
      started = true;
      for (const record of records) {
        if (!rawIds.has(textOf(record, RAW_ID))) await file.write(record.line);
      }
    }
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.end();
}
