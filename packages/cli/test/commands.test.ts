import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stringifyJson } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { duckSql, newDatabase } from "./end-to-end/databases.ts";
import { descendantsOf, start, survivors } from "./process.ts";
import { folderWith, weir, weirJson } from "./terminal.ts";

/** The examples need nothing of it but its standard library. */
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const needs = hasPython ? "" : " (skipped: there is no python3)";

const PYTHON = fileURLToPath(new URL("../../../examples/python/", import.meta.url));

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `{"id": ${from + at}, "name": "n${from + at}"}\n`).join(
    "",
  );
}

/** A project whose source is Python's, and its connection. */
async function fromPython(destination: string, rows: number, mode: string): Promise<string> {
  return folderWith({
    "lines.jsonl": lines(0, rows),
    "weir.yaml": `sources:
  lines:
    command: ["python3", "${PYTHON}source.py"]
    config: { path: lines.jsonl, token: "\${TOKEN}" }
destinations:
${destination}
connections:
  c: { source: lines, destination: to, streams: [lines], mode: ${mode} }
`,
  });
}

/** PostgreSQL's and DuckDB's own place, and how to look at a table there. */
async function places() {
  const database = await newDatabase();
  const { password, ...config } = database.destination.config;
  const postgres = `  to: { connector: destination-postgres, config: ${stringifyJson({ ...config, password: "${PASSWORD}" })} }`;
  return {
    database,
    postgres: { yaml: postgres, env: { PASSWORD: typeof password === "string" ? password : "" } },
    files: { yaml: `  to: { connector: destination-file, config: { folder: out } }`, env: {} },
    duckdb: { yaml: `  to: { connector: destination-duckdb, config: { path: to.duckdb } }`, env: {} },
  };
}

const TALLY = "SELECT count(*) AS n, count(DISTINCT id) AS d, sum(id) AS s FROM lines";

function tally(count: number): readonly unknown[] {
  return [{ n: String(count), d: String(count), s: String((count * (count - 1)) / 2) }];
}

describe.skipIf(!hasPython)(`a source in Python${needs}`, () => {
  it.each(["postgres", "duckdb", "files"] as const)(
    "syncs to %s and goes on with what is new",
    async (kind) => {
      const { database, ...rest } = await places();
      const { yaml, env } = rest[kind];
      const cwd = await fromPython(yaml, 2500, "incremental_append");
      const read = (): Promise<readonly unknown[]> => {
        if (kind === "postgres") return database.sql(TALLY);
        if (kind === "duckdb") return duckSql(join(cwd, "to.duckdb"), TALLY);
        return duckSql(":memory:", TALLY.replace("lines", `'${cwd}/out/lines/*.parquet'`));
      };
      const options = { cwd, env: { ...env, TOKEN: "tok-12345" } };
      expect((await weir(["check"], options)).code).toBe(0);
      const first = await weir(["sync"], options);
      expect(first.stderr + first.stdout).toContain("2,500");
      expect(await read()).toEqual(tally(2500));
      await appendFile(join(cwd, "lines.jsonl"), lines(2500, 2600));
      const envelope = await weirJson(["sync"], options);
      expect(JSON.stringify(envelope.result)).toContain('"read":100');
      expect(await read()).toEqual(tally(2600));
    },
    60_000,
  );

  it("is gone on with where Weir was killed, nothing lost or doubled, and does not outlive it", async () => {
    const { database, postgres } = await places();
    const cwd = await fromPython(postgres.yaml, 150_000, "incremental_append");
    await writeFile(join(cwd, ".env"), `PASSWORD=${postgres.env.PASSWORD}\nTOKEN=t\n`);
    const { child, ended } = start(["sync"], { cwd });
    for (;;) {
      const [found] = await database.sql("SELECT to_regclass('lines') AS t");
      if (typeof found?.["t"] === "string" && (await database.sql("SELECT 1 FROM lines LIMIT 1")).length > 0)
        break;
      await sleep(20);
    }
    const below = descendantsOf(child.pid ?? 0);
    expect(below.length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await ended;
    expect(await survivors(below)).toEqual([]);
    const [before] = await database.sql("SELECT count(*) AS n FROM lines");
    expect(Number(before?.["n"])).toBeLessThan(150_000);
    const again = await weir(["sync"], { cwd, env: {} });
    expect(again.code).toBe(0);
    expect(await database.sql(TALLY)).toEqual(tally(150_000));
  }, 90_000);
});

describe.skipIf(!hasPython)(`a destination in Python${needs}`, () => {
  it.each(["postgres", "files", "DuckDB's Parquet"] as const)(
    "takes what comes from %s, once or anew",
    async (kind) => {
      const { database, postgres } = await places();
      const cwd = await folderWith({ "in/lines.jsonl": "" });
      const source = {
        postgres: postgres.yaml.replace("  to:", "  from:").replace("destination-", "source-"),
        files: `  from: { connector: source-file, config: { root: in, streams: [{ name: lines, files: ["*.jsonl"] }] } }`,
        "DuckDB's Parquet": `  from: { connector: source-file, config: { root: in, streams: [{ name: lines, files: ["*.parquet"] }] } }`,
      }[kind];
      const fill = async (from: number, to: number): Promise<void> => {
        await writeFile(join(cwd, `in/part-${from}.jsonl`), lines(from, to));
        await duckSql(
          ":memory:",
          `COPY (SELECT id, name FROM '${cwd}/in/part-${from}.jsonl') TO '${cwd}/in/part-${from}.parquet'`,
        );
        if (kind === "postgres")
          await database.sql(
            `INSERT INTO lines SELECT i, 'n' || i FROM generate_series(${from}, ${to - 1}) AS i`,
          );
      };
      if (kind === "postgres") await database.sql("CREATE TABLE lines (id int PRIMARY KEY, name text)");
      await fill(0, 500);
      const cursor = kind === "postgres" ? ", cursor: id" : "";
      const namespace = kind === "postgres" ? "public." : "";
      await writeFile(
        join(cwd, "weir.yaml"),
        `sources:
${source}
destinations:
  to: { command: ["python3", "${PYTHON}destination.py"], config: { folder: out } }
connections:
  more: { source: from, destination: to, streams: [${namespace}lines], mode: incremental_append${cursor}, prefix: more_ }
  anew: { source: from, destination: to, streams: [${namespace}lines], mode: full_refresh_overwrite, prefix: anew_ }
`,
      );
      const options = { cwd, env: { ...postgres.env } };
      const ids = async (name: string): Promise<readonly number[]> =>
        (await readFile(join(cwd, "out", name), "utf8"))
          .trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as { readonly id: number }).id)
          .toSorted((left, right) => left - right);
      const first = await weirJson(["sync"], options);
      expect(first).toMatchObject({ ok: true });
      expect(JSON.stringify(first)).toContain("at-least-once");
      await fill(500, 600);
      expect(await weirJson(["sync"], options)).toMatchObject({ ok: true });
      const all = Array.from({ length: 600 }, (_, id) => id);
      expect(await ids("more_lines.jsonl")).toEqual(all);
      expect(await ids("anew_lines.jsonl")).toEqual(all);
    },
    60_000,
  );

  it.each(["incremental_append", "full_refresh_overwrite"])(
    "is gone on with when it was killed (%s)",
    async (mode) => {
      const cwd = await folderWith({
        "lines.jsonl": lines(0, 60_000),
        "out/lines.jsonl": '{"id": 0, "name": "n0"}\n{"id": 1, "na',
      });
      await writeFile(
        join(cwd, "weir.yaml"),
        `sources:
  from: { command: ["python3", "${PYTHON}source.py"], config: { path: lines.jsonl } }
destinations:
  to: { command: ["python3", "${PYTHON}destination.py"], config: { folder: out } }
connections:
  c: { source: from, destination: to, streams: [lines], mode: ${mode}, limits: { backoffMinSeconds: 0 } }
`,
      );
      const { child, ended } = start(["sync"], { cwd });
      const written = join(
        cwd,
        "out",
        mode === "full_refresh_overwrite" ? "lines.jsonl.next" : "lines.jsonl",
      );
      while (!existsSync(written) || (await stat(written)).size < 1000) await sleep(5);
      const writers = descendantsOf(child.pid ?? 0).filter((pid) => {
        const words = commandOf(pid);
        return words[0]?.includes("python") === true && words.includes("write");
      });
      expect(writers).toHaveLength(1);
      for (const pid of writers) process.kill(pid, "SIGKILL");
      const { code, stderr, stdout } = await ended;
      expect([code, stderr, stdout]).toEqual([0, expect.any(String), expect.any(String)]);
      const found = (await readFile(join(cwd, "out", "lines.jsonl"), "utf8")).trim().split("\n");
      // Each line is whole: what the killed one left half was taken away.
      const ids = found.map((line) => (JSON.parse(line) as { readonly id: number }).id);
      expect(new Set(ids).size).toBe(60_000);
      if (mode === "full_refresh_overwrite") expect(found).toHaveLength(60_000);
    },
    60_000,
  );
});

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

describe("what weir.yaml says of a command", () => {
  it.each([
    ["sources: { s: { config: {} } }", "weir.yaml:1:12", 'has no "connector"'],
    [
      "sources: { s: { connector: source-faker, command: [x] } }",
      "weir.yaml:1:42",
      '"connector" and "command"',
    ],
    ["sources: { s: { command: [] } }", "weir.yaml:1:26", "is an empty list"],
    ["sources: { s: { command: python3 } }", "weir.yaml:1:26", "must be a list"],
  ])("%s is told with its place", async (yaml, place, message) => {
    const cwd = await folderWith({ "weir.yaml": yaml });
    const { code, stderr } = await weir(["check"], { cwd });
    expect(code).not.toBe(0);
    expect(stderr).toContain(place);
    expect(stderr).toContain(message);
  });

  it("a program that is not there fails before anything is read", async () => {
    const yaml = 'sources: { s: { command: ["no-such-program-anywhere"], config: {} } }';
    const { code, stderr, stdout } = await weir(["discover"], {
      cwd: await folderWith({ "weir.yaml": yaml }),
    });
    expect(code).not.toBe(0);
    expect(stderr + stdout).toContain("could not be started");
  });

  it.skipIf(!hasPython).each([
    [`["python3", "${PYTHON}destination.py"]`, {}, "is a destination, not a source"],
    [`["python3", "${PYTHON}source.py"]`, { path: "x", token: "in the clear" }, "stands in the file itself"],
    [`["python3", "${PYTHON}source.py"]`, {}, "path"],
  ])("%s %j fails before anything is read", async (command, config, message) => {
    const yaml = `sources: { s: { command: ${command}, config: ${JSON.stringify(config)} } }`;
    const { code, stderr, stdout } = await weir(["discover"], {
      cwd: await folderWith({ "weir.yaml": yaml }),
    });
    expect(code).not.toBe(0);
    expect(stderr + stdout).toContain(message);
    expect(stderr + stdout).not.toContain("in the clear");
  });
});

const ROTATING = `
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
const [command, , path] = process.argv.slice(2);
const send = (message) => process.stdout.write(JSON.stringify(message) + "\\n");
const stream = { name: "t", json_schema: { properties: { id: { type: "integer" } } }, supported_sync_modes: ["full_refresh"] };
if (command === "spec")
  send({ type: "SPEC", spec: { connectionSpecification: { type: "object", properties: { token: { type: "string", airbyte_secret: true }, note: { type: "string" } } } } });
else {
  const config = JSON.parse(readFileSync(path, "utf8"));
  appendFileSync("tokens", command + " " + config.token + "\\n");
  const next = { ...config, token: config.token + "+1", until: "later" };
  send({ type: "CONTROL", control: { type: "CONNECTOR_CONFIG", emitted_at: 1, connectorConfig: { config: next } } });
  if (command === "check") send({ type: "CONNECTION_STATUS", connectionStatus: { status: "SUCCEEDED" } });
  if (command === "discover") send({ type: "CATALOG", catalog: { streams: [stream] } });
  if (command === "read") send({ type: "LOG", log: { level: "INFO", message: "has " + next.token } });
}
`;

describe("a replaced token", () => {
  it("is kept with mode 0600 and used from the next command on, until the environment has another", async () => {
    const cwd = await folderWith({
      "rotating.mjs": ROTATING,
      "weir.yaml": `sources: { s: { command: ["${process.execPath}", rotating.mjs], config: { token: "\${TOKEN}" } } }
destinations: { d: { connector: destination-dev-null } }
connections: { c: { source: s, destination: d } }
`,
    });
    const run = (argv: readonly string[], TOKEN: string) => weir(argv, { cwd, env: { TOKEN } });
    const tokens = async (): Promise<readonly string[]> =>
      (await readFile(join(cwd, "tokens"), "utf8")).trim().split("\n");
    expect((await run(["sync"], "first")).code).toBe(0);
    expect(await tokens()).toEqual(["discover first", "read first+1"]);
    const kept = join(cwd, ".weir", "secrets", "source-s.json");
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    expect(await readFile(kept, "utf8")).not.toContain('"first"');
    await run(["check", "s"], "first");
    const { stdout, stderr } = await run(["sync", "--verbose"], "first");
    expect(await tokens()).toEqual([
      "discover first",
      "read first+1",
      "check first+1+1",
      "discover first+1+1+1",
      "read first+1+1+1+1",
    ]);
    expect(stdout + stderr).not.toContain("first+1");
    expect(stdout + stderr).not.toContain("is not used any more");
    const anew = await run(["discover", "--verbose"], "second");
    expect((await tokens()).at(-1)).toBe("discover second");
    expect(anew.stderr.match(/The value of token .* is not used any more/g)).toHaveLength(1);
  }, 30_000);
});
