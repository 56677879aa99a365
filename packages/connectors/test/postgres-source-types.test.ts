import { fieldsOf, type Encoding } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { attempt, bytesOf, configured, encoding, newDatabase, partsOf, rowsOf } from "./postgres-source.ts";

/** Every type of the server with its extremes: name, type, values as SQL. */
const TYPES: readonly (readonly [string, string, readonly string[]])[] = [
  ["bool", "bool", ["true", "false"]],
  ["int2", "int2", ["-32768", "32767"]],
  ["int4", "int4", ["-2147483648", "2147483647"]],
  ["int8", "int8", ["-9223372036854775808", "9223372036854775807", "9007199254740993"]],
  ["oid", "oid", ["0", "4294967295"]],
  [
    "float4",
    "float4",
    ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "3.4028235e38", "1e-45", "0.1", "16777217"],
  ],
  [
    "float8",
    "float8",
    [
      "'NaN'",
      "'Infinity'",
      "'-Infinity'",
      "'-0'",
      "1.7976931348623157e308",
      "5e-324",
      "0.1",
      "123456789012345678",
    ],
  ],
  [
    "numeric",
    "numeric",
    [
      "'NaN'",
      "'Infinity'",
      "'-Infinity'",
      "'1.500'",
      "'-0.00000000000000000000000000000000000001'",
      "('1' || repeat('0', 130000))::numeric",
      "('0.' || repeat('0', 16000) || '1')::numeric",
      "'12345678901234567890123456789012345678.123456789'",
    ],
  ],
  ["numeric_10_2", "numeric(10,2)", ["99999999.99", "-99999999.99", "'NaN'", "1.5"]],
  ["numeric_5_minus_2", "numeric(5,-2)", ["1234567", "-49"]],
  ["numeric_3_5", "numeric(3,5)", ["0.00999"]],
  ["money", "money", ["'-92233720368547758.08'", "'92233720368547758.07'", "'1234.50'"]],
  ["date", "date", ["'infinity'", "'-infinity'", "'4714-11-24 BC'", "'5874897-12-31'", "'2024-02-29'"]],
  [
    "timestamp",
    "timestamp",
    [
      "'infinity'",
      "'-infinity'",
      "'4714-11-24 00:00:00 BC'",
      "'294276-12-31 23:59:59.999999'",
      "'2024-02-29 12:00:00.000001'",
    ],
  ],
  [
    "timestamptz",
    "timestamptz",
    [
      "'infinity'",
      "'-infinity'",
      "'4714-11-24 00:00:00+00 BC'",
      "'294276-12-31 23:59:59.999999+00'",
      "'2024-02-29 12:00:00.5+05:45'",
    ],
  ],
  ["timestamptz_3", "timestamptz(3)", ["'2024-02-29 12:00:00.123456+00'"]],
  ["time", "time", ["'00:00:00'", "'24:00:00'", "'23:59:59.999999'"]],
  ["timetz", "timetz", ["'00:00:00+15:59'", "'24:00:00-15:59'", "'12:00:00.000001+00'"]],
  [
    "interval",
    "interval",
    ["'178000000 years'", "'-178000000 years'", "'1 mon -1 day 00:00:01.5'", "'infinity'"],
  ],
  [
    "text",
    "text",
    [
      "''",
      "E'\\\\N'",
      "'\\N'",
      "E'a\\tb\\nc\\rd\\\\e\"f,g\\b\\f\\v'",
      "'héllo 🎉 \u{10ffff}'",
      "'\\.'",
      "repeat('x', 3000000)",
    ],
  ],
  ["varchar_5", "varchar(5)", ["'  a  '", "''"]],
  ["char_5", "char(5)", ["'a'", "''", "'ab  '"]],
  ["name", "name", ["'a name'"]],
  ["single_char", '"char"', ["'a'", "''"]],
  ["bytea", "bytea", ["'\\x'", "'\\x00ff5c0a09'"]],
  ["uuid", "uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]],
  [
    "json",
    "json",
    ['\'{"a" : 1, "a": 2, "b":[1.10, 1e400, 12345678901234567890]}\'', "'null'", "'\"\"'", "' [ 1 ] '"],
  ],
  [
    "jsonb",
    "jsonb",
    ['\'{"a": 1.10, "b": [null, 12345678901234567890123]}\'', "'null'", "'\"x\\ny\"'", "'[]'"],
  ],
  ["jsonpath", "jsonpath", ["'$.a[*] ? (@ > 1)'"]],
  ["xml", "xml", ["'<a>1</a>'"]],
  ["inet", "inet", ["'192.168.1.1'", "'192.168.1.1/24'", "'::ffff:1.2.3.4/96'"]],
  ["cidr", "cidr", ["'192.168.1.0/24'", "'::/0'"]],
  ["macaddr", "macaddr", ["'08:00:2b:01:02:03'"]],
  ["macaddr8", "macaddr8", ["'08:00:2b:01:02:03:04:05'"]],
  ["bit_8", "bit(8)", ["'10101010'"]],
  ["varbit", "bit varying", ["''", "'101'"]],
  ["point", "point", ["'(1.1,-2e300)'"]],
  ["line", "line", ["'{1,2,3}'"]],
  ["lseg", "lseg", ["'[(0,0),(1,1)]'"]],
  ["box", "box", ["'(2,2),(1,1)'"]],
  ["path", "path", ["'[(0,0),(1,1)]'", "'((0,0),(1,1))'"]],
  ["polygon", "polygon", ["'((0,0),(1,1),(1,0))'"]],
  ["circle", "circle", ["'<(0,0),1.5>'"]],
  ["int4range", "int4range", ["'empty'", "'[1,5)'", "'(,)'"]],
  ["int8range", "int8range", ["'[1,9223372036854775807)'"]],
  ["numrange", "numrange", ["'[1.10,2.20]'"]],
  ["tsrange", "tsrange", ["'[2024-01-01,infinity)'"]],
  ["tstzrange", "tstzrange", ["'[2024-01-01 00:00:00+02,)'"]],
  ["daterange", "daterange", ["'[2024-01-01,2024-02-01)'"]],
  ["int4multirange", "int4multirange", ["'{}'", "'{[1,3),[5,7)}'"]],
  ["tsvector", "tsvector", ["to_tsvector('english', 'The quick brown fox')"]],
  ["tsquery", "tsquery", ["'fat & (rat | cat)'", "''"]],
  ["pg_lsn", "pg_lsn", ["'FFFFFFFF/FFFFFFFF'"]],
  ["xid", "xid", ["'4294967295'"]],
  ["xid8", "xid8", ["'18446744073709551615'"]],
  ["tid", "tid", ["'(4294967295,65535)'"]],
  ["regclass", "regclass", ["'pg_class'", "0"]],
  ["pg_snapshot", "pg_snapshot", ["'10:20:10,14'"]],
  ["int_array", "int4[]", ["'{}'", "'{1,NULL,3}'", "'{{1,2},{3,4}}'", "'[0:1]={5,6}'"]],
  ["text_array", "text[]", ["ARRAY['a\"b', E'c\\\\d', 'é,\n', NULL, '']"]],
  ["float_array", "float8[]", ["'{NaN,Infinity,-Infinity,0.1,1e300}'"]],
  ["numeric_array", "numeric[]", ["'{1.50,NaN,12345678901234567890.1}'"]],
  ["timestamp_array", "timestamptz[]", ["'{infinity,2024-01-01 00:00:00+00}'"]],
  ["bool_array", "bool[]", ["'{t,f,NULL}'"]],
  ["json_array", "jsonb[]", ["ARRAY['{\"a\":1}'::jsonb, 'null']"]],
  ["bytea_array", "bytea[]", ["ARRAY['\\x00ff'::bytea]"]],
  ["int2vector", "int2vector", ["'1 2 3'"]],
  ["mood", "mood", ["'sad'", "'very happy, ''really'''"]],
  ["mood_array", "mood[]", ["'{sad,NULL}'"]],
  ["pair", "pair", ["ROW(1, 'a,b\"c')", "ROW(NULL, NULL)"]],
  ["pair_array", "pair[]", ["ARRAY[ROW(1, 'x')::pair]"]],
  ["float_range", "float_range", ["'[0.1,0.2]'"]],
  ["email", "email", ["'a@b.c'"]],
  ["price", "price", ["12.34"]],
  ["nested_price", "nested_price", ["56.78"]],
  ["refcursor", "refcursor", ["'c'"]],
];

const database = await newDatabase();
await database.sql(`
  CREATE TYPE mood AS ENUM ('sad', 'very happy, ''really''');
  CREATE TYPE pair AS (a int4, b text);
  CREATE TYPE float_range AS RANGE (subtype = float8);
  CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
  CREATE DOMAIN price AS numeric(10,2);
  CREATE DOMAIN nested_price AS price CHECK (VALUE > 0);
  CREATE TABLE every (id int4 PRIMARY KEY, ${TYPES.map(([name, type]) => `"c_${name}" ${type}`).join(", ")})`);
const height = Math.max(...TYPES.map(([, , values]) => values.length));
for (let row = 0; row <= height; row += 1) {
  const values = TYPES.map(([, type, all]) =>
    all[row] === undefined ? "NULL" : `CAST(${all[row]} AS ${type})`,
  );
  await database.sql(`INSERT INTO every VALUES (${row}, ${values.join(", ")})`);
}
const config = database.config();
const stream = await configured(config, "every");
const names = ["id", ...TYPES.map(([name]) => `c_${name}`)];

/** Every column by the output function of its type, as the database itself says. */
async function said(): Promise<readonly Record<string, string | null>[]> {
  const list = names.map((name) => {
    const field = fieldsOf(stream.stream.json_schema).find((found) => found.name === name);
    const column = `"${name}"`;
    // format('%s') calls the output function; arrays are JSON by contract.
    const text = field?.kind === "array" ? `to_json(${column})::text` : `format('%s', ${column})`;
    return `CASE WHEN ${column} IS DISTINCT FROM NULL THEN ${text} END AS ${column}`;
  });
  await database.sql("SET TimeZone = 'UTC'; SET extra_float_digits = 3");
  return database.sql(`SELECT ${list.join(", ")} FROM every ORDER BY id`);
}

describe("types", () => {
  test("kinds follow Airbyte's", () => {
    const kinds = Object.fromEntries(
      fieldsOf(stream.stream.json_schema).map((field) => [field.name, field.kind]),
    );
    const special = Object.fromEntries(Object.entries(kinds).filter(([, kind]) => kind !== "string"));
    expect(special).toEqual({
      id: "integer",
      c_bool: "boolean",
      c_int2: "integer",
      c_int4: "integer",
      c_int8: "integer",
      c_oid: "integer",
      c_float4: "number",
      c_float8: "number",
      c_numeric: "number",
      c_numeric_10_2: "number",
      c_numeric_5_minus_2: "number",
      c_numeric_3_5: "number",
      c_price: "number",
      c_nested_price: "number",
      c_date: "date",
      c_timestamp: "timestamp_without_timezone",
      c_timestamptz: "timestamp_with_timezone",
      c_timestamptz_3: "timestamp_with_timezone",
      c_time: "time_without_timezone",
      c_timetz: "time_with_timezone",
      c_json: "unknown",
      c_jsonb: "unknown",
      c_int_array: "array",
      c_text_array: "array",
      c_float_array: "array",
      c_numeric_array: "array",
      c_timestamp_array: "array",
      c_bool_array: "array",
      c_json_array: "array",
      c_bytea_array: "array",
      c_int2vector: "array",
      c_mood_array: "array",
      c_pair_array: "array",
    });
  });

  test("facets: decimals only where a scale lies within the precision, the source's own type always", () => {
    const fields = Object.fromEntries(
      fieldsOf(stream.stream.json_schema).map((field) => [field.name, field]),
    );
    expect(fields["c_numeric_10_2"]).toMatchObject({
      precision: 10,
      scale: 2,
      native: { type: "numeric(10,2)" },
    });
    expect(fields["c_nested_price"]).toMatchObject({
      precision: 10,
      scale: 2,
      native: { type: "numeric(10,2)" },
    });
    expect(fields["c_numeric_5_minus_2"]?.precision).toBeUndefined();
    expect(fields["c_numeric_3_5"]?.precision).toBeUndefined();
    expect(fields["c_numeric"]?.precision).toBeUndefined();
    expect(fields["c_mood"]?.native).toEqual({ system: "postgresql", type: "public.mood" });
    expect(fields["c_email"]?.native).toEqual({ system: "postgresql", type: "text" });
    expect(fields["c_varchar_5"]?.native?.type).toBe("character varying(5)");
  });

  test("batch gives what the database itself says, value by value", async () => {
    const truth = await said();
    const rows = await attempt(config, stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      return part === undefined ? [] : rowsOf(part, stream);
    });
    expect(rows.length).toBe(height + 1);
    for (const name of names) {
      expect(
        rows.map((row) => row[name]),
        name,
      ).toEqual(truth.map((row) => row[name]));
    }
  });

  test("csv carries the same text as batch, read back by the server", async () => {
    const back = await readBack(
      "csv",
      names.map((name) => `"${name}" text`),
      "FORMAT csv, NULL '\\N'",
    );
    const truth = await said();
    for (const name of names)
      expect(
        back.map((row) => row[name]),
        name,
      ).toEqual(truth.map((row) => row[name]));
  });

  test.each(["pg-text", "pg-binary"] as const)(
    "%s loads into the destination's types without a change",
    async (format) => {
      const asked = encoding(stream, format);
      const truth = await said();
      const columns = asked.columns.map(({ field, type }) => `"${field.name}" ${type}`);
      const back = await readBack(format, columns, format === "pg-text" ? "FORMAT text" : "FORMAT binary");
      for (const { field } of asked.columns) {
        const list = truth.map((row) => row[field.name]);
        expect(
          back.map((row) => row[field.name]),
          field.name,
        ).toEqual(await expected(field.kind, list));
      }
    },
  );

  test.each(["pg-text", "pg-binary"] as const)("%s keeps native types", async (format) => {
    const fields = fieldsOf(stream.stream.json_schema);
    const candidates = fields.map((field) => ({ field, type: field.native?.type ?? "" }));
    const kept = await attempt(config, stream, null, async (reader) =>
      candidates.filter((column) => reader.gives({ format, columns: [column], cost: 1 })),
    );
    const refused = candidates.filter((column) => !kept.includes(column)).map(({ type }) => type);
    expect(refused.toSorted()).toEqual(
      (format === "pg-text"
        ? ["money", "regclass"]
        : [
            "money",
            "regclass",
            '"char"',
            "pg_snapshot",
            "public.float_range",
            "public.mood[]",
            "public.pair",
            "public.pair[]",
            "refcursor",
            "tsquery",
            "xml",
          ]
      ).toSorted(),
    );
    await database.sql(`DROP TABLE IF EXISTS native; CREATE TABLE native AS
      SELECT ${kept.map(({ field }) => `"${field.name}"`).join(", ")} FROM every LIMIT 0`);
    await load(
      { format, columns: kept, cost: 1 },
      "native",
      format === "pg-text" ? "FORMAT text" : "FORMAT binary",
    );
    // Row-wise as text: json has no equality.
    const [difference] = await database.sql(`SELECT count(*) AS different FROM
      (SELECT n::text FROM native n EXCEPT ALL SELECT k::text FROM
        (SELECT ${kept.map(({ field }) => `"${field.name}"`).join(", ")} FROM every) k) d`);
    const [count] = await database.sql("SELECT count(*) AS rows FROM native");
    expect([difference?.["different"], count?.["rows"]]).toEqual(["0", String(height + 1)]);
  });

  /** Loads all by the server's own COPY FROM. */
  async function load(asked: Encoding, table: string, options: string): Promise<void> {
    const { from } = await import("pg-copy-streams");
    const { pipeline } = await import("node:stream/promises");
    const { Readable } = await import("node:stream");
    const { bytes, rows } = await attempt(config, stream, null, async (reader) => {
      expect(reader.gives(asked)).toBe(true);
      const [part] = await partsOf(reader);
      if (part === undefined) throw new Error("no part");
      return bytesOf(part, asked);
    });
    const copy = database.client.query(from(`COPY ${table} FROM STDIN (${options})`));
    await pipeline(Readable.from([bytes]), copy);
    expect(rows).toBe(height + 1);
  }

  async function readBack(
    format: Encoding["format"],
    columns: readonly string[],
    options: string,
  ): Promise<readonly Record<string, string | null>[]> {
    await database.sql(`DROP TABLE IF EXISTS loaded; CREATE TABLE loaded (${columns.join(", ")})`);
    await load(encoding(stream, format), "loaded", options);
    await database.sql("SET TimeZone = 'UTC'");
    return database.sql(
      `SELECT ${names.map((name) => `"${name}"::text`).join(", ")} FROM loaded ORDER BY id::int4`,
    );
  }

  /** The canonical texts as the destination's column prints them once they are in it. */
  async function expected(
    kind: string,
    texts: readonly (string | null | undefined)[],
  ): Promise<(string | null)[]> {
    const type = { number: "numeric", array: "jsonb", unknown: "jsonb", boolean: "bool" }[kind] ?? "text";
    const rows = await database.sql(
      `SELECT t::${type}::text AS value FROM unnest($1::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n`,
      [texts],
    );
    return rows.map((row) => row["value"] ?? null);
  }
});
