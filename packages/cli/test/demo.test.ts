import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { isObject, parseJson } from "@weir/protocol";
import { said, start } from "./process.ts";
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
  expect(Math.max(...result.steps.map(({ firstRowMs }) => firstRowMs ?? 0))).toBeLessThan(1000);
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

test("the demo can run again, over what it left", async () => {
  const cwd = await folderWith({ "weir-demo/mine.txt": "stays" });
  for (let run = 0; run < 2; run += 1) {
    expect(await start(["demo", "--users", "20", "--json"], { cwd }).ended).toMatchObject({ code: 0 });
  }
  expect(readFileSync(join(cwd, "weir-demo/mine.txt"), "utf8")).toBe("stays");
});

/** Processes with this mark in the environment they were started with. */
function marked(mark: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
      } catch {
        return false;
      }
    });
}

// Only Linux tells which processes there are without a tool.
describe.skipIf(process.platform !== "linux")("the demo leaves no process behind", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    test(`after ${signal}`, async () => {
      const mark = `weir-demo-${randomUUID()}`;
      const cwd = await folderWith();
      const { child, ended } = start(["demo", "--users", "2000000"], { cwd, env: { WEIR_TEST_MARK: mark } });
      await said(child, "users: starts");
      expect(marked(mark).length).toBeGreaterThan(2);
      child.kill(signal);
      const { code } = await ended;
      if (signal !== "SIGKILL") expect(code).toBe(1);
      const deadline = performance.now() + 5000;
      while (marked(mark).length > 0 && performance.now() < deadline) await sleep(50);
      expect(marked(mark)).toEqual([]);
    });
  }
});

test("the demo's envelope says what went wrong when it is stopped", async () => {
  const cwd = await folderWith();
  const { child, ended } = start(["demo", "--users", "2000000", "--json"], { cwd });
  await sleep(1500);
  child.kill("SIGTERM");
  const { code, stdout } = await ended;
  const envelope = parseJson(stdout);
  expect(isObject(envelope) && isObject(envelope["error"]) && envelope["error"]["code"]).toBe(
    "engine.cancelled",
  );
  expect(code).toBe(1);
});
