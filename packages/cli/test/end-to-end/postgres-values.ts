import type { Change } from "@weir/protocol";

/** What a destination that cannot hold a value makes of it. */
export type Loss = Pick<Change, "change" | "reason">;

export interface TypeValue {
  /** An expression of the column's type. */
  readonly sql: string;
  /** Where the value is kept as jsonb. */
  readonly jsonb?: Loss | undefined;
  /** Where the value is kept as DuckDB's type of the field's kind. */
  readonly duckdb?: Loss | undefined;
}

export interface TypeColumn {
  readonly name: string;
  readonly type: string;
  /** The base type as pg_type names it, where the column stands for one. */
  readonly base?: string | undefined;
  readonly values: readonly TypeValue[];
}

const WRONG_TYPE: Loss = { change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" };
const TOO_LARGE: Loss = { change: "NULLED", reason: "DESTINATION_FIELD_SIZE_LIMITATION" };
const ROUNDED: Loss = { change: "TRUNCATED", reason: "DESTINATION_FIELD_SIZE_LIMITATION" };

/** NaN and the infinities, which a DECIMAL has not. */
const unreal = (...all: readonly string[]): readonly TypeValue[] =>
  all.map((sql) => ({ sql, duckdb: WRONG_TYPE }));
const tooLarge = (...all: readonly string[]): readonly TypeValue[] =>
  all.map((sql) => ({ sql, duckdb: TOO_LARGE }));
const rounded = (...all: readonly string[]): readonly TypeValue[] =>
  all.map((sql) => ({ sql, duckdb: ROUNDED }));
/** JSON texts that PostgreSQL's json takes and its jsonb does not. */
const noJsonb = (...all: readonly string[]): readonly TypeValue[] =>
  all.map((sql) => ({ sql, jsonb: WRONG_TYPE }));
const fit = (...all: readonly string[]): readonly TypeValue[] => all.map((sql) => ({ sql }));

const digits = (count: number): string => "1234567890".repeat(Math.ceil(count / 10)).slice(0, count);

/** E-string of a text with everything that some format gives a meaning. */
const HOSTILE = [
  `E''`,
  `E'\\\\N'`,
  `E'\\\\.'`,
  `E'\\\\\\\\N'`,
  `'"'`,
  `'""'`,
  `''''`,
  `','`,
  `E'\\n'`,
  `E'\\r\\n'`,
  `E'\\r'`,
  `E'\\t'`,
  `E'a\\tb\\nc\\rd\\\\e"f,g\\b\\f\\v\\x01\\x7f'`,
  `'  blanks  '`,
  `'NULL'`,
  `'null'`,
  `'héllo 🎉 \u{10ffff} \ufeff \u2028'`,
  `E'e\u0301 \u{1f469}\u200d\u{1f4bb} \u0635\u0644\u0649'`,
  `'\ufeffmark first'`,
  `'today'`,
  `'{"a":'`,
  `E'\\u0001'`,
];

const BASE: readonly (readonly [base: string, ...values: readonly TypeValue[]])[] = [
  ["bool", ...fit("true", "false")],
  ["int2", ...fit("-32768", "32767", "0")],
  ["int4", ...fit("-2147483648", "2147483647", "-1")],
  ["int8", ...fit("-9223372036854775808", "9223372036854775807", "9007199254740993", "-9007199254740993")],
  ["oid", ...fit("0", "4294967295")],
  [
    "float4",
    ...unreal("'NaN'", "'Infinity'", "'-Infinity'"),
    ...tooLarge("3.4028235e38", "-3.4028235e38"),
    ...rounded("1e-45", "1.1754944e-38", "3.1415927e-5"),
    ...fit("'-0'", "0.1", "16777217", "1e20"),
  ],
  [
    "float8",
    ...unreal("'NaN'", "'Infinity'", "'-Infinity'"),
    ...tooLarge("1.7976931348623157e308", "-1e30"),
    ...rounded("5e-324", "2.2250738585072014e-308", "0.30000000000000004", "1e-10"),
    ...fit("'-0'", "0.1", "123456789012345678", "1e-9", "9.007199254740993e15", "1e28"),
  ],
  [
    "numeric",
    ...unreal("'NaN'", "'Infinity'", "'-Infinity'"),
    ...tooLarge(
      digits(1000),
      `-${digits(500)}.${digits(500)}`,
      "('1' || repeat('0', 131071))::numeric",
      "1e29",
      "-99999999999999999999999999999.9999999995",
    ),
    ...rounded(
      `0.${digits(1000)}`,
      "('0.' || repeat('0', 16382) || '1')::numeric",
      "0.0000000005",
      "-0.0000000005",
      "0.00000000049",
      "1234567890123456789012345678.1234567895",
    ),
    ...fit(
      "'1.500'",
      "0",
      "0.000",
      "-0.000000001",
      "99999999999999999999999999999.999999999",
      "-99999999999999999999999999999.999999999",
    ),
  ],
  ["money", ...fit("'-92233720368547758.08'", "'92233720368547758.07'", "'1234.50'")],
  ["text", ...fit(...HOSTILE)],
  ["varchar", ...fit(...HOSTILE)],
  ["bpchar", ...fit("'a'", "''", "'trailing   '")],
  ["name", ...fit("'a name'", "''", `'${"n".repeat(63)}'`, `'"quoted"'`)],
  ["char", ...fit("'a'", "''", "'\\'", "','")],
  [
    "bytea",
    ...fit(
      "''",
      "decode(string_agg_hex, 'hex')".replace(
        "string_agg_hex",
        "(SELECT string_agg(lpad(to_hex(i), 2, '0'), '' ORDER BY i) FROM generate_series(0, 255) AS i)",
      ),
      "'\\x00'",
    ),
  ],
  ["uuid", ...fit("'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'")],
  ["date", ...fit("'infinity'", "'-infinity'", "'4714-11-24 BC'", "'0001-12-31 BC'", "'0001-01-01'")],
  ["date", ...fit("'5874897-12-31'", "'2024-02-29'", "'1969-12-31'", "'9999-12-31'", "'10000-01-01'")],
  [
    "timestamp",
    ...fit("'infinity'", "'-infinity'", "'4714-11-24 00:00:00 BC'", "'0044-03-15 12:00:00.000001 BC'"),
    ...tooLarge("'294276-12-31 23:59:59.999999'", "'294247-01-10 04:00:54.775807'"),
    ...fit("'294247-01-10 04:00:54.775806'", "'2024-02-29 12:00:00.000001'", "'1969-12-31 23:59:59.999999'"),
  ],
  [
    "timestamptz",
    ...fit("'infinity'", "'-infinity'", "'4714-11-24 00:00:00+00 BC'", "'0001-01-01 00:00:00+05:30'"),
    ...tooLarge("'294276-12-31 23:59:59.999999+00'"),
    ...fit("'294247-01-10 04:00:54.775806+00'", "'2024-02-29 12:00:00.5+05:45'", "'1883-11-18 12:03:57+00'"),
  ],
  ["time", ...fit("'00:00:00'", "'24:00:00'", "'23:59:59.999999'", "'12:00:00.1'")],
  [
    "timetz",
    ...fit(
      "'00:00:00+15:59'",
      "'24:00:00-15:59'",
      "'12:00:00.000001+00'",
      "'23:59:59.999999-15:59:59'",
      "'01:02:03+05:45'",
      "'00:00:00+15:59:59'",
    ),
  ],
  [
    "interval",
    ...fit(
      "'178000000 years'",
      "'-178000000 years'",
      "'1 mon -1 day 00:00:01.5'",
      "'infinity'",
      "'-infinity'",
    ),
    ...fit("'-00:00:00.000001'", "'2562047788:00:54.775807'", "'0'"),
  ],
  [
    "json",
    ...fit(
      `'{"a" : 1, "a": 2, "b":[1.10, 1e400, 12345678901234567890, -0, 1E5, 0.1000000000000000000000000000001]}'`,
      "'null'",
      `'""'`,
      "' [ 1 , {} ] '",
      `'"\\u00e9\\ud83d\\ude00 \\"\\\\\\/\\b\\f\\n\\r\\t"'`,
      `E'{"k\\n" : "line\\\\nbreak"}'`.replace("k\\n", "k"),
      `E'[1,\\n\\t2]'`,
      "'12345678901234567890123456789.5'",
      "'true'",
    ),
    ...noJsonb(`'{"nul": "a\\u0000b"}'`, `'"\\u0000"'`, `'{"n": 1e200000}'`),
    { sql: `'{"half": "\\ud83d"}'`, jsonb: WRONG_TYPE, duckdb: WRONG_TYPE },
  ],
  [
    "jsonb",
    ...fit(
      `'{"a": 1.10, "b": [null, 12345678901234567890123, 1e400, 0.1000000000000000000000000000001]}'`,
      "'null'",
      `'"x\\ny\\u00e9\\ud83d\\ude00"'`,
      "'[]'",
      "'{}'",
      `'"\\\\u0000"'`,
      "'-0.0'",
      "'false'",
    ),
  ],
  ["jsonpath", ...fit("'$.a[*] ? (@ > 1)'", `'$."b c"'`)],
  ["xml", ...fit("'<a>1 &amp; 2</a>'", "'plain'", "''")],
  ["inet", ...fit("'192.168.1.1'", "'192.168.1.1/24'", "'::ffff:1.2.3.4/96'", "'0.0.0.0/0'")],
  ["cidr", ...fit("'192.168.1.0/24'", "'::/0'", "'10.0.0.1/32'")],
  ["macaddr", ...fit("'08:00:2b:01:02:03'", "'ff:ff:ff:ff:ff:ff'")],
  ["macaddr8", ...fit("'08:00:2b:01:02:03:04:05'")],
  ["bit", ...fit("B'1'", "B'0'")],
  ["varbit", ...fit("B''", "B'101'", "repeat('10', 500)::varbit")],
  ["point", ...fit("'(1.1,-2e300)'", "'(NaN,Infinity)'", "'(-0,5e-324)'")],
  ["line", ...fit("'{1,2,3}'")],
  ["lseg", ...fit("'[(0,0),(1,1)]'")],
  ["box", ...fit("'(2,2),(1,1)'")],
  ["path", ...fit("'[(0,0),(1,1)]'", "'((0,0),(1,1))'")],
  ["polygon", ...fit("'((0,0),(1,1),(1,0))'")],
  ["circle", ...fit("'<(0,0),1.5>'")],
  ["int4range", ...fit("'empty'", "'[1,5)'", "'(,)'", "'[-2147483648,2147483647)'")],
  ["int8range", ...fit("'[-9223372036854775808,9223372036854775807)'")],
  ["numrange", ...fit("'[1.10,2.20]'", "'(-Infinity,NaN]'")],
  ["tsrange", ...fit("'[2024-01-01,infinity)'", "'[\"4714-11-24 00:00:00 BC\",)'")],
  ["tstzrange", ...fit("'[2024-01-01 00:00:00+02,)'")],
  ["daterange", ...fit("'[2024-01-01,2024-02-01)'", "'(,5874897-12-31)'")],
  ["int4multirange", ...fit("'{}'", "'{[1,3),[5,7)}'")],
  ["int8multirange", ...fit("'{[1,9223372036854775807)}'")],
  ["nummultirange", ...fit("'{[1.10,2.20],(3,)}'")],
  ["tsmultirange", ...fit("'{[2024-01-01,2024-01-02)}'")],
  ["tstzmultirange", ...fit("'{[2024-01-01 00:00:00+02,)}'")],
  ["datemultirange", ...fit("'{(,2024-01-01),[2025-01-01,)}'")],
  ["tsvector", ...fit("to_tsvector('english', 'The quick brown fox')", "'''a b'':1A ''c\\\\'':2'", "''")],
  ["tsquery", ...fit("'fat & (rat | cat)'", "'!a <2> b:*AB'", "''")],
  ["pg_lsn", ...fit("'FFFFFFFF/FFFFFFFF'", "'0/0'")],
  ["xid", ...fit("'4294967295'", "'0'")],
  ["xid8", ...fit("'18446744073709551615'")],
  ["cid", ...fit("'4294967295'")],
  ["tid", ...fit("'(4294967295,65535)'")],
  ["pg_snapshot", ...fit("'10:20:10,14'")],
  ["txid_snapshot", ...fit("'10:20:10,14'")],
  ["refcursor", ...fit("'c'", "'a \"cursor\"'")],
  ["aclitem", ...fit("(SELECT relacl[1] FROM pg_class WHERE relname = 'pg_class')")],
  ["regclass", ...fit("'pg_class'", "0", "4294967295::oid")],
  ["regcollation", ...fit(`'"C"'`)],
  ["regconfig", ...fit("'english'")],
  ["regdictionary", ...fit("'simple'")],
  ["regnamespace", ...fit("'pg_catalog'")],
  ["regoper", ...fit("'pg_catalog.||/'")],
  ["regoperator", ...fit("'+(integer,integer)'")],
  ["regproc", ...fit("'now'")],
  ["regprocedure", ...fit("'lower(text)'")],
  ["regrole", ...fit("'pg_monitor'")],
  ["regtype", ...fit("'timestamp with time zone'", "'int4[]'")],
  ["pg_node_tree", ...fit("(SELECT ev_action FROM pg_rewrite ORDER BY oid LIMIT 1)")],
  ["pg_ndistinct", ...fit("(SELECT stxdndistinct FROM pg_statistic_ext_data LIMIT 1)")],
  ["pg_dependencies", ...fit("(SELECT stxddependencies FROM pg_statistic_ext_data LIMIT 1)")],
  ["pg_mcv_list", ...fit("(SELECT stxdmcv FROM pg_statistic_ext_data LIMIT 1)")],
  // The server makes values of these inside indexes only: a column of them holds NULL.
  ["gtsvector"],
  ["pg_brin_bloom_summary"],
  ["pg_brin_minmax_multi_summary"],
];

/** Types with modifiers, of the user's own, and arrays that are not simply lists of one of the above. */
const OTHER: readonly (readonly [name: string, type: string, ...values: readonly TypeValue[]])[] = [
  ["decimal_38_9", "numeric(38,9)", ...fit(`-${"9".repeat(29)}.${"9".repeat(9)}`, "0.000000001")],
  ["decimal_38_9_nan", "numeric(38,9)", ...unreal("'NaN'")],
  ["decimal_38_0", "numeric(38)", ...fit("9".repeat(38), `-${"9".repeat(38)}`)],
  ["decimal_38_38", "numeric(38,38)", ...fit(`0.${"9".repeat(38)}`)],
  ["decimal_10_2", "numeric(10,2)", ...fit("99999999.99", "-99999999.99", "1.5", "0")],
  ["decimal_4_2", "numeric(4,2)", ...fit("99.99", "-99.99")],
  ["decimal_18_4", "numeric(18,4)", ...fit("99999999999999.9999")],
  ["decimal_39_1", "numeric(39,1)", ...tooLarge(`${"9".repeat(38)}.9`), ...fit("1.5")],
  ["decimal_5_minus_2", "numeric(5,-2)", ...fit("1234567", "-49")],
  ["decimal_3_5", "numeric(3,5)", ...fit("0.00999")],
  ["decimal_1000_1000", "numeric(1000,1000)", ...rounded(`0.${digits(1000)}`)],
  ["varchar_5", "varchar(5)", ...fit("'  a  '", "''", "'🎉🎉🎉🎉🎉'")],
  ["char_5", "char(5)", ...fit("'a'", "''", "'ab  '")],
  ["bit_8", "bit(8)", ...fit("B'10101010'")],
  ["varbit_8", "varbit(8)", ...fit("B'101'")],
  ["timestamp_0", "timestamp(0)", ...fit("'2024-02-29 12:00:00.5'")],
  ["timestamptz_3", "timestamptz(3)", ...fit("'2024-02-29 12:00:00.123456+00'")],
  ["time_0", "time(0)", ...fit("'12:00:00.4'")],
  ["timetz_3", "timetz(3)", ...fit("'12:00:00.1234+01'")],
  ["interval_day", "interval day to second(3)", ...fit("'1 day 00:00:01.23456'")],
  ["text_20_mb", "text", ...fit("repeat(repeat('0123456789é', 85) || E'\\t\\\\\\n', 20000)")],
  ["mood", "mood", ...fit("'sad'", `'very happy, ''really'' "so"'`, "'🎉'")],
  ["pair", "pair", ...fit("ROW(1, 'a,b\"c')", "ROW(NULL, NULL)", "ROW(2, E'\\n\\\\')")],
  ["row_type", "parts", ...fit("ROW(1, ARRAY[ROW(2, 'x')::pair], '{\"j\":1}')")],
  ["float_range", "float_range", ...fit("'[0.1,0.2]'")],
  ["float_multirange", "float_multirange", ...fit("'{[0.1,0.2]}'")],
  ["email", "email", ...fit("'a@b.c'")],
  ["price", "price", ...fit("12.34")],
  ["nested_price", "nested_price", ...fit("56.78")],
  ["moods", "moods", ...fit("'{sad,NULL}'")],
  ["nested_array", "int4[]", ...fit("'{{1,2},{3,4}}'", "'{}'", "'{{{1}}}'", "'{1,NULL,3}'")],
  ["shifted_array", "int4[]", ...fit("'[0:1]={5,6}'")],
  ["text_array_2d", "text[]", ...fit(`ARRAY[['a"b', E'c\\\\d'], ['é,\n', NULL]]`, `ARRAY['', 'NULL', '{}']`)],
  ["json_array", "json[]", ...fit(`ARRAY['{"a" : 1.50}'::json, 'null', NULL, '[1,2]']`)],
  ["json_array_nul", "json[]", ...noJsonb(`ARRAY['"\\u0000"'::json]`)],
  ["jsonb_array", "jsonb[]", ...fit(`ARRAY['{"a": 1.50}'::jsonb, 'null', NULL]`)],
  ["mood_array", "mood[]", ...fit("'{sad,NULL}'")],
  ["pair_array", "pair[]", ...fit(`ARRAY[ROW(1, 'x')::pair, NULL, ROW(NULL, 'a"b')::pair]`)],
  ["range_array", "int4range[]", ...fit(`'{"[1,5)",empty}'`)],
  ["email_array", "email[]", ...fit("'{a@b,NULL}'")],
  ["int2vector", "int2vector", ...fit("'1 2 3'", "''")],
  ["oidvector", "oidvector", ...fit("'1 4294967295'")],
];

/** Long and JSON values are told apart in arrays of their own. */
const NO_LIST = new Set(["json", "jsonb", "pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list"]);

const quoted = (base: string): string => (base === "char" || base === "bit" ? `"${base}"` : base);

function scalarColumns(): readonly TypeColumn[] {
  const bases = [...new Set(BASE.map(([base]) => base))];
  return bases.map((base) => ({
    name: `c_${base}`,
    type: quoted(base),
    base,
    values: BASE.filter(([name]) => name === base).flatMap(([, ...values]) => values),
  }));
}

/** For each base type a list of all its values and NULL. */
function listColumns(): readonly TypeColumn[] {
  return scalarColumns().flatMap(({ base = "", type, values }) => {
    if (values.length === 0 || NO_LIST.has(base)) return [];
    const items = values.map(({ sql }) => `CAST(${sql} AS ${type})`);
    return [
      { name: `list_${base}`, type: `${type}[]`, values: fit(`ARRAY[${items.join(", ")}, NULL]`, "'{}'") },
    ];
  });
}

export const COLUMNS: readonly TypeColumn[] = [
  ...scalarColumns(),
  ...listColumns(),
  ...OTHER.map(([name, type, ...values]) => ({ name, type, values })),
];

/** What must be there before the columns can be. */
export const TYPES_SQL = `
CREATE TYPE mood AS ENUM ('sad', 'very happy, ''really'' "so"', '🎉');
CREATE TYPE pair AS (a int4, b text);
CREATE TABLE parts (id int4, pairs pair[], note json);
CREATE TYPE float_range AS RANGE (subtype = float8, multirange_type_name = float_multirange);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN price AS numeric(10,2);
CREATE DOMAIN nested_price AS price CHECK (VALUE > 0);
CREATE DOMAIN moods AS mood[];
CREATE TABLE counted AS SELECT i % 3 AS a, i % 3 AS b FROM generate_series(1, 30) AS i;
CREATE STATISTICS of_counted (ndistinct, dependencies, mcv) ON a, b FROM counted;
ANALYZE counted`;

/** A table of these columns, one row for each place in the lists of values and one of NULLs. */
export function tableSql(name: string, columns: readonly TypeColumn[]): readonly string[] {
  const definitions = columns.map(({ name: column, type }) => `"${column}" ${type}`);
  const rows = Math.max(...columns.map(({ values }) => values.length)) + 1;
  return [
    `CREATE TABLE ${name} (id int4 PRIMARY KEY, ${definitions.join(", ")})`,
    ...Array.from({ length: rows }, (_, row) => {
      const values = columns.map(({ type, values: all }) => {
        const value = all[row];
        return value === undefined ? "NULL" : `CAST(${value.sql} AS ${type})`;
      });
      return `INSERT INTO ${name} VALUES (${row}, ${values.join(", ")})`;
    }),
  ];
}
