import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { isObject, parseJson } from "@weir/protocol";
import { descendantsOf, said, start, survivors } from "./process.ts";
import { folderWith } from "./terminal.ts";

interface Demo {
  readonly file: string;
  readonly next: readonly string[];
  readonly steps: readonly {
    readonly status: string;
    readonly firstRowMs?: number;
    readonly streams: readonly {
      readonly stream: string;
      readonly rows: { readonly committed: number };
      readonly verified?: { readonly outcome: string };
    }[];
  }[];
}

test("the demo moves a shop, then what changed, and the commands it prints work as printed", async () => {
  const cwd = await folderWith();
  const { ended } = start(["demo", "--users", "300", "--json"], { cwd });
  const { code, stdout, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { ok, result } = parseJson(stdout) as unknown as { readonly ok: boolean; readonly result: Demo };
  expect(ok).toBe(true);
  const moved = result.steps.map(({ streams }) =>
    Object.fromEntries(streams.map(({ stream, rows }) => [stream.replace(/^public\./, ""), rows.committed])),
  );
  expect(moved).toEqual([
    { users: 300, products: 100, purchases: 300 },
    { users: 300, products: 100, purchases: 300 },
    { users: 25, products: 0, purchases: 40 },
  ]);
  const outcomes = result.steps.flatMap(({ streams }) => streams.map(({ verified }) => verified?.outcome));
  expect(new Set(outcomes)).toEqual(new Set(["equal"]));
  expect(existsSync(join(cwd, result.file))).toBe(true);

  expect(result.next).toHaveLength(3);
  for (const command of result.next) {
    const [npx, weir, ...argv] = command.split(" ");
    expect([npx, weir]).toEqual(["npx", "weir"]);
    const ran = await start(argv, { cwd }).ended;
    // Without a terminal init cannot ask, and says so.
    expect({ command, code: ran.code }).toEqual({ command, code: argv[0] === "init" ? 2 : 0 });
  }
  expect(existsSync(join(cwd, "weir-demo/samples.duckdb"))).toBe(true);
});

test("the demo can run again, over what it left, and its first row moves within a second", async () => {
  const cwd = await folderWith({ "weir-demo/mine.txt": "stays" });
  const waits: number[] = [];
  for (let run = 0; run < 2; run += 1) {
    const { code, stdout } = await start(["demo", "--users", "20", "--json"], { cwd }).ended;
    expect(code).toBe(0);
    const { result } = parseJson(stdout) as unknown as { readonly result: Demo };
    waits.push(result.steps[0]?.firstRowMs ?? Number.POSITIVE_INFINITY);
  }
  expect(readFileSync(join(cwd, "weir-demo/mine.txt"), "utf8")).toBe("stays");
  // The better of two: other tests run at the same time.
  expect(Math.min(...waits)).toBeLessThan(1000);
});

// Only Linux tells without a tool which processes there are.
describe.skipIf(process.platform !== "linux")("a demo that is stopped", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    test(`leaves no process behind after ${signal}`, async () => {
      const cwd = await folderWith();
      const { child, ended } = start(["demo", "--users", "2000000"], { cwd });
      await said(child, "users: starts");
      const below = descendantsOf(child.pid ?? 0);
      expect(below.length).toBeGreaterThan(1);
      child.kill(signal);
      const { code } = await ended;
      if (signal !== "SIGKILL") expect(code).toBe(1);
      expect(await survivors(below)).toEqual([]);
    });
  }

  test("says so in its envelope", async () => {
    const cwd = await folderWith();
    const { child, ended } = start(["demo", "--users", "2000000", "--json"], { cwd });
    while (descendantsOf(child.pid ?? 0).length < 2) await sleep(20);
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    const envelope = parseJson(stdout);
    expect(isObject(envelope) && isObject(envelope["error"]) && envelope["error"]["code"]).toBe(
      "engine.cancelled",
    );
    expect(code).toBe(1);
  });
});
