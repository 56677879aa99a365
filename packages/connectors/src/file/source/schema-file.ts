import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Field, FieldKind, JsonObject, JsonValue } from "@weir/protocol";
import { FIELD_KINDS, isObject } from "@weir/protocol";
import type { FoundFile } from "./found.ts";

/** What Weir's own destination writes beside its files. */
const SCHEMA_FILE = "_schema.json";

/** Columns of partitions lie in folders below the one with the schema. */
const MAX_LEVELS = 8;

/** The fields that schema files beside the stream's files declare; where two disagree, the first file's holds. */
export async function declaredFields(
  files: readonly FoundFile[],
  root: string,
): Promise<ReadonlyMap<string, Field>> {
  const fields = new Map<string, Field>();
  const seen = new Set<string>();
  for (const { place } of files) {
    if (place.kind !== "local") continue;
    let folder = dirname(place.path);
    for (let level = 0; level < MAX_LEVELS && !seen.has(folder); level++) {
      seen.add(folder);
      const found = await readSchema(folder);
      for (const field of found ?? []) if (!fields.has(field.name)) fields.set(field.name, field);
      if (found !== undefined || folder === root || !folder.startsWith(root)) break;
      folder = dirname(folder);
    }
  }
  return fields;
}

async function readSchema(folder: string): Promise<readonly Field[] | undefined> {
  const text = await readFile(join(folder, SCHEMA_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isObject(value) || value["weir"] !== 1 || !Array.isArray(value["columns"])) return undefined;
  return (value["columns"] as readonly JsonValue[]).filter(isObject).flatMap(fieldOf);
}

function fieldOf({ name, kind, precision, scale }: JsonObject): readonly Field[] {
  const known = FIELD_KINDS.find((each) => each === kind);
  if (typeof name !== "string" || known === undefined) return [];
  const digits = typeof precision === "number" && typeof scale === "number" ? { precision, scale } : {};
  return [{ name, kind: known satisfies FieldKind, ...digits }];
}
