import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exists } from "../../src/file/destination/disk.ts";
import { collect } from "../../src/file/destination/parquet/copy.ts";
import { newFolder } from "./scene.ts";

test("what the system cannot tell of is not taken for gone", async () => {
  const folder = newFolder();
  mkdirSync(folder);
  writeFileSync(join(folder, "file"), "");
  symlinkSync("loop", join(folder, "loop"));
  expect(await exists(join(folder, "file"))).toBe(true);
  expect(await exists(join(folder, "none"))).toBe(false);
  expect(await exists(join(folder, "file", "below"))).toBe(false);
  await expect(exists(join(folder, "loop"))).rejects.toMatchObject({ code: "ELOOP" });
});

test.each(["an empty folder", "no folder"])("rows for which COPY left %s are not committed", async (left) => {
  const folder = newFolder();
  mkdirSync(folder);
  const load = join(folder, "load-1");
  if (left === "an empty folder") mkdirSync(load);
  const target = { plan: { key: "items" } } as unknown as Parameters<typeof collect>[2];
  const made = { meta: {}, settings: {} } as unknown as Parameters<typeof collect>[3];
  await expect(collect(load, new Map([["", ""]]), target, made)).rejects.toMatchObject({
    failure: { code: "destination.folder_unusable" },
  });
});
