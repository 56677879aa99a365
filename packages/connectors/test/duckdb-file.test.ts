import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { testContext } from "@weir/kit/testing";
import type { CheckResult, JsonObject } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { destination } from "../src/duckdb/destination.ts";
import {
  batches,
  begin,
  finish,
  loadPart,
  loadRows,
  newPath,
  openSession,
  planOf,
  query,
  syncRows,
} from "./duckdb-scene.ts";

async function failureOf(promise: Promise<unknown>): Promise<WeirError["failure"]> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof WeirError) return error.failure;
  throw new Error(`no WeirError: ${String(error)}`);
}

function check(path: string, parts: JsonObject = {}): Promise<CheckResult> {
  const config = { path, schema: "main", memory_limit: "256MB", threads: 0, ...parts };
  return destination.check(config, testContext());
}

/** Another process that has the file open, until it is killed. */
async function holder(path: string): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const script = `const { DuckDBInstance } = await import("@duckdb/node-api");
    await DuckDBInstance.create(${JSON.stringify(path)});
    console.log("open");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

describe("the file", () => {
  test("is made with its directory, and closed without anything beside it", async () => {
    const path = join(dirname(newPath()), "new", "deeper", "file.duckdb");
    const session = await openSession(path);
    await syncRows(session, planOf({ mode: "overwrite", minimumGeneration: 1 }), [{ id: 1 }]);
    await session.close();
    expect(readdirSync(dirname(path))).toEqual(["file.duckdb"]);
  });

  test("that another process has open is said to be, by whom, and worth another try", async () => {
    const path = newPath();
    await query(path, "SELECT 1");
    const other = await holder(path);
    const failure = await failureOf(openSession(path));
    expect(failure).toMatchObject({ code: "destination.locked", recovery: "retry" });
    expect(failure.message).toContain(`node, process ${other.pid}`);
    expect((await check(path)).failures).toMatchObject([{ code: "destination.locked" }]);
    await other.kill();
    expect(await (await openSession(path)).held()).toEqual({ token: null, checkpoints: [] });
  });

  test("is one for all sessions of the process, however it is named, and closed by the last", async () => {
    const path = newPath();
    const alias = join(dirname(newPath()), "alias");
    symlinkSync(dirname(path), alias);
    const first = await openSession(path);
    const second = await openSession(join(alias, path.slice(dirname(path).length + 1)), {
      connection: "other",
    });
    const third = await openSession(join(dirname(path), ".", path.slice(dirname(path).length + 1)), {
      connection: "third",
      config: { memory_limit: "300MB", threads: 3 },
    });
    await syncRows(first, planOf(), [{ id: 1 }]);
    await syncRows(second, planOf({ table: { name: "others" } }), [{ id: 2 }]);
    await syncRows(third, planOf({ table: { name: "more" } }), [{ id: 3 }]);
    await first.close();
    await third.close();
    await loadRows(second, planOf({ table: { name: "others" } }), [{ id: 4 }]);
    // Closing and opening again at the same time.
    const [, again] = await Promise.all([second.close(), openSession(path)]);
    expect(await again.held()).toMatchObject({ token: { sync: 1, attempt: 1 } });
    expect(
      await query(path, "SELECT (SELECT count(*) FROM orders) AS a, (SELECT count(*) FROM others) AS b"),
    ).toEqual([{ a: "1", b: "2" }]);
  });

  test("of zero bytes, as a killed process may leave it, is made anew", async () => {
    const path = newPath();
    writeFileSync(path, "");
    const session = await openSession(path);
    expect(await session.held()).toEqual({ token: null, checkpoints: [] });
  });

  test("that is no database, or damaged, or of a later DuckDB, is refused with what to do", async () => {
    const text = newPath();
    writeFileSync(text, "this is no database\n".repeat(1000));
    expect(await failureOf(openSession(text))).toMatchObject({
      code: "destination.not_duckdb",
      recovery: "ask",
    });
    expect(readFileSync(text, "utf8")).toContain("this is no database");

    const damaged = newPath();
    await query(damaged, "CREATE TABLE t AS FROM range(10)");
    const content = readFileSync(damaged);
    content.writeUInt8(content.readUInt8(4100) ^ 0xff, 4100);
    content.writeUInt8(content.readUInt8(8200) ^ 0xff, 8200);
    writeFileSync(damaged, content);
    expect(await failureOf(openSession(damaged))).toMatchObject({
      code: "destination.corrupt_file",
      recovery: "ask",
    });
  });

  test("of a DuckDB whose files this one cannot read is refused", async () => {
    const path = newPath();
    await query(path, "SELECT 1");
    const content = readFileSync(path);
    // The version follows the mark DUCK; DuckDB's checksum of the header stands before it.
    content.writeBigUInt64LE(120n, 12);
    let sum = 5381n;
    for (let at = 8; at < 4096; at += 8) {
      sum ^= BigInt.asUintN(64, content.readBigUInt64LE(at) * 0xbf58476d1ce4e5b9n);
    }
    content.writeBigUInt64LE(sum, 0);
    writeFileSync(path, content);
    expect(await failureOf(openSession(path))).toMatchObject({
      code: "destination.newer_file",
      recovery: "ask",
    });
  });

  test("that cannot be made is refused: a directory, a path through a file, a file system that takes none", async () => {
    const path = newPath();
    mkdirSync(path);
    expect(await failureOf(openSession(path))).toMatchObject({
      code: "destination.path_unusable",
      recovery: "ask",
    });
    const file = newPath();
    writeFileSync(file, "");
    expect(await failureOf(openSession(join(file, "x.duckdb")))).toMatchObject({
      code: "destination.path_unusable",
      recovery: "ask",
    });
    expect((await check(join(file, "x.duckdb"))).failures).toMatchObject([
      { code: "destination.path_unusable" },
    ]);
  });

  test.skipIf(process.platform !== "linux")(
    "in a directory that may not be written is refused (by /proc, which refuses root too)",
    async () => {
      const { status, failures } = await check("/proc/self/x.duckdb");
      expect({ status, failures }).toMatchObject({
        status: "FAILED",
        failures: [{ recovery: "ask", origin: "destination" }],
      });
      expect(await failureOf(openSession("/sys/weir.duckdb"))).toMatchObject({
        code: "destination.not_writable",
        recovery: "ask",
      });
    },
  );

  test("in memory is refused", async () => {
    expect(await check(":memory:")).toMatchObject({
      status: "FAILED",
      failures: [{ code: "config.invalid" }],
    });
  });

  test("check makes nothing and leaves what is there", async () => {
    const path = join(dirname(newPath()), "not-yet", "x.duckdb");
    expect(await check(path)).toEqual({ status: "SUCCEEDED", failures: [] });
    expect(existsSync(dirname(path))).toBe(false);
    const there = newPath();
    await syncRows(await openSession(there), planOf(), [{ id: 1 }]);
    await query(there, "SELECT 1");
    expect(await check(there)).toEqual({ status: "SUCCEEDED", failures: [] });
    expect(await query(there, "SELECT count(*) AS n FROM orders")).toEqual([{ n: "1" }]);
  });

  test("spilled blocks of a killed process are swept", async () => {
    const path = newPath();
    mkdirSync(`${path}.tmp`);
    writeFileSync(join(`${path}.tmp`, "duckdb_temp_block-7.block"), "left");
    const session = await openSession(path);
    await session.close();
    expect(existsSync(`${path}.tmp`)).toBe(false);
  });

  test("a limit that is too small is named, and nothing of the load is kept", async () => {
    const path = newPath();
    const session = await openSession(path, { config: { memory_limit: "24MB", threads: 2 } });
    const plan = planOf({ fields: [{ name: "v", kind: "string" }] });
    await begin(session, plan);
    const read = batches({
      rows: 1,
      columns: [{ form: "text", values: ["x".repeat(40_000_000)] }],
      bytes: 40_000_000,
    });
    expect(await failureOf(loadPart(session, { plan, read }))).toMatchObject({
      code: "destination.out_of_memory",
      recovery: "ask",
    });
    expect(await query(path, "SELECT count(*) AS n FROM orders")).toEqual([{ n: "0" }]);
  });
});

/** Mounting a small file system takes rights that a container may lack. */
function smallDisk(path: string): boolean {
  mkdirSync(path);
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "weir-test", path]).status === 0;
}

describe("a full disk", () => {
  const disk = `${newPath("disk")}.mount`;
  const mounted = process.platform === "linux" && smallDisk(disk);

  test.skipIf(!mounted)(
    "ends a load with a clear error, and what was committed stays (needs the right to mount)",
    async () => {
      const path = join(disk, "small.duckdb");
      try {
        const session = await openSession(path);
        const plan = planOf({
          fields: [
            { name: "id", kind: "integer" },
            { name: "v", kind: "string" },
          ],
        });
        await begin(session, plan);
        await loadRows(session, plan, [{ id: 1, v: "kept" }]);
        let seed = 1;
        const noise = (): string => {
          let text = "";
          while (text.length < 100) text += (seed = (seed * 48_271) % 2_147_483_647).toString(36);
          return text;
        };
        const rows = 130_000;
        const read = batches({
          rows,
          columns: [
            { form: "int64", values: BigInt64Array.from({ length: rows }, (_, row) => BigInt(row)) },
            { form: "text", values: Array.from({ length: rows }, noise) },
          ],
          bytes: rows * 110,
        });
        expect(await failureOf(loadPart(session, { plan, read }))).toMatchObject({
          code: "destination.disk_full",
          recovery: "ask",
        });
        await session.close();
        const again = await openSession(path);
        expect(await again.held()).toMatchObject({ checkpoints: [{ document: { rows: 1 } }] });
        await finish(again, await beginAgain(again, plan));
        expect(await query(path, "SELECT v FROM orders")).toEqual([{ v: "kept" }]);
      } finally {
        spawnSync("umount", [disk]);
      }
    },
  );
});

async function beginAgain(session: Awaited<ReturnType<typeof openSession>>, plan: ReturnType<typeof planOf>) {
  await begin(session, plan, { sync: 1, attempt: 2 });
  return plan;
}
