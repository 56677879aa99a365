import { describe, expect, test } from "vitest";
import { type EncodingFormat, fieldsOf, type PartRead, type StreamPlan } from "@weir/protocol";
import {
  codeOf,
  copyRead,
  destinationConfig,
  fields,
  finishStream,
  loadPart,
  loadRead,
  never,
  openDestination,
  planOf,
  rowsRead,
  syncStream,
  type Database,
  newDatabase,
} from "./postgres-destination.ts";
import { attempt, configFor, configured, partsOf } from "./postgres-source.ts";

/** Columns of all kinds, and of types whose binary form differs from any other, with extreme values. */
const COLUMNS: readonly (readonly [type: string, values: readonly string[]])[] = [
  ["bool", ["true", "false"]],
  ["int2", ["-32768", "32767"]],
  ["int4", ["-2147483648"]],
  ["int8", ["9223372036854775807", "-9223372036854775808"]],
  ["float4", ["'NaN'", "'-Infinity'", "3.4028235e38", "1e-45", "0.1", "'-0'"]],
  ["float8", ["'NaN'", "'Infinity'", "1.7976931348623157e308", "5e-324", "0.1"]],
  [
    "numeric",
    [
      "'NaN'",
      "'Infinity'",
      "1.500",
      "-12345678901234567890.123456789012345678900",
      "('1' || repeat('0', 500))::numeric",
    ],
  ],
  ["numeric(10,2)", ["99999999.99", "-0.05"]],
  ["text", ["''", "E'\\\\N'", "E'a\\tb\\nc\\rd\\\\e'", "'héllo 🎉'", "'\\.'", "repeat('x', 200000)"]],
  ["varchar(5)", ["'  a  '"]],
  ["char(5)", ["'ab'"]],
  ["date", ["'infinity'", "'4714-11-24 BC'", "'5874897-12-31'", "'2024-02-29'"]],
  ["timestamp", ["'-infinity'", "'4714-11-24 00:00:00 BC'", "'294276-12-31 23:59:59.999999'"]],
  ["timestamptz", ["'infinity'", "'4714-11-24 00:00:00+00 BC'", "'2024-02-29 12:00:00.000001+05:45'"]],
  ["time", ["'24:00:00'", "'23:59:59.999999'"]],
  ["timetz", ["'00:00:00+15:59'", "'24:00:00-15:59'"]],
  ["interval", ["'1 mon -1 day 00:00:01.5'"]],
  ["json", [`'{"b" : 1, "a": [1.00, null, "\\u00e9"]}'`]],
  ["jsonb", [`'{"b" : 12345678901234567890.10, "a": "x\\ty"}'`, "'null'", "'\"s\"'"]],
  ["uuid", ["'00000000-0000-0000-0000-000000000001'"]],
  ["inet", ["'10.0.0.1/8'", "'::1'"]],
  ["bytea", ["'\\x00ff'", "''"]],
  ["bit(3)", ["'101'"]],
  ["point", ["'(1.5,-2)'"]],
  ["int4range", ["'[1,5)'", "'empty'"]],
  ["tsvector", ["'a:1 b:2'"]],
  ["int4[]", ["'{1,NULL,-3}'", "'{}'", "'{{1,2},{3,4}}'"]],
  ["text[]", [`ARRAY['a "b" \\c', 'NULL', NULL, '', ',{}']`]],
  ["numeric[]", ["'{1.50,NaN,12345678901234567890.1}'"]],
  ["timestamptz[]", ["'{2024-02-29 12:00:00.5+00,infinity}'"]],
  ["bool[]", ["'{t,f,NULL}'"]],
  ["mood", ["'a \"mood\"'"]],
  ["mood[]", [`ARRAY['a "mood"', 'happy']::mood[]`]],
  ["pair", ["ROW(1, 'x,\"y\"')::pair"]],
];

async function sourceTable(): Promise<{ readonly db: Database; readonly rows: number }> {
  const db = await newDatabase();
  await db.sql(
    `CREATE SCHEMA origin; CREATE TYPE mood AS ENUM ('happy', 'a "mood"'); CREATE TYPE pair AS (a int, b text)`,
  );
  const names = COLUMNS.map(([type], at) => `c${at} ${type}`);
  await db.sql(`CREATE TABLE origin.everything (id int PRIMARY KEY, ${names.join(", ")})`);
  const rows = Math.max(...COLUMNS.map(([, values]) => values.length)) + 1;
  for (let row = 0; row < rows; row++) {
    const values = COLUMNS.map(([, list]) => list[row] ?? "NULL");
    await db.sql(`INSERT INTO origin.everything VALUES (${row}, ${values.join(", ")})`);
  }
  return { db, rows };
}

/** Syncs the table through the real source by one route. */
async function through(db: Database, format: EncodingFormat, nativeTypes: boolean): Promise<StreamPlan> {
  const stream = await configured(configFor(db.url), "everything");
  const plan = planOf({
    table: { name: `${format} ${nativeTypes ? "native" : "usual"}` },
    fields: fieldsOf(stream.stream.json_schema),
    nativeTypes,
    primaryKey: ["id"],
  });
  const session = await openDestination(db.url, { connection: plan.table.name });
  await session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan], checkpoints: [] });
  const encoding = session.takes(plan).find((one) => one.format === format);
  if (encoding === undefined) throw new Error(`${plan.table.name} is not taken`);
  await attempt(configFor(db.url), stream, null, async (reader) => {
    if (!reader.gives(encoding)) throw new Error(`${plan.table.name} is not given`);
    for (const part of await partsOf(reader)) {
      const result = await loadPart(session, plan, part.read(encoding, never), { format });
      expect(result).toMatchObject({ rejected: 0, changed: 0 });
      expect(result.written).toBe(result.received);
    }
  });
  await finishStream(session, plan);
  await session.close();
  return plan;
}

const content = (db: Database, { table }: StreamPlan): ReturnType<Database["sql"]> =>
  db.sql(
    `SELECT (to_jsonb(t) - '_airbyte_raw_id' - '_airbyte_extracted_at')::text AS row,
      ${COLUMNS.map((_, at) => `c${at}::text`).join(", ")} FROM "${table.name}" AS t ORDER BY id`,
  );

describe("routes", () => {
  test("binary, text and batches make the same table, and the keys' checksums agree with the source's", async () => {
    const { db, rows } = await sourceTable();
    const usual = await Promise.all(
      (["pg-binary", "pg-text", "batch"] as const).map((format) => through(db, format, false)),
    );
    const tables = [];
    for (const plan of usual) tables.push(await content(db, plan));
    const [binary = [], text, batch] = tables;
    expect(binary).toHaveLength(rows);
    expect(text).toEqual(binary);
    expect(batch).toEqual(binary);
    const session = await openDestination(db.url);
    const stream = await configured(configFor(db.url), "everything");
    const key = stream.stream.json_schema["properties"] as Record<string, unknown>;
    await attempt(configFor(db.url), stream, null, async (reader) => {
      for (const name of Object.keys(key)) {
        const request = { key: ["id", name], signal: never };
        const [plan = planOf({ table: { name: "" }, fields: [] })] = usual;
        expect([name, await session.measure(plan, request)]).toEqual([name, await reader.measure?.(request)]);
      }
    });
    await session.close();
  });

  test("native types are kept as they are, by text and by batches", async () => {
    const { db } = await sourceTable();
    const types = (table: string): ReturnType<Database["sql"]> =>
      db.sql(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attname ~ '^c[0-9]' ORDER BY attnum",
        [table],
      );
    const plans = await Promise.all(
      (["pg-text", "batch"] as const).map((format) => through(db, format, true)),
    );
    const origin = await types("origin.everything");
    const source = await db.sql(
      `SELECT ${COLUMNS.map((_, at) => `c${at}::text`).join(", ")} FROM origin.everything ORDER BY id`,
    );
    for (const plan of plans) {
      expect(await types(`"${plan.table.name}"`)).toEqual(origin);
      const rows = await content(db, plan);
      expect(rows.map(({ row: _row, ...values }) => values)).toEqual(source);
    }
  });

  test("native types of one server's own travel in binary only where that means the same elsewhere", async () => {
    const db = await newDatabase();
    await db.sql("CREATE TYPE mood AS ENUM ('happy'); CREATE TYPE pair AS (a int)");
    const native = (type: string): StreamPlan =>
      planOf({
        table: { name: "t" },
        fields: [{ name: "a", kind: "string", native: { system: "postgresql", type } }],
        nativeTypes: true,
      });
    const session = await openDestination(db.url);
    const taken = async (type: string): Promise<readonly string[]> => {
      const plan = { ...native(type), table: { name: `of ${type}` } };
      await session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan], checkpoints: [] });
      const own = session.takes(plan).filter(({ format }) => format !== "csv-file");
      return own.map(({ format, columns }) => `${format} ${columns[0]?.type}`);
    };
    expect(await taken("int4")).toEqual(["pg-binary int4", "pg-text int4", "batch int4"]);
    expect(await taken("mood")).toEqual(["pg-binary mood", "pg-text mood", "batch mood"]);
    expect(await taken("mood[]")).toEqual(["pg-text mood[]", "batch mood[]"]);
    expect(await taken("pair")).toEqual(["pg-text pair", "batch pair"]);
    const usual = ["pg-binary text", "pg-text text", "batch character varying"];
    for (const type of ["money", "regclass", "unheard_of", "not a type ("])
      expect(await taken(type)).toEqual(usual);
    await session.close();
  });

  test.each(["pg-binary", "pg-text"] as const)("%s may be cut anywhere", async (format) => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer", note: "string" }) });
    const query =
      "SELECT i::int8, CASE WHEN i % 3 > 0 THEN repeat('é', i) END FROM generate_series(0, 300) AS i";
    const chunks: Buffer[] = [];
    const whole = copyRead(db.client, query, format);
    for await (const chunk of whole.chunks) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    for (const size of [1, 2, 3, 4, 5, 7, 13, 19, 20, 21, 64, 1000, bytes.length]) {
      const cut: PartRead = {
        form: "bytes",
        rows: () => 301,
        chunks: (async function* () {
          for (let at = 0; at < bytes.length; at += size) yield new Uint8Array(bytes.subarray(at, at + size));
        })(),
      };
      await db.sql("DROP TABLE IF EXISTS t");
      const { result } = await syncStream(db.url, plan, cut, { format, sync: size });
      expect(result).toMatchObject({ received: 301, written: 301, bytes: bytes.length });
      const [same] = await db.sql(
        `SELECT count(*) AS rows, count(*) FILTER (WHERE right(_airbyte_raw_id, 8) = lpad(to_hex(t.id), 8, '0')) AS numbered FROM t JOIN (${query}) AS s (id, note) ON t.id = s.id AND t.note IS NOT DISTINCT FROM s.note`,
      );
      expect(same).toEqual({ rows: "301", numbered: "301" });
    }
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ["ends in a field", (bytes) => bytes.subarray(0, bytes.length - 10)],
    ["has no trailer", (bytes) => bytes.subarray(0, bytes.length - 2)],
    ["has no header", (bytes) => bytes.subarray(19)],
    ["goes on after its end", (bytes) => Buffer.concat([bytes, Buffer.from("x")])],
    [
      "has a column too many",
      (bytes) => Buffer.concat([bytes.subarray(0, 19), Buffer.from([0, 3]), bytes.subarray(21)]),
    ],
    [
      "has an object id",
      (bytes) => Buffer.concat([bytes.subarray(0, 11), Buffer.from([0, 1, 0, 0]), bytes.subarray(15)]),
    ],
    [
      "has a field of negative length",
      (bytes) =>
        Buffer.concat([bytes.subarray(0, 21), Buffer.from([255, 255, 255, 254]), bytes.subarray(25)]),
    ],
    ["is no COPY", () => Buffer.from("<html>not what you asked for</html>")],
  ])("a binary stream that %s fails with skip, and nothing is written", async (_what, spoil) => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer", note: "string" }) });
    const chunks: Buffer[] = [];
    const whole = copyRead(db.client, "SELECT i::int8, 'x' FROM generate_series(1, 3) AS i", "pg-binary");
    for await (const chunk of whole.chunks) chunks.push(chunk as Buffer);
    const spoiled = spoil(Buffer.concat(chunks));
    for (const size of [1, 10_000]) {
      const session = await openDestination(db.url);
      await session.begin({ token: { sync: 1, attempt: size }, streams: [plan], checkpoints: [] });
      const read: PartRead = {
        form: "bytes",
        rows: () => 0,
        chunks: (async function* () {
          for (let at = 0; at < spoiled.length; at += size) yield spoiled.subarray(at, at + size);
        })(),
      };
      await expect(loadPart(session, plan, read, { format: "pg-binary" })).rejects.toMatchObject({
        failure: { recovery: "skip" },
      });
      // The session is in order after that.
      await loadPart(session, plan, []);
      await session.close();
      expect(await db.sql("SELECT * FROM t")).toEqual([]);
    }
  });

  test.each<[string, string]>([
    ["a check", "ALTER TABLE t ADD CHECK (id <> 2)"],
    [
      "a trigger with a code of its own",
      `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 2 THEN RAISE EXCEPTION 'no' USING ERRCODE = 'WR777'; END IF; RETURN NEW; END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()`,
    ],
  ])("a byte route that %s refuses fails with skip, and the same rows go by batch", async (_what, sql) => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer" }) });
    const session = await openDestination(db.url);
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan], checkpoints: [] });
    await db.sql(sql);
    const transaction = await session.transaction(never);
    const bytes = copyRead(db.client, "SELECT i::int8 FROM generate_series(1, 3) AS i", "pg-binary");
    await expect(loadRead(session, transaction, plan, bytes, { format: "pg-binary" })).rejects.toMatchObject({
      failure: { recovery: "skip" },
    });
    await transaction.rollback();
    const result = await loadPart(session, plan, rowsRead(plan, [{ id: 1 }, { id: 2 }, { id: 3 }]));
    expect(result).toMatchObject({ written: 2, rejected: 1 });
    await session.close();
  });

  test("a row of 100 MB goes through in binary", async () => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer", note: "string" }) });
    const query = "SELECT i::int8, repeat('0123456789', 10000000) FROM generate_series(1, 1) AS i";
    const { result } = await syncStream(db.url, plan, copyRead(db.client, query, "pg-binary"), {
      format: "pg-binary",
    });
    expect(result).toMatchObject({ received: 1, written: 1 });
    expect(
      await db.sql("SELECT id, md5(note) = md5(repeat('0123456789', 10000000)) AS same FROM t ORDER BY id"),
    ).toEqual([{ id: "1", same: "t" }]);
  });

  test("several loads share one transaction", async () => {
    const db = await newDatabase();
    const one = planOf({ table: { name: "one" }, fields: fields({ id: "integer" }) });
    const two = planOf({ table: { name: "two" }, fields: fields({ id: "integer" }), mode: "overwrite" });
    const session = await openDestination(db.url);
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: [one, two], checkpoints: [] });
    const transaction = await session.transaction(never);
    await loadRead(session, transaction, one, rowsRead(one, [{ id: 1 }]));
    await loadRead(session, transaction, two, copyRead(db.client, "SELECT 5::int8", "pg-binary"), {
      format: "pg-binary",
    });
    await loadRead(session, transaction, one, rowsRead(one, [{ id: 2 }]));
    await transaction.commit([]);
    await transaction.rollback();
    await finishStream(session, two);
    await session.close();
    expect(
      await db.sql("SELECT (SELECT count(*) FROM one) AS one, (SELECT sum(id) FROM two) AS two"),
    ).toEqual([{ one: "2", two: "5" }]);
  });
});

test("a wrong password and a closed port fail with words when the session is opened", async () => {
  const db = await newDatabase();
  const url = new URL(db.url);
  url.password = "wrong-secret";
  expect(await codeOf(openDestination(url.href))).toBe("destination.credentials_refused");
  expect(JSON.stringify(destinationConfig(db.url))).toContain("schema");
  url.port = "1";
  expect(await codeOf(openDestination(url.href))).toBe("destination.unreachable");
});
