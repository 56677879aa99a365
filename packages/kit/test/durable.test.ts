import { mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder, replaceFile, writeNew } from "@weir/kit";
import { expect, test } from "vitest";

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "weir-durable-"));
}

test("a file takes the place of another, with its own rights, and leaves nothing beside it", async () => {
  const root = await folder();
  const path = join(root, "a.json");
  await writeFile(path, "old", { mode: 0o644 });
  await replaceFile(path, "new", { draft: `${path}.tmp`, mode: 0o600 });
  expect(await readFile(path, "utf8")).toBe("new");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(root)).toEqual(["a.json"]);
});

test("what lies under the name of the draft is never written through", async () => {
  const root = await folder();
  const path = join(root, "a.json");
  await writeFile(join(root, "elsewhere"), "untouched");
  await symlink(join(root, "elsewhere"), `${path}.tmp`);
  await replaceFile(path, "new", { draft: `${path}.tmp` });
  expect(await readFile(join(root, "elsewhere"), "utf8")).toBe("untouched");
  expect(await readFile(path, "utf8")).toBe("new");
});

test("a file that cannot be replaced stays, without a draft beside it", async () => {
  const root = await folder();
  await makeFolder(join(root, "a.json", "inside"));
  const path = join(root, "a.json");
  await expect(replaceFile(path, "new", { draft: `${path}.tmp` })).rejects.toThrow("EISDIR");
  expect(await readdir(root)).toEqual(["a.json"]);
});

test("a new file is not written over one that is there", async () => {
  const path = join(await folder(), "a.json");
  await writeNew(path, "first");
  await expect(writeNew(path, "second")).rejects.toThrow("EEXIST");
  expect(await readFile(path, "utf8")).toBe("first");
});

test("folders are made with all above them, and again without complaint", async () => {
  const root = await folder();
  for (let time = 0; time < 2; time++) await makeFolder(join(root, "a", "b", "c"));
  expect((await stat(join(root, "a", "b", "c"))).isDirectory()).toBe(true);
});
