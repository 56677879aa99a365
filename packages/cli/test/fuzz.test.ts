import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fuzzed, fuzzInputs } from "@weir/kit/testing";
import { WeirError } from "@weir/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CommandContext } from "../src/command.ts";
import { problemsOf } from "../src/project/problem.ts";
import { readProject } from "../src/project/read.ts";

const GOOD = [
  `sources:
  shop:
    connector: source-postgres
    config: { host: 127.0.0.1, port: 5432, database: shop, username: weir, password: "\${SHOP_PASSWORD}" }
  people:
    connector: source-faker
    config:
      count: 100
destinations:
  lake:
    connector: destination-duckdb
    config:
      path: lake.duckdb
connections:
  shop to lake:
    source: shop
    destination: lake
    mode: incremental_append_deduped
    streams:
      - name: orders
        namespace: public
        cursor: updated_at
        primaryKey: [id]
      - people
    namespace: { format: "raw_\${SOURCE_NAMESPACE}" }
    prefix: w_
    schemaChanges: propagate_columns
    rejects: { max: 10 }
    limits: { parallelStreams: 2 }
`,
  `sources: { a: { connector: source-faker } }
destinations: { b: { connector: destination-dev-null } }
connections: { c: { source: a, destination: b, streams: all } }
`,
  "# nothing\n",
];

const TOKENS = [
  ..."{ } [ ] , : - ? | > & * ! % @ ` # ' \" \\".split(" "),
  "\n",
  "\n  ",
  "\t",
  "\r",
  "\u0000",
  "\ufeff",
  "---\n",
  "...\n",
  "&a [*a, *a]",
  "&x [1, 1]\n? *x",
  "<<: *a",
  "!!binary x",
  "!!js/function x",
  "%YAML 9.9\n",
  "${",
  "${A:-",
  "${SHOP_PASSWORD}",
  "~",
  "null",
  "1e400",
  "0x1f",
  ".nan",
  "__proto__: 1",
  "constructor: {}",
  "{a: ".repeat(200),
  "[".repeat(2000),
  "a".repeat(300),
];

describe("any bytes as a weir.yaml", () => {
  test("are a project, or problems each with its place", { timeout: 3_600_000 }, async () => {
    const cwd = mkdtempSync(join(tmpdir(), "weir-fuzz-"));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const context = {
      cwd,
      file: undefined,
      io: { env: { SHOP_PASSWORD: "a fuzzed secret" } },
    } as unknown as CommandContext;
    let projects = 0;
    let slowest = 0;
    for (const input of fuzzed({ corpus: GOOD, tokens: TOKENS, seed: 2, inputs: fuzzInputs() })) {
      writeFileSync(join(cwd, "weir.yaml"), input);
      const startedAt = performance.now();
      try {
        const project = await readProject(context);
        for (const name of project.connections) project.connection(name);
        projects += 1;
      } catch (error) {
        if (!(error instanceof WeirError))
          throw new Error(`on ${JSON.stringify(input.toString())}`, { cause: error });
        expect(error.failure.code).toMatch(/^config\./);
        expect(JSON.stringify(error.failure)).not.toContain("a fuzzed secret");
        for (const { line, column } of problemsOf(error)) expect(Math.min(line, column)).toBeGreaterThan(0);
      }
      slowest = Math.max(slowest, performance.now() - startedAt);
    }
    expect(projects).toBeGreaterThan(fuzzInputs() / 100);
    expect(slowest).toBeLessThan(10_000);
  });
});
