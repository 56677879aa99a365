import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { connectors } from "@weir/connectors";
import { parseConfig } from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import { type JsonObject, stringifyJson, systemClock } from "@weir/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, weir, weirJson } from "../terminal.ts";
import { duckSql, newDatabase, type Row } from "./databases.ts";
import { postgresConfig } from "./scene.ts";

const SECRET = "not-the-right-one";

const source = await newDatabase();
await source.sql(
  "CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'a'), (2, NULL)",
);
const EXACT = [
  { id: "1", note: "a" },
  { id: "2", note: null },
];

type Wrong = readonly [what: string, changed: JsonObject, code: string, said: RegExp];

/** What can be wrong with a place that a PostgreSQL connector is told. */
const wrongPostgres = (origin: "source" | "destination"): readonly Wrong[] => [
  ["nothing listens there", { port: 1 }, `${origin}.unreachable`, /nothing listens there/],
  ["no such host", { host: "no-such-host.invalid" }, `${origin}.unreachable`, /host name is unknown/],
  [
    "a wrong password",
    { password: SECRET },
    `${origin}.credentials_refused`,
    /password authentication failed/,
  ],
  [
    "an unknown user",
    { username: "nobody_here", password: SECRET },
    `${origin}.credentials_refused`,
    /nobody_here/,
  ],
  ["no such database", { database: "nowhere" }, `${origin}.database_missing`, /no database nowhere/],
  [
    "no TLS there",
    { ssl_mode: { mode: "verify-full" } },
    `${origin}.tls_unavailable`,
    /does not support SSL/,
  ],
];

interface Place {
  readonly connector: string;
  readonly config: JsonObject;
}

interface Project {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A project whose connection gives up at the first failure. JSON is YAML; passwords come from the environment. */
async function project(from: Place, to: Place): Promise<Project> {
  const env: Record<string, string> = {};
  const declared = ({ connector, config }: Place, name: string): JsonObject => {
    if (typeof config["password"] !== "string") return { connector, config };
    env[name] = config["password"];
    return { connector, config: { ...config, password: `\${${name}}` } };
  };
  const cwd = await folderWith({
    "weir.yaml": stringifyJson({
      sources: { shop: declared(from, "FROM_PASSWORD") },
      destinations: { warehouse: declared(to, "TO_PASSWORD") },
      connections: {
        orders: {
          source: "shop",
          destination: "warehouse",
          streams: ["orders"],
          limits: { completeFailures: 1 },
        },
      },
    }),
    "not-a-database": "this is no database at all, but some text of a length that matters".repeat(100),
  });
  return { cwd, env };
}

const fromPostgres: Place = { connector: "source-postgres", config: postgresConfig(source.url) };

/** Takes connections and never says a word. */
const mute = createServer();
await new Promise<void>((resolve) => {
  mute.listen(0, "127.0.0.1", resolve);
});
afterAll(() => mute.close());
const muteConfig = { ...postgresConfig(source.url), port: (mute.address() as AddressInfo).port };

/** Begun now, since the wait for an answer is long. */
const asked = ["source-postgres", "destination-postgres"].map(async (id) => {
  const started = performance.now();
  const connector = await connectors.find((row) => row.id === id)?.load();
  const config = parseConfig(connector?.spec.connectionSpecification ?? {}, muteConfig, "config").config;
  const result = await connector?.check(config, testContext({ clock: systemClock }));
  return { id, failure: result?.failures[0], seconds: (performance.now() - started) / 1000 };
});

async function refused(from: Place, to: Place, code: string, said: RegExp): Promise<void> {
  const place = await project(from, to);
  const started = performance.now();
  const told = await weir(["sync"], place);
  const text = told.stdout + told.stderr;
  expect(told.code).toBe(1);
  expect(text).toMatch(said);
  expect(text).toMatch(/next: .{20}/);
  expect(text).toMatch(/weir\.yaml:\d+/);
  expect(text).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  expect(text).not.toContain(SECRET);
  const { error, result } = await weirJson(["sync"], place);
  expect(error).toMatchObject({ code });
  expect(result).toMatchObject({ syncs: [{ status: "failed", attempts: 1 }] });
  expect(performance.now() - started).toBeLessThan(20_000);
}

interface Destination {
  readonly place: Place;
  readonly rows: () => Promise<readonly Row[]>;
}

async function postgresPlace(): Promise<Destination> {
  const target = await newDatabase();
  const place = { connector: "destination-postgres", config: postgresConfig(target.url) };
  return { place, rows: () => target.sql("SELECT id, note FROM orders ORDER BY id") };
}

describe("a sync whose source cannot be read says why, and runs once it can", () => {
  test.each(wrongPostgres("source"))("%s", async (_what, changed, code, said) => {
    const { place, rows } = await postgresPlace();
    await refused({ ...fromPostgres, config: { ...fromPostgres.config, ...changed } }, place, code, said);
    await expect(rows()).rejects.toThrow('relation "orders" does not exist');
  });
});

describe("a sync whose destination cannot be written says why, and runs once it can", () => {
  test.each(wrongPostgres("destination"))("PostgreSQL: %s", async (_what, changed, code, said) => {
    const { place } = await postgresPlace();
    await refused(fromPostgres, { ...place, config: { ...place.config, ...changed } }, code, said);
  });

  test.each<Wrong>([
    [
      "a path through a file",
      { path: "weir.yaml/x.duckdb" },
      "destination.path_unusable",
      /cannot be created or opened/,
    ],
    ["a folder", { path: "." }, "destination.path_unusable", /is a directory/],
    [
      "a file that is no database",
      { path: "not-a-database" },
      "destination.not_duckdb",
      /is no DuckDB database/,
    ],
    [
      "a name too long for a file",
      { path: "n".repeat(300) },
      "destination.path_unusable",
      /cannot be created or opened/,
    ],
  ])("DuckDB: %s", async (_what, config, code, said) => {
    await refused(fromPostgres, { connector: "destination-duckdb", config }, code, said);
  });
});

test("a server that never answers is given up after 15 seconds", async () => {
  for (const { id, failure, seconds } of await Promise.all(asked)) {
    expect(failure).toMatchObject({
      code: `${id.split("-")[0]}.unreachable`,
      message: expect.stringContaining("no answer in time"),
    });
    expect(seconds).toBeLessThan(30);
  }
});

test("once everything is right the same project moves every row", async () => {
  const { place, rows } = await postgresPlace();
  expect((await weir(["sync"], await project(fromPostgres, place))).code).toBe(0);
  expect(await rows()).toEqual(EXACT);
  const file: Place = { connector: "destination-duckdb", config: { path: "w.duckdb" } };
  const duck = await project(fromPostgres, file);
  expect((await weir(["sync"], duck)).code).toBe(0);
  const found = await duckSql(join(duck.cwd, "w.duckdb"), "SELECT id, note FROM orders ORDER BY id");
  expect(found).toEqual(EXACT);
});
