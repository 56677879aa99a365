import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { start } from "./process.ts";

const cwd = mkdtempSync(join(tmpdir(), "weir-connector-run-"));
afterAll(() => rm(cwd, { recursive: true, force: true }));

const messagesIn = (stdout: string) =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly type: string; readonly [member: string]: unknown });

test("a configuration that is missing is a TRACE ERROR for its user, and exit code 1", async () => {
  const { code, stdout } = await start(["connector", "source-faker", "discover"], { cwd }).ended;
  expect(code).toBe(1);
  expect(messagesIn(stdout)).toMatchObject([
    { type: "TRACE", trace: { error: { failure_type: "config_error" } } },
  ]);
});

test("an unknown connector or command leaves stdout to the protocol", async () => {
  for (const words of [
    ["source-nobody", "spec"],
    ["source-faker", "reed"],
  ]) {
    const { code, stdout, stderr } = await start(["connector", ...words], { cwd }).ended;
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words[0] === "source-nobody" ? "source-nobody" : "reed");
  }
});

test("SIGTERM ends a read within a second, with nothing but messages on stdout", async () => {
  await writeFile(join(cwd, "config.json"), '{"count":50000000}');
  const discovered = await start(["connector", "source-faker", "discover", "--config", "config.json"], {
    cwd,
  }).ended;
  const [catalog] = messagesIn(discovered.stdout) as unknown as readonly [
    { readonly catalog: { readonly streams: readonly object[] } },
  ];
  const streams = catalog.catalog.streams.map((stream) => ({
    stream,
    sync_mode: "full_refresh",
    destination_sync_mode: "append",
  }));
  await writeFile(join(cwd, "catalog.json"), JSON.stringify({ streams }));
  const argv = ["connector", "source-faker", "read", "--config", "config.json", "--catalog", "catalog.json"];
  const { child, ended } = start(argv, { cwd });
  await new Promise<void>((resolve) => {
    child.stdout?.once("data", () => resolve());
  });
  const stoppedAt = performance.now();
  child.kill("SIGTERM");
  const { code, stdout } = await ended;
  expect(code).toBe(1);
  expect(performance.now() - stoppedAt).toBeLessThan(2500);
  expect(messagesIn(stdout).at(-1)).toMatchObject({
    trace: { error: { internal_message: "connector.stopped" } },
  });
});
