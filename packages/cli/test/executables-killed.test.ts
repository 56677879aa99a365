import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringifyJson } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { duckSql, newDatabase } from "./end-to-end/databases.ts";
import { bin, descendantsOf, start, survivors } from "./process.ts";
import { folderWith } from "./terminal.ts";

const ROWS = 150_000;

/** `first`, `at`: how often the first row stands there, and when it was read. */
function tallyOf(table: string): string {
  return `SELECT count(*) AS n, count(DISTINCT id) AS d, sum(id) AS s, count(*) FILTER (WHERE id = 1) AS first,
    max(CAST(extract(epoch FROM _airbyte_extracted_at) * 1000 AS bigint)) FILTER (WHERE id = 1) AS at FROM ${table}`;
}

const SUM = String((ROWS * (ROWS + 1)) / 2);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10);
}

/** Kills Weir, and it alone, when `moment` has come. Returns what it had started and still lives. */
async function killWeir(cwd: string, moment: () => boolean | Promise<boolean>): Promise<readonly number[]> {
  const { child, ended } = start(["sync"], { cwd });
  const early = ended.then(({ stderr, stdout }) => {
    throw new Error(`It ended before it could be killed: ${stderr}${stdout}`);
  });
  early.catch(() => undefined);
  await Promise.race([until(moment), early]);
  const below = descendantsOf(child.pid ?? 0);
  expect(below.length).toBeGreaterThan(0);
  child.kill("SIGKILL");
  expect((await ended).signal).toBe("SIGKILL");
  return survivors(below);
}

/** A table of numbers on its way by two connectors of Weir's own, some of them executables. */
async function project(mode: string, to: "postgres" | "duckdb", executables: readonly string[]) {
  const database = await newDatabase();
  await database.sql("CREATE TABLE numbers (id bigint PRIMARY KEY, note text)");
  await database.sql(
    `INSERT INTO numbers SELECT n, repeat('x', 60) FROM generate_series(1, ${ROWS}) AS s (n)`,
  );
  const { password, ...config } = database.source.config;
  const postgres = { ...config, password: "${PASSWORD}" };
  const entry = (side: string, id: string, given: object): string => {
    const connector = executables.includes(side)
      ? { command: [process.execPath, bin, "connector", id], env: ["WEIR_CONNECTION"] }
      : { connector: id };
    return stringifyJson({ ...connector, config: { ...given } });
  };
  const place = to === "postgres" ? { ...postgres, schema: "copy" } : { path: "to.duckdb" };
  const cwd = await folderWith({
    ".env": `PASSWORD=${typeof password === "string" ? password : ""}\nWEIR_CONNECTION=killed\n`,
    "weir.yaml": `sources: { from: ${entry("source", "source-postgres", { ...postgres, part_megabytes: 1 })} }
destinations: { to: ${entry("destination", `destination-${to}`, place)} }
connections:
  c:
    source: from
    destination: to
    streams: [{ name: numbers, namespace: public, mode: ${mode}, cursor: id }]
    limits: { bytesInFlight: 1000000 }
`,
  });
  const state = join(cwd, ".weir", "state", "c.json");
  const tally = (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    to === "postgres"
      ? database.sql(tallyOf("copy.numbers"))
      : duckSql(join(cwd, "to.duckdb"), tallyOf("main.numbers"));
  // A destination of this process holds its checkpoints itself; of another one the local copy is all there is.
  const hasCommitted = async (): Promise<boolean> => {
    if (executables.includes("destination"))
      return existsSync(state) && /"committed":[1-9]/.test(readFileSync(state, "utf8"));
    const [found] = await database.sql("SELECT to_regclass('copy.numbers') AS name");
    return (
      typeof found?.["name"] === "string" &&
      (await database.sql("SELECT FROM copy.numbers LIMIT 1")).length > 0
    );
  };
  return { cwd, tally, hasCommitted };
}

describe("when Weir is killed, executables end with it, and the next sync goes on", () => {
  it.each([
    ["incremental_append", "postgres", ["source"], "exactly once"],
    ["full_refresh_append", "postgres", ["source"], "exactly once"],
    ["incremental_append_deduped", "postgres", ["destination"], "exactly once"],
    ["incremental_append", "postgres", ["destination"], "at least once"],
    ["incremental_append_deduped", "duckdb", ["source", "destination"], "exactly once"],
  ] as const)(
    "%s into %s, executable: %j, %s",
    async (mode, to, executables, promise) => {
      const { cwd, tally, hasCommitted } = await project(mode, to, executables);
      expect(await killWeir(cwd, hasCommitted)).toEqual([]);
      const killed = Date.now();
      const { ended } = start(["sync", "--json"], { cwd });
      const { code, stderr } = await ended;
      expect([code, stderr]).toEqual([0, ""]);
      const [found] = await tally();
      // It went on after what was committed: the first row did not come again.
      expect(found).toMatchObject({ d: String(ROWS), first: "1" });
      expect(Number(found?.["at"])).toBeLessThan(killed);
      if (promise === "exactly once") expect(found).toMatchObject({ n: String(ROWS), s: SUM });
      else expect(Number(found?.["n"])).toBeGreaterThanOrEqual(ROWS);
    },
    120_000,
  );
});

/** An executable that will not end: not at a SIGTERM, not at the end of its input, not when its output breaks. */
const DEAF = `
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
const [command] = process.argv.slice(2);
const side = process.env.SIDE;
const send = (message) => process.stdout.write(JSON.stringify(message) + "\\n");
const stream = { name: "t", json_schema: { properties: { id: { type: "integer" } } }, supported_sync_modes: ["full_refresh"] };
if (command === "spec") {
  const modes = side === "destination" ? { supported_destination_sync_modes: ["append"] } : {};
  send({ type: "SPEC", spec: { connectionSpecification: { type: "object" }, ...modes } });
} else if (command === "discover") send({ type: "CATALOG", catalog: { streams: [stream] } });
else {
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGPIPE"]) process.on(signal, () => appendFileSync("heard", signal + "\\n"));
  process.stdout.on("error", () => {});
  spawn("/bin/sh", ["-c", "trap '' TERM HUP; sleep 1000 & wait; wait"], { stdio: "ignore" });
  const begun = () => appendFileSync("begun", "yes");
  if (side === "destination") {
    process.stdin.on("data", begun);
    process.stdin.on("end", () => appendFileSync("heard", "end\\n"));
  } else {
    send({ type: "RECORD", record: { stream: "t", data: { id: 1 }, emitted_at: 1 } });
    begun();
  }
  setInterval(() => side === "source" && send({ type: "LOG", log: { level: "INFO", message: "here" } }), 20);
}
`;

describe("an executable that will not end", () => {
  it.each(["source", "destination"])(
    "as a %s goes with Weir all the same, with what it started",
    async (side) => {
      const deaf = `command: ["${process.execPath}", deaf.mjs], env: [SIDE]`;
      const cwd = await folderWith({
        "deaf.mjs": DEAF,
        ".env": `SIDE=${side}\n`,
        "weir.yaml": `sources: { s: { ${side === "source" ? deaf : "connector: source-faker, config: { count: 2000000 }"} } }
destinations: { d: { ${side === "source" ? "connector: destination-dev-null" : deaf} } }
connections: { c: { source: s, destination: d, mode: full_refresh_append } }
`,
      });
      expect(await killWeir(cwd, () => existsSync(join(cwd, "begun")))).toEqual([]);
      // The end of its input would have told a destination that all is well.
      expect(existsSync(join(cwd, "heard")) ? await readFile(join(cwd, "heard"), "utf8") : "").toBe("");
    },
    60_000,
  );
});
