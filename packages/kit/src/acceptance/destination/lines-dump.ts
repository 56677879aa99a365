import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isObject, parseJson } from "@weir/protocol";
import type { StreamDescriptor } from "@weir/protocol";
import { dumped } from "./sql-dump.ts";
import type { DumpedRow } from "./subject.ts";

/** `shop.orders`: a stream's name where names become paths, all but letters, digits, `_` and `-` as `%` and hex. */
export function encodedName({ name, namespace }: StreamDescriptor): string {
  return [...(namespace === undefined ? [] : [namespace]), name]
    .map((part) =>
      encodeURIComponent(part).replaceAll(
        /[.!~*'()]/g,
        (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join(".");
}

/** The dumper of JSON lines: a stream is the file `<name>.jsonl`, or all such files below the folder `<name>`. */
export function linesDump(
  folder: string,
): (stream: StreamDescriptor) => Promise<readonly DumpedRow[] | undefined> {
  return async (stream) => {
    const files = await filesOf(join(folder, encodedName(stream)), ".jsonl");
    return files === undefined ? undefined : (await Promise.all(files.map(rowsOf))).flat();
  };
}

/** The file of a table, or the files below its folder; undefined where there is neither. */
export async function filesOf(table: string, ending: string): Promise<readonly string[] | undefined> {
  const alone = await readFile(`${table}${ending}`).catch(() => undefined);
  if (alone !== undefined) return [`${table}${ending}`];
  const found = await readdir(table, { recursive: true }).catch(() => undefined);
  return found?.filter((name) => name.endsWith(ending)).map((name) => join(table, name));
}

async function rowsOf(path: string): Promise<readonly DumpedRow[]> {
  const text = await readFile(path, "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const row = parseJson(line);
      if (!isObject(row)) throw new TypeError("A line is no object.");
      return dumped(row);
    });
}
