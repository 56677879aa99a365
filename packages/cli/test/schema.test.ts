import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import schema from "../weir.schema.json" with { type: "json" };
import { folderWith, weir } from "./terminal.ts";

const accepts = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

const GOOD = `sources:
  shop:
    connector: source-postgres
    config:
      host: localhost
      port: \${PORT}
      database: shop
      username: weir
      password: \${PASSWORD}
destinations:
  nothing: { connector: destination-dev-null }
connections:
  all: { source: shop, destination: nothing }
  some:
    source: shop
    destination: nothing
    streams: [users, public.orders, { name: events, mode: incremental_append, cursor: at, primaryKey: [a, b], fields: [a] }]
    namespace: { format: "raw_\${SOURCE_NAMESPACE}" }
    prefix: x_
    schemaChanges: ignore
    nativeTypes: true
    rejects: { max: 10 }
    verify: checksum
    limits: { parallelStreams: 2, backoffMinSeconds: 1 }
`;

test("the editors' schema and the reader accept the same full project", async () => {
  expect(accepts(parse(GOOD)) ? [] : accepts.errors).toEqual([]);
  const cwd = await folderWith({ "weir.yaml": GOOD });
  const { code, stdout } = await weir(["check", "nothing"], { cwd });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "destination nothing: ok\n" });
});

const bad: Readonly<Record<string, readonly [from: string, to: string]>> = {
  "an unknown key": ["prefix: x_", "prefixx: x_"],
  "a wrong word": ["schemaChanges: ignore", "schemaChanges: ignored"],
  "a wrong type": ["rejects: { max: 10 }", "rejects: 10"],
  "a number too small": ["parallelStreams: 2", "parallelStreams: 0"],
  "a missing setting": ["      host: localhost\n", ""],
  "a missing key": ["  all: { source: shop, destination: nothing }", "  all: { source: shop }"],
  "an unknown connector": ["destination-dev-null", "destination-nowhere"],
  "a source for a destination": ["destination-dev-null", "source-faker"],
  "a secret in the clear": ["password: ${PASSWORD}", "password: hunter2000"],
  "a setting of the wrong type": ["port: ${PORT}", "port: many"],
  "a name with blanks": ["  all:", "  all of it:"],
};

for (const [what, [from, to]] of Object.entries(bad)) {
  test(`the editors' schema and the reader both refuse ${what}`, async () => {
    const text = GOOD.replace(from, to);
    expect(text).not.toBe(GOOD);
    expect(accepts(parse(text))).toBe(false);
    const cwd = await folderWith({ "weir.yaml": text });
    const { code } = await weir(["check"], { cwd, env: { PORT: "1", PASSWORD: "x" } });
    expect(code).toBe(2);
  });
}
