import type { Measure, MeasureRequest } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { identifier, literal } from "../quote.ts";
import { columnOf, nameOf, type SourceColumn } from "./catalog.ts";
import { queryOnce } from "./copy.ts";
import type { StreamScene } from "./scene.ts";
import { kindOfType } from "./types.ts";
import { outputText } from "./wire.ts";

/** Counted in the snapshot the attempt reads from, so that writers in between change nothing. */
export async function measure(scene: StreamScene, { key, signal }: MeasureRequest): Promise<Measure> {
  const { relation, snapshot, stream, leaves } = scene;
  const texts = key.map((name) => {
    const column = columnOf(relation, name);
    if (column === undefined) throw missing(stream, name);
    return `coalesce(${keyText(column)}, ${literal("\\N")})`;
  });
  const text = `pg_catalog.concat_ws(E'\\x1f', ${texts.join(", ")})`;
  // The checksum is that of UTF-8; md5 takes text as the database encodes it.
  const bytes = snapshot.encoding === "UTF8" ? text : `pg_catalog.convert_to(${text}, 'UTF8')`;
  const digest = `pg_catalog.md5(${bytes})`;
  const sum = `coalesce(pg_catalog.sum(('x' || pg_catalog.substr(${digest}, 1, 15))::pg_catalog.bit(60)::pg_catalog.int8), 0)`;
  const sql = `SELECT pg_catalog.count(*) AS rows${key.length === 0 ? "" : `, ${sum} AS checksum`} FROM ${nameOf(relation)}`;
  const [row] = await queryOnce<{ rows: string; checksum: string }>(snapshot, sql, {
    stream,
    leaves: leaves.list,
    signal,
  });
  return { rows: Number(row?.rows), ...(key.length === 0 ? {} : { checksum: row?.checksum ?? "0" }) };
}

/** The text the destination has for the same value once it is loaded. */
function keyText({ name, type }: SourceColumn): string {
  const column = identifier(name);
  switch (kindOfType(type)) {
    case "string":
      return outputText(column, type);
    case "number":
      return `${column}::pg_catalog.text::pg_catalog.numeric::pg_catalog.text`;
    case "array":
      return `pg_catalog.to_jsonb(${column})::pg_catalog.text`;
    case "unknown":
      return `${column}::pg_catalog.jsonb::pg_catalog.text`;
    default:
      return `${column}::pg_catalog.text`;
  }
}

function missing(stream: string, name: string): WeirError {
  return new WeirError({
    code: "source.schema_changed",
    message: `The key column ${name} is not in the table.`,
    next: "Refresh the connection's catalog.",
    recovery: "retry",
    origin: "source",
    stream,
    path: `${stream}.${name}`,
  });
}
