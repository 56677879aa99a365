import type { Encoding } from "@weir/protocol";
import type { Target, TargetColumn } from "./target.ts";
import { sameType, typeOf, typeSql } from "./types.ts";
import { holds } from "./widen.ts";

/** The encodings a stream can be loaded in. */
export function encodingsOf(target: Target, hasPipes: boolean): readonly Encoding[] {
  const columns = target.columns.map(({ field, type }) => ({ field, type: typeSql(type) }));
  const batch: Encoding = { format: "batch", columns, cost: 4 };
  const fits =
    hasPipes &&
    columns.length > 0 &&
    // A refused row ends the transaction: they have to be asked first.
    target.rules.length === 0 &&
    target.columns.every((column) => isExactAsText(column, target.plan.nativeTypes));
  return fits ? [{ format: "csv", columns, cost: 1 }, batch] : [batch];
}

/** Whether canonical text of the field, read by DuckDB, is always the value itself or an error. */
function isExactAsText({ field, type }: TargetColumn, nativeTypes: boolean): boolean {
  const wanted = typeOf(field, nativeTypes);
  const areNumbers = type.base !== "VARCHAR" && type.base !== "JSON";
  if (!sameType(type, wanted) && !(areNumbers && holds(type, wanted))) return false;
  // Digits beyond a scale are rounded without a word: only where the source says there are none.
  if (type.base !== "DECIMAL" || field.kind === "integer") return true;
  return field.scale !== undefined && field.scale <= type.scale;
}
