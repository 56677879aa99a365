import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "contributing-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the code that stands below a comment naming its file. */
function extract(path: string): void {
  const [, code] = text.split(`<!-- ${path} -->\n\n\`\`\`ts\n`);
  if (code === undefined) throw new Error(`CONTRIBUTING.md does not show ${path}.`);
  writeFileSync(join(folder, path.replaceAll("/", "-")), code.split("```")[0] ?? "");
}

/** Runs a script beside the code and returns what it prints as JSON. */
async function run(script: string): Promise<unknown> {
  const file = join(folder, "run.ts");
  writeFileSync(file, script);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
  return JSON.parse(stdout);
}

test("the source of CONTRIBUTING.md reads lines and goes on where it stopped", async () => {
  extract("packages/connectors/src/lines/source.ts");
  writeFileSync(join(folder, "input"), "one\ntwo\n");
  const result = await run(`
    import { appendFileSync } from "node:fs";
    import { readSource, testContext } from "@weir/kit/testing";
    import { source } from "./packages-connectors-src-lines-source.ts";
    const config = { path: "input" };
    const first = await readSource(source, { config, mode: "incremental" });
    appendFileSync("input", "three");
    const next = await readSource(source, { config, mode: "incremental", state: first.state });
    const missing = await source.check({ path: "nowhere" }, testContext());
    console.log(JSON.stringify([first.records, next.records, missing.status]));
  `);
  expect(result).toEqual([
    {
      lines: [
        { number: 1, text: "one" },
        { number: 2, text: "two" },
      ],
    },
    { lines: [{ number: 3, text: "three" }] },
    "FAILED",
  ]);
});

test("the destination of CONTRIBUTING.md posts rows", async () => {
  extract("packages/connectors/src/webhook/destination.ts");
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (request.method === "POST") bodies.push(JSON.parse(body));
      response.writeHead(request.url === "/full" ? 507 : 200).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  try {
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const result = await run(`
      import { testContext, writeDestination } from "@weir/kit/testing";
      import { destination } from "./packages-connectors-src-webhook-destination.ts";
      const stream = { table: { name: "items" }, fields: [{ name: "id", kind: "integer" }] } as const;
      const { status } = await destination.check({ url: "${url}" }, testContext());
      const good = await writeDestination(destination, { config: { url: "${url}" }, stream, rows: [{ id: 1 }, { id: 2 }] });
      const bad = await writeDestination(destination, { config: { url: "${url}/full" }, stream, rows: [{ id: 3 }] })
        .catch((error) => error.message);
      console.log(JSON.stringify([status, good.result.written, bad]));
    `);
    expect(result).toEqual(["SUCCEEDED", 2, `${url}/full answered 507`]);
    expect(bodies[0]).toMatchObject({
      table: "items",
      rows: [{ id: 1, _airbyte_generation_id: 1 }, { id: 2 }],
    });
  } finally {
    server.close();
  }
});
