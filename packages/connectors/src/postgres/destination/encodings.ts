import type { Encoding, WireColumn } from "@weir/protocol";
import type { Target, TargetColumn } from "./tables.ts";
import { KIND_TYPES, nativeOf, type NativeTypes, OID } from "./types.ts";

interface Wire {
  readonly column: WireColumn;
  readonly binary: boolean;
}

/** The encodings a stream is taken in, best first. The byte routes need every column to have a type the source can cast to. */
export function encodingsFor(target: Target, natives: NativeTypes): readonly Encoding[] {
  const wires = target.columns.map((column) => wireOf(target, column, natives));
  const batch: Encoding = {
    format: "batch",
    columns: target.columns.map(({ field, type }) => ({ field, type: type.sql })),
    cost: 4,
  };
  const known = wires.filter((wire) => wire !== undefined);
  if (known.length < wires.length) return [batch];
  const columns = known.map(({ column }) => column);
  const text: Encoding = { format: "pg-text", columns, cost: 1.5 };
  // A tuple has 16 bits for its number of columns.
  const binary = known.every((wire) => wire.binary) && columns.length + 4 < 32_768;
  const file: Encoding = { format: "csv-file", columns, cost: 1.5 };
  return binary ? [{ format: "pg-binary", columns, cost: 1 }, text, file, batch] : [text, file, batch];
}

/** Undefined where only the typed route can write the column: it was widened to a type the value must be made fit for. */
function wireOf(target: Target, { field, type }: TargetColumn, natives: NativeTypes): Wire | undefined {
  const native = nativeOf(target.plan, field, natives);
  if (native !== undefined && native.type.oid === type.oid) {
    return { column: { field, type: native.type.sql }, binary: native.binary };
  }
  const usual = KIND_TYPES[field.kind];
  const isOwn = usual.type.oid === type.oid && type.modifiers === "";
  const isText = field.kind === "string" && type.oid === OID.text;
  if (isOwn || isText) return { column: { field, type: usual.wire }, binary: true };
  const widerNumber = field.kind === "integer" && type.oid === OID.numeric && type.modifiers === "";
  return widerNumber ? { column: { field, type: "numeric" }, binary: true } : undefined;
}
