import { symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parseConfig } from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import type { Failure } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { source } from "../../src/file/source.ts";
import { folderWith, put, read, readText, rowsOf } from "./scene.ts";

async function failureOfRead(act: () => Promise<unknown>): Promise<Failure> {
  const error = await act().then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return failureOf(error, "source");
}

const CSV = "a,b\n1,2\n3,4\n";
const ROWS = [
  { a: 1, b: 2 },
  { a: 3, b: 4 },
];

describe("files of a stream", () => {
  it("are found by patterns, oldest first, each once", async () => {
    const root = folderWith({
      "x/1.csv": "a\n1\n",
      "x/y/2.csv": "a\n2\n",
      "x/3.csv": "a\n3\n",
      "x/4.txt": "a\n4\n",
    });
    utimesSync(join(root, "x/3.csv"), 1000, 1000);
    const result = await read({ root, files: ["x/**/*.csv", "x/1.csv"], options: { place: true } });
    expect(rowsOf(result)[0]).toEqual({ a: 3, _weir_file: "x/3.csv", _weir_line: 2 });
    expect(new Set(rowsOf(result).map(({ a }) => a))).toEqual(new Set([1, 2, 3]));
    expect(rowsOf(result)).toHaveLength(3);
  });

  it("may have other columns", async () => {
    const root = folderWith({ "1.csv": "a,b\n1,x\n", "2.csv": "c,a\n2.5,7\n" });
    const result = await read({ root, files: ["*.csv"] });
    expect(rowsOf(result)).toEqual([
      { a: 1, b: "x", c: null },
      { a: 7, b: null, c: 2.5 },
    ]);
  });

  it.each([
    ["gzip", gzipSync(CSV), "a.csv.gz"],
    ["gzip, by its bytes", gzipSync(CSV), "a.csv"],
    ["gzip in two pieces", Buffer.concat([gzipSync("a,b\n1,2\n"), gzipSync("3,4\n")]), "a.csv.gz"],
    ["gzip filled up with zeros", Buffer.concat([gzipSync(CSV), Buffer.alloc(512)]), "a.csv.gz"],
    ["zstd", zstdCompressSync(CSV), "a.csv.zst"],
    [
      "zstd in two pieces",
      Buffer.concat([zstdCompressSync("a,b\n1,2\n"), zstdCompressSync("3,4\n")]),
      "a.csv.zst",
    ],
  ])("are unpacked: %s", async (_name, bytes, name) => {
    expect(rowsOf(await readText(name, bytes))).toEqual(ROWS);
  });

  const large = Buffer.from(
    `a,b\n${Array.from({ length: 200_000 }, (_, at) => `${at},${at * 7919}\n`).join("")}`,
  );
  it.each([
    ["gzip", gzipSync(large).subarray(0, -9)],
    ["gzip with bytes after it", Buffer.concat([gzipSync(CSV), Buffer.from("a,b\n5,6\n")])],
    ["zstd", zstdCompressSync(large).subarray(0, -9)],
    ["zstd with bytes after it", Buffer.concat([zstdCompressSync(CSV), Buffer.from("a,b\n5,6\n")])],
  ])("cut short or broken are refused: %s", async (_name, bytes) => {
    expect(await failureOfRead(() => readText("a.csv", bytes))).toMatchObject({
      code: "source.file_cut",
      recovery: "ask",
    });
  });

  it("are read once, and again when they change", async () => {
    const root = folderWith({ "1.csv": CSV, "2.csv": "a,b\n5,6\n" });
    const request = { root, files: ["*.csv"], mode: "incremental" } as const;
    const first = await read(request);
    expect(rowsOf(first)).toHaveLength(3);
    const second = await read({ ...request, state: first.state });
    expect([rowsOf(second), second.state]).toEqual([[], first.state]);
    put(root, "2.csv", "a,b\n5,7\n");
    put(root, "3.csv", "a,b\n8,9\n");
    const third = await read({ ...request, state: second.state });
    expect(rowsOf(third)).toEqual([
      { a: 5, b: 7 },
      { a: 8, b: 9 },
    ]);
  });

  it("of the same size and time are told apart by their first bytes", async () => {
    const root = folderWith({ "1.csv": CSV });
    utimesSync(join(root, "1.csv"), 1000, 1000);
    const request = { root, files: ["*.csv"], mode: "incremental" } as const;
    const first = await read(request);
    put(root, "1.csv", CSV.replace("4", "9"));
    utimesSync(join(root, "1.csv"), 1000, 1000);
    expect(rowsOf(await read({ ...request, state: first.state }))).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 9 },
    ]);
  });

  it("outside the root are refused, by path, pattern and link", async () => {
    const outside = folderWith({ "secret.csv": "a\n1\n" });
    const root = folderWith({ "in.csv": "a\n2\n" });
    symlinkSync(join(outside, "secret.csv"), join(root, "link.csv"));
    symlinkSync(outside, join(root, "folder"));
    for (const file of [
      "../*/secret.csv",
      join(outside, "secret.csv"),
      "link.csv",
      "*.csv",
      "folder/*.csv",
      "x/../../*.csv",
    ]) {
      expect(await failureOfRead(() => read({ root, files: [file] })), file).toMatchObject({
        code: "source.file_outside",
      });
    }
    expect(rowsOf(await read({ root, files: [join(root, "in.csv")] }))).toEqual([{ a: 2 }]);
  });

  it("that are not there are told", async () => {
    const root = folderWith();
    const config = { root, streams: [{ name: "rows", files: ["*.csv"] }] };
    const { config: whole } = parseConfig(source.spec.connectionSpecification, config, "config");
    const result = await source.check(whole, testContext());
    expect(result).toMatchObject({ status: "FAILED", failures: [{ code: "source.no_files" }] });
    const missing = parseConfig(
      source.spec.connectionSpecification,
      { ...config, root: join(root, "no") },
      "config",
    );
    expect(await source.check(missing.config, testContext())).toMatchObject({
      failures: [{ code: "source.root_missing" }],
    });
  });

  it("without any row, or without anything, are no failure", async () => {
    const root = folderWith({ "1.csv": "", "2.csv": "a,b\n", "3.csv": CSV, "4.jsonl": "" });
    expect(rowsOf(await read({ root, files: ["*.csv", "*.jsonl"] }))).toEqual(ROWS);
  });
});
