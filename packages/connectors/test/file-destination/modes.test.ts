import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FORMATS, ids, newFolder, overwrite, rows, visible, write } from "./scene.ts";

describe.each(FORMATS)("%s", (format) => {
  test("rows, Weir's columns first, and what does not fit", async () => {
    const folder = newFolder();
    const note = 'line\nbreak, "é😀"';
    const { result } = await write(folder, format, [
      { id: 1, note },
      { id: "x", note: "" },
      { id: 3, note: null },
    ]);
    expect(result).toMatchObject({ received: 3, written: 3, rejected: 0, changed: 1 });
    const found = await rows(folder, format);
    expect(Object.keys(found[0] ?? {})).toEqual([
      "_airbyte_raw_id",
      "_airbyte_extracted_at",
      "_airbyte_meta",
      "_airbyte_generation_id",
      "id",
      "note",
    ]);
    expect(found.map((row) => row["note"])).toEqual([note, null, ""]);
    expect(found.map((row) => row["id"] === null)).toEqual([false, false, true]);
    expect(JSON.stringify(found[2]?.["_airbyte_meta"])).toContain("DESTINATION_SERIALIZATION_ERROR");
    expect(found.map((row) => String(row["_airbyte_raw_id"]).slice(-8))).toEqual([
      "00000000",
      "00000002",
      "00000001",
    ]);
  });

  test("a later sync adds rows and finds the checkpoint of the one before", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }], { document: { at: 1 } });
    const { held } = await write(folder, format, [{ id: 2 }], { token: { sync: 2, attempt: 1 } });
    expect(await ids(folder, format)).toEqual([1, 2]);
    expect(held).toEqual({
      token: { sync: 1, attempt: 1 },
      checkpoints: [{ stream: "items", document: { at: 1, finished: true } }],
    });
  });

  test("a rollback leaves nothing", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }], { until: "load", document: { at: 1 } });
    expect(visible(folder)).toEqual([]);
    const { held } = await write(folder, format, []);
    expect(held.checkpoints).toEqual([]);
    expect(visible(folder)).toEqual([]);
  });

  test("an overwrite takes the place of the table when it is complete, not before", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }, { id: 2 }], overwrite(1));
    expect(await ids(folder, format)).toEqual([1, 2]);
    await write(folder, format, [{ id: 3 }], { ...overwrite(2), until: "commit" });
    expect(await ids(folder, format)).toEqual([1, 2]);
    await write(folder, format, [{ id: 4 }], { ...overwrite(2, false), token: { sync: 2, attempt: 2 } });
    expect(await ids(folder, format)).toEqual([3, 4]);
  });

  test("an overwrite that begins anew forgets what waited", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }], { ...overwrite(1), until: "commit" });
    await write(folder, format, [{ id: 2 }], overwrite(2));
    expect(await ids(folder, format)).toEqual([2]);
  });

  test("an overwrite without rows leaves an empty table", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }], overwrite(1));
    await write(folder, format, [], overwrite(2));
    expect(visible(folder)).toEqual([]);
    expect(existsSync(join(folder, "items", "_schema.json"))).toBe(true);
  });

  test("a load that keeps earlier generations adds to them", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }], overwrite(1));
    await write(folder, format, [{ id: 2 }], {
      stream: { mode: "overwrite", generation: 2, minimumGeneration: 0 },
      token: { sync: 2, attempt: 1 },
    });
    expect(await ids(folder, format)).toEqual([1, 2]);
  });

  test("a new column: older files stay as they are, the schema holds both", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1, note: "a" }]);
    await write(folder, format, [{ id: 2, note: "b", more: 1.5 }], {
      token: { sync: 2, attempt: 1 },
      stream: {
        fields: [
          { name: "id", kind: "integer" },
          { name: "note", kind: "string" },
          { name: "more", kind: "number" },
        ],
      },
    });
    const schema = JSON.parse(readFileSync(join(folder, "items", "_schema.json"), "utf8")) as {
      columns: { name: string; kind: string }[];
    };
    expect(schema.columns.slice(4).map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "id integer",
      "note string",
      "more number",
    ]);
    expect(visible(folder)).toHaveLength(2);
  });

  test("files of others in a table's folder are refused, not read as rows and not removed", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }]);
    const other = join(folder, "items", `other.${format}`);
    writeFileSync(other, "");
    await expect(
      write(folder, format, [{ id: 2 }], { token: { sync: 2, attempt: 1 } }),
    ).rejects.toMatchObject({
      failure: { code: "destination.folder_unusable", recovery: "ask", stream: "items" },
    });
    rmSync(other);
    await write(folder, format, [{ id: 2 }], { token: { sync: 3, attempt: 1 } });
    expect(await ids(folder, format)).toEqual([1, 2]);
  });
});

test("what others lay beside the data under hidden names stays", async () => {
  const folder = newFolder();
  mkdirSync(join(folder, "items"), { recursive: true });
  const mark = join(folder, "items", "_SUCCESS");
  writeFileSync(mark, "");
  await write(folder, "jsonl", [{ id: 1 }]);
  expect(existsSync(mark)).toBe(true);
});

test("a table belongs to one connection, a folder to many", async () => {
  const folder = newFolder();
  await write(folder, "jsonl", [{ id: 1 }], { connection: "a" });
  await expect(write(folder, "jsonl", [{ id: 2 }], { connection: "b" })).rejects.toMatchObject({
    failure: { code: "destination.folder_unusable", recovery: "ask" },
  });
  await write(folder, "jsonl", [{ id: 3 }], { connection: "b", stream: { table: { name: "others" } } });
  expect(visible(folder).map((path) => dirname(path))).toEqual(["items", "others"]);
});

test("one table has one format", async () => {
  const folder = newFolder();
  await write(folder, "jsonl", [{ id: 1 }]);
  await expect(write(folder, "csv", [{ id: 2 }], { token: { sync: 2, attempt: 1 } })).rejects.toMatchObject({
    failure: { code: "destination.folder_unusable" },
  });
  await write(folder, "csv", [{ id: 3 }], overwrite(3));
  expect(await ids(folder, "csv")).toEqual([3]);
});
