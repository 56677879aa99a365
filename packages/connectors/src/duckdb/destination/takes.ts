import type { Encoding } from "@weir/protocol";
import type { Target, TargetColumn } from "./target.ts";
import { sameType, typeOf, typeSql } from "./types.ts";
import { holds } from "./widen.ts";

/** The encodings a stream can be loaded in. */
export function encodingsOf(target: Target, hasPipes: boolean): readonly Encoding[] {
  const columns = target.columns.map(({ field, type }) => ({ field, type: typeSql(type) }));
  const batch: Encoding = { format: "batch", columns, cost: 4 };
  // A refused row ends the transaction: they have to be asked first.
  if (columns.length === 0 || target.rules.length > 0) return [batch];
  const { nativeTypes } = target.plan;
  const csv =
    hasPipes && target.columns.every((column) => isExactAsText(column, nativeTypes) && hasScale(column));
  // Its threads read a file in pieces, and the later of two rows with one key would not always win.
  const isOrdered = target.plan.mode.endsWith("_dedup");
  const files =
    !isOrdered && target.columns.every((column) => isExactAsText(column, nativeTypes) && isInFiles(column));
  return [
    ...(csv ? [{ format: "csv", columns, cost: 1 } as const] : []),
    ...(files ? [{ format: "csv-file", columns, cost: 1, readsPath: true } as const] : []),
    ...(files && areTold(target)
      ? [{ format: "jsonl-file", columns, cost: 1.5, readsPath: true } as const]
      : []),
    batch,
  ];
}

/** Whether canonical text of the field, read by DuckDB, is always the value itself or an error. */
function isExactAsText({ field, type }: TargetColumn, nativeTypes: boolean): boolean {
  const wanted = typeOf(field, nativeTypes);
  const areNumbers = type.base !== "VARCHAR" && type.base !== "JSON";
  return sameType(type, wanted) || (areNumbers && holds(type, wanted));
}

/** Digits beyond a scale are rounded without a word: only where the source says there are none. */
function hasScale({ field, type }: TargetColumn): boolean {
  if (type.base !== "DECIMAL" || field.kind === "integer") return true;
  return field.scale !== undefined && field.scale <= type.scale;
}

/** In files the source keeps to the scale. Other than whoever wrote them, DuckDB rounds to a FLOAT twice, and UUIDs have many spellings. */
function isInFiles({ type }: TargetColumn): boolean {
  return type.base !== "FLOAT" && type.base !== "UUID" && type.base !== "JSON";
}

/** DuckDB's JSON reader does not tell names apart by their case. */
function areTold({ columns }: Target): boolean {
  return new Set(columns.map(({ field }) => field.name.toLowerCase())).size === columns.length;
}
