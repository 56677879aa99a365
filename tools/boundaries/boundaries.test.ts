import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkBoundaries } from "./check.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "boundaries-"));
  write("package.json", { devDependencies: { vitest: "1.0.0" } });
  pack("protocol", { exports: { ".": "./src/index.ts" } });
  pack("kit", {
    exports: { ".": "./src/index.ts", "./testing": "./src/testing/index.ts" },
    dependencies: { "@weir/protocol": "1.0.0", ajv: "1.0.0" },
  });
  pack("engine", {
    exports: { ".": "./src/index.ts" },
    dependencies: { "@weir/protocol": "1.0.0" },
    devDependencies: { "@weir/kit": "1.0.0" },
  });
  pack("connectors", {
    exports: { ".": "./src/registry.ts" },
    dependencies: { "@weir/kit": "1.0.0", "@weir/protocol": "1.0.0", pg: "1.0.0" },
  });
  write("packages/protocol/src/index.ts", "export const version = 1;");
  write("packages/kit/src/index.ts", 'export { version } from "@weir/protocol";');
  write("packages/kit/src/testing/index.ts", 'import { test } from "vitest"; export const run = test;');
  write(
    "packages/engine/src/index.ts",
    'import { version } from "@weir/protocol"; export const v = version;',
  );
  write("packages/engine/test/a.test.ts", 'import { run } from "@weir/kit/testing"; run("a", () => {});');
  write("packages/connectors/src/registry.ts", 'export const source = () => import("./postgres/source.ts");');
  write(
    "packages/connectors/src/postgres/source.ts",
    'import pg from "pg"; export const client = pg.Client;',
  );
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" ? `${content}\n` : JSON.stringify(content));
}

function pack(name: string, manifest: object): void {
  write(`packages/${name}/package.json`, { name: `@weir/${name}`, ...manifest });
}

function problems(): readonly string[] {
  return checkBoundaries(root).problems;
}

test("a clean workspace has no problems", () => {
  expect(problems()).toEqual([]);
});

const forbidden: readonly [what: string, path: string, code: string, problem: string][] = [
  [
    "a package absent from the row",
    "packages/engine/src/a.ts",
    'import "@weir/kit";',
    'packages/engine/src/a.ts: engine may not import "@weir/kit"',
  ],
  [
    "a type-only import of a forbidden package",
    "packages/protocol/src/a.ts",
    'import type { A } from "@weir/kit";',
    'packages/protocol/src/a.ts: protocol may not import "@weir/kit"',
  ],
  [
    "an import type expression",
    "packages/protocol/src/a.ts",
    'export type A = import("@weir/kit").A;',
    'packages/protocol/src/a.ts: protocol may not import "@weir/kit"',
  ],
  [
    "a dynamic import",
    "packages/engine/src/a.ts",
    'export const a = () => import("@weir/connectors");',
    'packages/engine/src/a.ts: engine may not import "@weir/connectors"',
  ],
  [
    "a re-export",
    "packages/engine/src/a.ts",
    'export * from "@weir/kit";',
    'packages/engine/src/a.ts: engine may not import "@weir/kit"',
  ],
  [
    "testing doors in sources",
    "packages/connectors/src/a.ts",
    'import { run } from "@weir/kit/testing";',
    'packages/connectors/src/a.ts: connectors may not import "@weir/kit/testing"',
  ],
  [
    "connectors in tests of the engine",
    "packages/engine/test/b.test.ts",
    'import "@weir/connectors";',
    'packages/engine/test/b.test.ts: tests of engine may not import "@weir/connectors"',
  ],
  [
    "a path behind the doors",
    "packages/kit/src/a.ts",
    'import "@weir/protocol/src/index.ts";',
    'packages/kit/src/a.ts: imports "@weir/protocol/src/index.ts", which is not a public door (see "exports" in its package.json)',
  ],
  [
    "a relative path into another package",
    "packages/kit/src/a.ts",
    'import "../../protocol/src/index.ts";',
    'packages/kit/src/a.ts: imports "../../protocol/src/index.ts", outside packages/kit: use a public door of the other package',
  ],
  [
    "a relative path from tools into a package",
    "tools/a/main.ts",
    'import "../../packages/protocol/src/index.ts";',
    'tools/a/main.ts: imports "../../packages/protocol/src/index.ts", outside tools: use a public door of the other package',
  ],
  [
    "an undeclared dependency",
    "packages/kit/src/a.ts",
    'import "yaml/parse";',
    'packages/kit/src/a.ts: imports "yaml", which packages/kit/package.json does not declare',
  ],
  [
    "a dependency declared at the root only",
    "packages/kit/src/a.ts",
    'import "vitest";',
    'packages/kit/src/a.ts: imports "vitest", which packages/kit/package.json does not declare',
  ],
  [
    "an undeclared scoped dependency of tools",
    "tools/a/main.ts",
    'import "@duckdb/node-api";',
    'tools/a/main.ts: imports "@duckdb/node-api", which the root package.json does not declare',
  ],
  [
    "a builtin without its prefix",
    "packages/kit/src/a.ts",
    'import "fs";',
    'packages/kit/src/a.ts: imports "fs": write "node:fs"',
  ],
];

describe("imports", () => {
  test.each(forbidden)("refuses %s", (_what, path, code, problem) => {
    write(path, code);
    expect(problems()).toEqual([problem]);
  });

  test("refuses a package without a row in the table", () => {
    pack("orphan", { exports: {} });
    expect(problems()).toEqual([
      "packages/orphan: has no row in the import table (tools/boundaries/table.ts)",
    ]);
  });

  test("a comment or a string is not an import", () => {
    write("packages/engine/src/a.ts", '// import "@weir/kit";\nexport const a = \'import "@weir/kit"\';');
    expect(problems()).toEqual([]);
  });
});

describe("cycles", () => {
  test("refuses a cycle of three, types included", () => {
    write("packages/kit/src/a.ts", 'import "./b.ts";');
    write("packages/kit/src/b.ts", 'export { c } from "./c.ts";');
    write("packages/kit/src/c.ts", 'import type { A } from "./a.ts"; export const c = 1;');
    const [a, b, c] = ["a", "b", "c"].map((name) => `packages/kit/src/${name}.ts`);
    expect(problems()).toEqual([`import cycle: ${a} -> ${b} -> ${c} -> ${a}`]);
  });

  test("finds a cycle behind a file already visited", () => {
    write("packages/kit/src/a.ts", 'import "./leaf.ts"; import "./b.ts";');
    write("packages/kit/src/b.ts", 'import "./leaf.ts"; import "./a.ts";');
    write("packages/kit/src/leaf.ts", "export const leaf = 1;");
    expect(problems()).toHaveLength(1);
  });
});

describe("vendor drivers", () => {
  const registry = "packages/connectors/src/registry.ts";

  test("refuses a driver the registry loads through two files", () => {
    write(registry, 'export { spec } from "./postgres/index.ts";');
    write("packages/connectors/src/postgres/index.ts", 'import "./source.ts"; export const spec = 1;');
    expect(problems()).toEqual([
      `packages/connectors/src/postgres/source.ts: loads "pg" at start (${registry} -> ` +
        "packages/connectors/src/postgres/index.ts -> packages/connectors/src/postgres/source.ts): use await import()",
    ]);
  });

  test("refuses an inline type import, which still loads the module", () => {
    write(registry, 'import { type Client } from "pg"; export type C = Client;');
    expect(problems()).toHaveLength(1);
  });

  test("allows import type and await import()", () => {
    write(registry, 'import type { Client } from "pg"; export const open = async () => await import("pg");');
    expect(problems()).toEqual([]);
  });

  test("a missing registry is a problem, not a pass", () => {
    rmSync(join(root, registry));
    expect(problems()).toEqual([`${registry} is missing: driver loading was not checked`]);
  });
});

describe("shape", () => {
  test.each(["common", "shared", "core", "utils"])("refuses a folder named %s", (name) => {
    write(`packages/kit/src/${name}/a.ts`, "export const a = 1;");
    expect(problems()).toHaveLength(1);
  });

  test.each(["run-manager.ts", "sqlHelper.ts", "source_impl.ts", "reader-v2.ts", "legacy.ts"])(
    "refuses a file named %s",
    (name) => {
      write(`packages/kit/src/${name}`, "export const a = 1;");
      expect(problems()).toHaveLength(1);
    },
  );

  test("a forbidden word inside another word passes", () => {
    write("packages/kit/src/implementation.ts", "export const a = 1;");
    expect(problems()).toEqual([]);
  });

  test("refuses 601 lines, tells of 301, and passes generated files", () => {
    write("packages/kit/src/a.ts", Array(601).fill("export {};").join("\n"));
    write("packages/kit/src/b.ts", Array(301).fill("export {};").join("\n"));
    write("packages/kit/src/c.ts", `// Generated by tools.\n${"export {};\n".repeat(700)}`);
    const { problems: found, notices } = checkBoundaries(root);
    expect(found).toEqual(["packages/kit/src/a.ts: 601 lines, over the limit of 600: split it"]);
    expect(notices).toContain("notice: packages/kit/src/b.ts: 301 lines");
    expect(notices.at(-1)).toBe("9 files, median 1 lines (target 120 or fewer)");
  });
});
