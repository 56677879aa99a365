import type { Field, Stream } from "@weir/protocol";
import { schemaOf } from "@weir/protocol";
import { FILE_COLUMN, LINE_COLUMN, SYNC_COLUMNS } from "./rows.ts";
import { sampleStream } from "./sample.ts";
import { declaredFields } from "./schema-file.ts";
import type { StreamScene } from "./scene.ts";

/** Key under which a stream keeps the names of all its columns, those that are not moved too. */
export const COLUMNS = "x-weir-columns";

/** A stream of the catalog. A column without any value in the sample is a string, which takes whatever comes. */
export async function streamOf(scene: StreamScene, signal: AbortSignal): Promise<Stream> {
  const { name, types, place } = scene.stream;
  const columns = await sampleStream(scene, signal);
  const declared = await declaredFields(scene.files, scene.root);
  const own: readonly Field[] = place
    ? [
        { name: FILE_COLUMN, kind: "string" },
        { name: LINE_COLUMN, kind: "integer" },
      ]
    : [];
  const reserved = new Set([...SYNC_COLUMNS, ...own.map((field) => field.name)]);
  // A schema file knows the columns that no row of the sample has.
  for (const [column, field] of declared) if (!columns.has(column)) columns.set(column, field);
  const fields = [...columns].flatMap(([column, field]): readonly Field[] => {
    if (reserved.has(column)) return [];
    // Every object has a `constructor`.
    const given = Object.hasOwn(types, column) ? types[column] : undefined;
    if (given !== undefined) return [{ name: column, kind: given }];
    return [declared.get(column) ?? field ?? { name: column, kind: "string" }];
  });
  return {
    name,
    json_schema: schemaOf([...fields, ...own]),
    supported_sync_modes: ["full_refresh", "incremental"],
    source_defined_cursor: true,
    is_resumable: true,
    [COLUMNS]: fields.map((field) => field.name),
  };
}
