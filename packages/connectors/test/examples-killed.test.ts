import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { seededRandom } from "@weir/kit/testing";
import { parseJson } from "@weir/protocol";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

const weir = fileURLToPath(new URL("../../cli/bin/weir.js", import.meta.url));
const rows = Array.from({ length: 30_000 }, (_, id) => ({
  id,
  at: Math.floor(id / 3),
  note: "x".repeat(100),
}));
const server = createServer((_request, response) => void response.end(JSON.stringify(rows)));
let url: string;
let folder: string;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "examples-killed-"));
  return () => rmSync(folder, { recursive: true, force: true });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function startSync(mode: string): ChildProcess {
  const args = ["sync", "--name", "kill", "--mode", mode, "--json"];
  const source = [
    "--source",
    "http-json",
    "--source-config",
    JSON.stringify({ url, cursor: "at", primary_key: ["id"] }),
  ];
  const destination = ["--destination", "jsonl", "--destination-config", "folder=out"];
  return spawn(process.execPath, [weir, ...args, ...source, ...destination], {
    cwd: folder,
    stdio: "ignore",
  });
}

function written(): number {
  return ["items.jsonl", "items.jsonl.next"]
    .map((name) => join(folder, "out", name))
    .reduce((sum, path) => sum + (existsSync(path) ? statSync(path).size : 0), 0);
}

/** Kills the sync when it has written a random number of bytes more, and a random moment later. */
async function killSoon(sync: ChildProcess, random: () => number): Promise<void> {
  const target = written() + random() * 3_000_000;
  while (sync.exitCode === null && written() < target) await sleep(1);
  await sleep(random() * 30);
  sync.kill("SIGKILL");
  if (sync.exitCode === null && sync.signalCode === null) await once(sync, "exit");
}

test.each(["incremental_append", "full_refresh_append", "full_refresh_overwrite"])(
  "%s, killed again and again, delivers every row once",
  async (mode) => {
    const random = seededRandom(mode.length);
    for (let kills = 0; kills < 3; kills++) await killSoon(startSync(mode), random);
    const last = startSync(mode);
    await once(last, "exit");
    expect(last.exitCode).toBe(0);
    const lines = readFileSync(join(folder, "out", "items.jsonl"), "utf8")
      .split("\n")
      .slice(0, -1);
    const delivered = lines.map((line) => (parseJson(line) as { readonly id: number }).id);
    expect(delivered.length).toBe(rows.length);
    expect(new Set(delivered).size).toBe(rows.length);
  },
);
