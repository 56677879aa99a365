import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Failure } from "@weir/protocol";
import { expect, test } from "vitest";
import { ids, newFolder, overwrite, query, reader, visible, write } from "./scene.ts";

interface Ended {
  readonly done: number;
  readonly failure?: Failure;
}

interface Beside {
  readonly ready: Promise<void>;
  go(): void;
  readonly ended: Promise<Ended>;
}

function beside(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Beside {
  const script = join(import.meta.dirname, "process-beside.ts");
  const child = spawn(process.execPath, [script, ...argv], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes("ready")) resolve();
  });
  const ended = once(child, "close").then(() => JSON.parse(output.trim().split("\n").at(-1) ?? "") as Ended);
  return { ready, go: () => void child.stdin.write("go\n"), ended };
}

async function together(all: readonly Beside[]): Promise<readonly Ended[]> {
  await Promise.all(all.map(({ ready }) => ready));
  for (const each of all) each.go();
  return Promise.all(all.map(({ ended }) => ended));
}

const PARTS = 25;
/** Enough for the second to begin before the first is done. */
const MORE_PARTS = 60;

test("processes of several connections commit into one folder at once, and every commit holds", async () => {
  const folder = newFolder();
  const names = ["a", "b", "c"];
  const ended = await together(names.map((name) => beside([folder, name, name, String(PARTS)])));
  expect(ended).toEqual(names.map(() => ({ done: PARTS })));
  for (const name of names) {
    const found = await query(`SELECT id FROM ${reader(folder, "jsonl", name)} ORDER BY id`);
    expect(found.map(({ id }) => Number(id))).toEqual(Array.from({ length: PARTS }, (_, id) => id));
  }
}, 60_000);

test("of two processes of one connection one is cut off; what each was told is committed stands, nothing else", async () => {
  const folder = newFolder();
  const ended = await together([1, 2].map(() => beside([folder, "same", "items", String(MORE_PARTS)])));
  const [winner, loser] = ended.toSorted((one, other) => other.done - one.done);
  expect(winner).toEqual({ done: MORE_PARTS });
  expect(loser?.failure).toMatchObject({ code: "destination.fenced" });
  const rows = await query(
    `SELECT note, count(*) AS rows FROM ${reader(folder, "jsonl", "items")} GROUP BY note`,
  );
  const counts = rows.map((row) => Number(row["rows"])).toSorted((a, b) => b - a);
  expect(counts).toEqual([MORE_PARTS, ...((loser?.done ?? 0) > 0 ? [loser?.done] : [])]);
}, 60_000);

test.each(["EPERM", "ENOTSUP"])("a file system without hard links is told (%s)", async (code) => {
  const [ended] = await together([beside([newFolder(), "a", "a", "1"], { LINK_FAILS: code })]);
  expect(ended).toMatchObject({
    done: 0,
    failure: { code: "destination.no_hard_links", recovery: "ask" },
  });
});

test("a process that writes into a table's folder stops the sync, and keeps its files", async () => {
  const folder = newFolder();
  await write(folder, "csv", [{ id: 1 }]);
  const table = join(folder, "items");
  const loop = `let n = 0; setInterval(() => { try { fs.writeFileSync(${JSON.stringify(table)} + "/theirs-" + n + ".csv", "x"); console.log(n++); } catch {} }, 1)`;
  const other = spawn(process.execPath, ["-e", loop], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  other.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(other.stdout, "data");
  for (const parts of [{ token: { sync: 2, attempt: 1 } }, overwrite(3)])
    await expect(write(folder, "csv", [{ id: 2 }], parts)).rejects.toMatchObject({
      failure: { code: "destination.folder_unusable", recovery: "ask", stream: "items" },
    });
  const closed = once(other, "close");
  other.kill("SIGKILL");
  await closed;
  const written = said.trim().split("\n").length;
  expect(written).toBeGreaterThan(1);
  const theirs = readdirSync(table).filter((name) => name.startsWith("theirs-"));
  expect(theirs.length).toBeGreaterThanOrEqual(written);
  const ours = visible(folder).filter((path) => !path.includes("theirs-"));
  expect(ours).toHaveLength(1);
  expect(await ids(folder, "csv").catch(() => [])).not.toContain(2);
});
