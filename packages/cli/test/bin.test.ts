import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { bin, descendantsOf, olderNode, said, start, survivors } from "./process.ts";
import { folderWith } from "./terminal.ts";

/** Runs until it is stopped: more rows than anyone waits for. */
const ENDLESS = (
  "sync --source faker --source-config count=2000000000 --streams users " +
  "--destination dev-null --mode full_refresh_append"
).split(" ");

const older = olderNode();
const nodes = [
  { what: "this Node", node: process.execPath, skip: false },
  { what: "an older Node on the PATH", node: older ?? "", skip: older === undefined },
];

for (const { what, node, skip } of nodes) {
  // Skipped where no Node 20 to 23 is on the PATH.
  describe.skipIf(skip)(`bin/weir.js on ${what}`, () => {
    test("answers and passes the exit code on", async () => {
      const cwd = await folderWith();
      expect(await start(["--version"], { cwd, node }).ended).toMatchObject({
        code: 0,
        stdout: `${manifest.version}\n`,
        stderr: "",
      });
      const wrong = await start(["synk"], { cwd, node }).ended;
      expect(wrong).toMatchObject({ code: 2, stdout: "" });
      expect(wrong.stderr).toContain("Did you mean sync?");
      const failed = await start(["check", "--source", "postgres://weir@127.0.0.1:1/x"], { cwd, node }).ended;
      expect(failed.code).toBe(1);
    });

    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      test(`${signal} stops a sync gracefully, within seconds, with code 1`, async () => {
        const { child, ended } = start(ENDLESS, { cwd: await folderWith(), node });
        await said(child, "users: starts");
        const from = performance.now();
        child.kill(signal);
        const { code, stdout, stderr } = await ended;
        expect(performance.now() - from).toBeLessThan(3000);
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: expect.not.stringContaining("    at ") as string,
        });
        expect(stdout).toContain("cancelled");
      });
    }

    test("nothing stays when it is killed", async () => {
      const { child, ended } = start(ENDLESS, { cwd: await folderWith(), node });
      await said(child, "users: starts");
      const below = descendantsOf(child.pid ?? 0);
      child.kill("SIGKILL");
      await ended;
      expect(await survivors(below)).toEqual([]);
    });
  });
}

test("a second signal kills a sync that is stopping", async () => {
  const { child, ended } = start(["demo", "--users", "200000"], { cwd: await folderWith() });
  await said(child, "Starting a private PostgreSQL");
  child.kill("SIGTERM");
  await sleep(150);
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: null, signal: "SIGTERM" });
});

test("listing connectors takes less than 300 ms, process start included", async () => {
  const cwd = await folderWith();
  // On a machine with too much to do everything takes longer, a Node that does nothing as well.
  const bare = await fastest(() => {
    const from = performance.now();
    spawnSync(process.execPath, ["--eval", "0"]);
    return performance.now() - from;
  });
  for (const argv of [["--version"], ["connector", "list"]]) {
    const time = await fastest(async () => {
      const from = performance.now();
      expect((await start(argv, { cwd }).ended).code).toBe(0);
      return performance.now() - from;
    });
    expect(time).toBeLessThan(Math.max(300, 5 * bare));
  }
});

test("a read whose reader has gone is not called done", async () => {
  const cwd = await folderWith({ "config.json": "{}", "catalog.json": "" });
  const discovered = spawnSync(
    process.execPath,
    [bin, "connector", "source-faker", "discover", "--config", "config.json"],
    {
      cwd,
      encoding: "utf8",
    },
  );
  const lines = discovered.stdout.split("\n").filter((line) => line.includes('"CATALOG"'));
  const { streams } = (JSON.parse(lines[0] ?? "") as { catalog: { streams: readonly object[] } }).catalog;
  const configured = streams.map((stream) => ({
    stream,
    sync_mode: "full_refresh",
    destination_sync_mode: "append",
  }));
  writeFileSync(join(cwd, "catalog.json"), JSON.stringify({ streams: configured }));
  const script = `"$0" "$1" connector source-faker read --config config.json --catalog catalog.json | head -1 >&2; echo "\${PIPESTATUS[0]}"`;
  const { stdout } = spawnSync("bash", ["-c", script, process.execPath, bin], { cwd, encoding: "utf8" });
  expect(stdout.trim()).toBe("1");
});

/** The first run fills the compile cache, as the first run after an installation does. */
async function fastest(run: () => number | Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < 6; count += 1) least = Math.min(least, await run());
  return least;
}

test("listing connectors loads no connector and no driver", async () => {
  const { child, ended } = start(["connector", "list"], { cwd: await folderWith() });
  expect((await ended).code).toBe(0);
  expect(child.spawnargs).toContain(bin);
  const script = `
    const { registerHooks } = await import("node:module");
    registerHooks({ load(url, context, next) { console.error(url); return next(url, context); } });
    process.argv = [process.execPath, "weir", "connector", "list"];
    await import(${JSON.stringify(`file://${bin}`)});`;
  const { stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  const loaded = stderr.split("\n").filter((line) => line.startsWith("file:"));
  expect(loaded.some((url) => url.includes("/connectors/src/registry.ts"))).toBe(true);
  const costly =
    /connectors\/src\/[^/]+\/|packages\/(engine|kit)\/|node_modules\/(pg|@duckdb|ajv|yaml|@clack)\//;
  expect(loaded.filter((url) => costly.test(url))).toEqual([]);
});
