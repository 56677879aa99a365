import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testContext, writeDestination, type WriteOptions } from "@weir/kit/testing";
import type { JsonObject, StreamPlan } from "@weir/protocol";
import { parseJson } from "@weir/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { destination } from "../src/jsonl/destination.ts";

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "jsonl-"));
  folder = join(root, "out");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const items = {
  table: { name: "items" },
  fields: [
    { name: "id", kind: "integer" },
    { name: "note", kind: "string" },
  ],
} as const;

function write(
  rows: readonly JsonObject[],
  parts: Partial<Omit<WriteOptions, "stream">> & { readonly stream?: Partial<StreamPlan> } = {},
) {
  return writeDestination(destination, {
    config: { folder },
    rows,
    ...parts,
    stream: { ...items, ...parts.stream },
  });
}

function lines(file = "items.jsonl"): readonly JsonObject[] {
  const text = readFileSync(join(folder, file), "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => parseJson(line) as JsonObject);
}

const ids = (file?: string) => lines(file).map(({ id }) => id);
const overwrite = (generation: number, fresh = true) => ({
  stream: { mode: "overwrite", generation, minimumGeneration: generation, fresh } as const,
  token: { sync: generation, attempt: 1 },
});

describe("append", () => {
  test("one line for each row: meta, then data, numbers exact and text as it is", async () => {
    const note = 'line\nbreak \u2028 "é😀"';
    const { result } = await write([{ id: 9_007_199_254_740_993n, note }, { id: "x" }]);
    expect(result).toMatchObject({ received: 2, written: 2, rejected: 0, changed: 1 });
    expect(lines()).toEqual([
      {
        _airbyte_raw_id: expect.stringMatching(/00000000$/) as string,
        _airbyte_extracted_at: "2020-01-01T00:00:00.000Z",
        _airbyte_meta: { sync_id: 1, changes: [] },
        _airbyte_generation_id: 1,
        id: 9_007_199_254_740_993n,
        note,
      },
      expect.objectContaining({
        id: null,
        note: null,
        _airbyte_meta: {
          sync_id: 1,
          changes: [{ field: "id", change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" }],
        },
      }),
    ]);
  });

  test("a later sync adds rows and finds the checkpoint of the one before", async () => {
    await write([{ id: 1 }], { document: { at: 1 } });
    const { held } = await write([{ id: 2 }], { token: { sync: 2, attempt: 1 } });
    expect(ids()).toEqual([1, 2]);
    expect(held).toEqual({
      token: { sync: 1, attempt: 1 },
      checkpoints: [{ stream: "items", document: { at: 1, finished: true } }],
    });
  });

  test("what was not committed is cut off before more is written", async () => {
    await write([{ id: 1 }], { until: "commit" });
    appendFileSync(join(folder, "items.jsonl"), '{"half of a li');
    await write([{ id: 2 }], { token: { sync: 1, attempt: 2 }, stream: { fresh: false } });
    expect(ids()).toEqual([1, 2]);
  });

  test("a rollback leaves no row and no checkpoint", async () => {
    await write([{ id: 1 }], { until: "load", document: { at: 1 } });
    expect(existsSync(join(folder, "items.jsonl"))).toBe(false);
    const { held } = await write([]);
    expect(held.checkpoints).toEqual([]);
  });
});

describe("overwrite", () => {
  test("takes the place of the file when it is complete, not before", async () => {
    await write([{ id: 1 }, { id: 2 }], overwrite(1));
    expect(ids()).toEqual([1, 2]);
    await write([{ id: 3 }], { ...overwrite(2), until: "commit" });
    expect(ids()).toEqual([1, 2]);
    await write([{ id: 4 }], { ...overwrite(2, false), token: { sync: 2, attempt: 2 } });
    expect(ids()).toEqual([3, 4]);
    expect(readdirSync(folder).toSorted()).toEqual([".weir", "items.jsonl"]);
  });

  test("a fresh load drops what an unfinished one left", async () => {
    await write([{ id: 1 }], { ...overwrite(1), until: "commit" });
    await write([{ id: 2 }], overwrite(2));
    expect(ids()).toEqual([2]);
  });

  test("no rows make an empty file, and rows may follow", async () => {
    await write([{ id: 1 }], overwrite(1));
    await write([], overwrite(2));
    expect(ids()).toEqual([]);
    await write([{ id: 3 }], { token: { sync: 3, attempt: 1 } });
    expect(ids()).toEqual([3]);
  });

  test("a crash between the manifest and the move is mended at the next start", async () => {
    await write([{ id: 1 }], overwrite(1));
    await write([{ id: 2 }], overwrite(2));
    const manifest = join(folder, ".weir", "manifest.json");
    const after = JSON.parse(readFileSync(manifest, "utf8")) as JsonObject;
    const complete = readFileSync(join(folder, "items.jsonl"));
    writeFileSync(join(folder, "items.jsonl.next"), complete);
    writeFileSync(join(folder, "items.jsonl"), '{"id":1}\n');
    writeFileSync(manifest, JSON.stringify({ ...after, replacing: ["items.jsonl"] }));
    await write([{ id: 3 }], { token: { sync: 3, attempt: 1 } });
    expect(ids()).toEqual([2, 3]);
  });
});

describe("what is refused", () => {
  const refused = (message: RegExp) => ({
    failure: {
      code: "destination.folder_unusable",
      recovery: "ask",
      message: expect.stringMatching(message) as string,
    },
  });

  test("a folder of another connection", async () => {
    await write([{ id: 1 }]);
    await expect(write([{ id: 2 }], { connection: "other" })).rejects.toMatchObject(
      refused(/files of connection test/),
    );
    expect(ids()).toEqual([1]);
  });

  test.each(["append", "overwrite"] as const)("a file that is not ours, in mode %s", async (mode) => {
    mkdirSync(folder);
    writeFileSync(join(folder, "items.jsonl"), "mine\n");
    await expect(write([{ id: 1 }], { stream: { mode } })).rejects.toMatchObject(
      refused(/not written by this/),
    );
    expect(readFileSync(join(folder, "items.jsonl"), "utf8")).toBe("mine\n");
  });

  test("a file that lost rows already delivered", async () => {
    await write([{ id: 1 }]);
    truncateSync(join(folder, "items.jsonl"), 3);
    await expect(write([{ id: 2 }], { token: { sync: 2, attempt: 1 } })).rejects.toMatchObject(
      refused(/shorter/),
    );
  });

  test("a broken manifest", async () => {
    mkdirSync(join(folder, ".weir"), { recursive: true });
    writeFileSync(join(folder, ".weir", "manifest.json"), "{}");
    await expect(write([])).rejects.toMatchObject(refused(/not a manifest/));
  });

  test("dedup, which files cannot", async () => {
    await expect(write([], { stream: { mode: "append_dedup" } })).rejects.toMatchObject({
      failure: { code: "destination.mode_unsupported" },
    });
  });

  test("an older attempt", async () => {
    await write([{ id: 1 }], { token: { sync: 2, attempt: 2 } });
    await expect(write([{ id: 2 }], { token: { sync: 2, attempt: 1 } })).rejects.toMatchObject({
      failure: { code: "destination.fenced" },
    });
    expect(ids()).toEqual([1]);
  });
});

test.each([
  ["a namespace", { namespace: "shop", name: "orders" }, "shop.orders.jsonl"],
  ["slashes and dots", { name: "../../etc/passwd." }, "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd%2E.jsonl"],
  ["emoji", { name: "a😀" }, "a%F0%9F%98%80.jsonl"],
  ["200 characters", { name: "é".repeat(200) }, expect.stringMatching(/^(%C3%A9)+.*-[0-9a-f]{16}\.jsonl$/)],
])("a file name for %s", async (_what, table, name) => {
  await write([{ id: 1 }], { stream: { table } });
  const [file] = readdirSync(folder).filter((entry) => entry.endsWith(".jsonl"));
  expect(file).toEqual(name);
  expect(ids(file)).toEqual([1]);
});

describe("check", () => {
  const check = (path: string) => destination.check({ folder: path }, testContext());

  test("passes for a folder that is there or can be made, and makes nothing", async () => {
    expect(await check(join(root, "a", "b"))).toMatchObject({ status: "SUCCEEDED" });
    expect(existsSync(join(root, "a"))).toBe(false);
    expect(await check(root)).toMatchObject({ status: "SUCCEEDED" });
  });

  test("fails where a file is in the way", async () => {
    writeFileSync(folder, "");
    for (const path of [folder, join(folder, "below")]) {
      expect(await check(path)).toMatchObject({
        status: "FAILED",
        failures: [{ code: "destination.folder_unusable", path: "folder" }],
      });
    }
  });
});
