import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childProcess, environmentFor } from "@weir/engine";
import { rowsOf } from "@weir/kit";
import { destinationRow, fileBehaviour, linesDump, type RowResult, sourceRow } from "@weir/kit/acceptance";
import type { Runner } from "@weir/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { bin } from "../process.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-broken-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runnerOf(argv: readonly string[], env: Readonly<Record<string, string>>): Runner {
  return childProcess({
    id: "broken",
    argv: [process.execPath, ...argv],
    env: { ...environmentFor([], process.env), ...env },
    folder,
    rowsOf,
  });
}

/** Stands before Weir's own executable and sends its states back itself, at once; the rows follow if it is let to. */
const EARLY = `
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
const early = process.argv[5] === "write" && process.env.EARLY === "yes";
const child = spawn(process.execPath, process.argv.slice(2), { detached: early, stdio: [early ? "pipe" : "inherit", early ? "ignore" : "inherit", "inherit"] });
child.on("exit", (code) => process.exit(code ?? 1));
if (early) {
  const held = [];
  const flush = () => { for (const line of held.splice(0)) child.stdin.write(line + "\\n"); child.stdin.end(); };
  process.on("SIGTERM", flush);
  const input = createInterface({ input: process.stdin });
  input.on("close", flush);
  input.on("line", (line) => {
    held.push(line);
    const message = JSON.parse(line);
    if (message.type !== "STATE") return;
    const destinationStats = { recordCount: message.state.sourceStats.recordCount };
    process.stdout.write(JSON.stringify({ ...message, state: { ...message.state, destinationStats } }) + "\\n");
  });
}
`;

describe("D4 on an executable that sends states back before their rows are durable, and hurries when it is told to end", () => {
  test.each([
    ["no", "passed"],
    ["yes", "failed"],
  ])("early: %s", { timeout: 60_000 }, async (early, outcome) => {
    writeFileSync(join(folder, "early.mjs"), EARLY);
    const target = join(folder, `rows-${early}`);
    const argv = [join(folder, "early.mjs"), bin, "connector", "destination-jsonl"];
    const result = await destinationRow("D4", {
      runner: runnerOf(argv, { EARLY: early, WEIR_CONNECTION: "early" }),
      config: { folder: target },
      invalid: [],
      behaviour: fileBehaviour,
      dump: linesDump(target),
    });
    expect(result).toMatchObject({ outcome });
    if (outcome === "passed") expect(result.evidence).toMatchObject({ by: "SIGKILL" });
    else expect(result.reason).toContain("rows after the kill");
  });
});

/** A source that reads for seconds, and what it holds meanwhile. */
const HOLDING = `
import { open } from "node:fs/promises";
const [command] = process.argv.slice(2);
const send = (message) => process.stdout.write(JSON.stringify(message) + "\\n");
const stream = { name: "t", json_schema: { type: "object", properties: { id: { type: "integer" } } }, supported_sync_modes: ["full_refresh"] };
if (command === "spec") send({ type: "SPEC", spec: { connectionSpecification: { type: "object", properties: {} } } });
else if (command === "discover") send({ type: "CATALOG", catalog: { streams: [stream] } });
else {
  const slow = process.argv.includes("--config") && JSON.parse(await (await open(process.argv[process.argv.indexOf("--config") + 1])).readFile("utf8")).slow === true;
  const held = [];
  for (let id = 0; id < (slow ? 400 : 3); id += 1) {
    if (process.env.HOLDS === "files") held.push(await open(process.argv[1]));
    if (process.env.HOLDS === "memory") held.push(Buffer.alloc(4_000_000, 1));
    send({ type: "RECORD", record: { stream: "t", data: { id }, emitted_at: 1 } });
    send({ type: "STATE", state: { type: "STREAM", stream: { stream_descriptor: { name: "t" }, stream_state: { id } }, sourceStats: { recordCount: 1 } } });
    if (slow) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
`;

describe("S16 on an executable that keeps what it once held", () => {
  test.each([
    ["nothing", "passed", ""],
    ["files", "failed", "files or sockets more"],
    ["memory", "failed", "MB more"],
  ])("%s", { timeout: 60_000 }, async (what, outcome, reason) => {
    writeFileSync(join(folder, "holding.mjs"), HOLDING);
    const result: RowResult = await sourceRow("S16", {
      runner: runnerOf([join(folder, "holding.mjs")], { HOLDS: what }),
      config: {},
      invalid: [],
      slow: { slow: true },
    });
    expect(result).toMatchObject({ outcome });
    expect(result.reason).toContain(reason);
  });
});
