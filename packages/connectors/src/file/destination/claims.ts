import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { makeFolder } from "@weir/kit";
import { isObject, parseJson, type StreamPlan } from "@weir/protocol";
import { createExclusive, filesBelow } from "./disk.ts";
import { unusable } from "./failures.ts";
import { labelOf, namesCollide, tableFolder } from "./names.ts";
import type { Places } from "./places.ts";
import { readSchema, SCHEMA_FILE } from "./schema-file.ts";
import { foreignFiles } from "./settle.ts";

/**
 * Takes a table for a connection, or fails when it belongs to another one. It is kept for good: what the files of a table
 * hold is in the books of one connection only.
 */
export async function claimTable(
  places: Places,
  { table, key }: StreamPlan,
  connection: string,
  unique: string,
): Promise<void> {
  const folder = tableFolder(table);
  const path = join(places.claims, `${folder.toLowerCase()}.json`);
  await makeFolder(places.claims);
  const text = `${JSON.stringify({ connection, folder })}\n`;
  if (await createExclusive(path, text, unique)) return;
  const found = parseJson(await readFile(path, "utf8"));
  if (!isObject(found) || typeof found["connection"] !== "string" || typeof found["folder"] !== "string")
    throw unusable(`${path} is damaged.`, "Remove it.", key);
  if (found["connection"] !== connection) {
    throw unusable(
      `The table ${folder} in ${places.root} belongs to the connection ${found["connection"]}.`,
      `Give the stream another namespace or prefix. If that connection is gone, remove ${path} and the table's folder.`,
      key,
    );
  }
  if (found["folder"] !== folder)
    throw namesCollide(`Stream ${key} would be written to ${folder}, beside ${found["folder"]}`);
}

/** The data files of a table that readers see, as paths relative to its folder. Hidden names are nobody's business. */
export async function visibleFiles(folder: string, stream?: string): Promise<readonly string[]> {
  const files = (await filesBelow(folder)).filter((path) => !/^[._]/.test(basename(path)));
  if (files.some((path) => labelOf(basename(path)) === undefined)) throw foreignFiles(folder, stream);
  return files;
}

/** Fails when the folder of a table is something else, or holds what Weir did not write. */
export async function inspectTable(folder: string, stream: string): Promise<readonly string[]> {
  const files = await visibleFiles(folder, stream);
  if (files.length > 0 && (await readSchema(folder)) === undefined) {
    throw unusable(
      `${join(folder, SCHEMA_FILE)} is gone or damaged: it says what the table's files hold.`,
      "Put it back, or remove the table's folder and refresh the stream.",
      stream,
    );
  }
  return files;
}
