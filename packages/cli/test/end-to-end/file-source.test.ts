import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { DestinationConnector, DestinationSession, LoadTransaction } from "@weir/protocol";
import { isObject, parseJson, WeirError } from "@weir/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { newFolder, overridden, type Synced, syncOnce, type SyncOptions } from "./scene.ts";
import { newTarget, rowsOf, TARGETS } from "./targets.ts";

/** A folder with one stream `rows` of all its files. */
function filesSource(files: Readonly<Record<string, string | Uint8Array>>, options: object = {}) {
  const root = newFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
  const streams = [{ name: "rows", files: Object.keys(files), ...options }];
  return { root, endpoint: { id: "source-file", config: { root, part_megabytes: 1, streams } } };
}

/** Does something around each load or commit of the destination. */
function around(
  name: "load" | "commit",
  act: (call: () => Promise<unknown>) => Promise<unknown>,
): (connector: DestinationConnector) => DestinationConnector {
  return (connector) => ({
    ...connector,
    open: async (request) => {
      const session = await connector.open(request);
      const transaction: DestinationSession["transaction"] = async (signal) => {
        const own = await session.transaction(signal);
        const call = own[name].bind(own) as (...given: unknown[]) => Promise<unknown>;
        const replaced = { [name]: (...given: unknown[]) => act(() => call(...given)) };
        return overridden(own, replaced as Partial<LoadTransaction>);
      };
      return overridden(session, { transaction });
    },
  });
}

/** The rows set aside, from the files that the result names. */
function setAside({ result }: Synced): readonly (readonly [code: unknown, line: unknown])[] {
  const texts = (result.streams[0]?.rejects ?? []).flatMap((file) =>
    readFileSync(file, "utf8").trimEnd().split("\n"),
  );
  return texts.map((line) => {
    const row = parseJson(line);
    if (!isObject(row) || !isObject(row["record"])) throw new TypeError(`No rejected row: ${line}`);
    return [row["code"], row["record"]["line"]];
  });
}

const fromFiles = (options: Partial<SyncOptions>): Pick<SyncOptions, "streams" | "mode" | "connection"> => ({
  streams: ["rows"],
  mode: options.mode ?? "full_refresh_append",
  connection: { rejects: { max: 100 } },
});

const CSV = 'id,n\n1,1\n2\n3,3,3\n"4,4\n5",5\n"6"x,6\n7,12345678901234567890123456789012345678901234\n8,"8\n';

const JSONL = [
  '{"id":1,"n":1}',
  '{"id":2,"n":',
  "[]",
  '{"id":4,"n":1e400}',
  '{"id":5,"n":1234567890123456789012345678901234567890}',
  "",
  '{"id":7,"n":7}',
  "",
].join("\n");

describe.each(TARGETS)("rows of files that cannot be understood, %s", (id) => {
  test.each(["once", "after a failed load", "after a commit that failed"])(
    "are set aside once, %s",
    async (when) => {
      for (const [name, content] of Object.entries({ "a.csv": CSV, "a.jsonl": JSONL })) {
        const target = await newTarget(id);
        let calls = 0;
        const failing = async (call: () => Promise<unknown>): Promise<unknown> => {
          calls += 1;
          if (when === "after a failed load" && calls === 1) {
            await call();
            throw broken;
          }
          if (when === "after a commit that failed" && calls === 1) throw broken;
          return call();
        };
        const synced = await syncOnce({
          source: filesSource({ [name]: content }).endpoint,
          destination: target.endpoint,
          ...fromFiles({}),
          through: around(when === "after a failed load" ? "load" : "commit", failing),
        });
        const isCsv = name === "a.csv";
        expect(synced.result.failure).toBeUndefined();
        const [read, rejected] = isCsv ? [7, 4] : [6, 2];
        expect(synced.result.streams[0]?.rows).toMatchObject({ read, committed: read - rejected, rejected });
        expect(setAside(synced)).toEqual(
          isCsv
            ? [
                ["source.row_ragged", 3],
                ["source.row_ragged", 4],
                ["source.row_quotes", 7],
                ["source.row_quotes", 9],
              ]
            : [
                ["source.row_not_json", 2],
                ["source.row_not_object", 3],
              ],
        );
        const rows = (await rowsOf(target, "rows")).map(({ values, changes }) => [
          values["id"],
          values["n"],
          changes,
        ]);
        const lost = [{ field: "n", change: "NULLED", reason: "DESTINATION_FIELD_SIZE_LIMITATION" }];
        if (isCsv) {
          expect(rows).toEqual([
            ["1", "1", []],
            ["4,4\n5", "5", []],
            ["7", "12345678901234567890123456789012345678901234", []],
          ]);
        } else {
          // PostgreSQL's numeric holds any digits, DuckDB's DECIMAL(38,9) does not.
          const isWide = id === "destination-postgres";
          const large = `1${"0".repeat(400)}`;
          expect(rows).toEqual([
            ["1", "1", []],
            ["4", isWide ? large : null, isWide ? [] : lost],
            ["5", isWide ? "1234567890123456789012345678901234567890" : null, isWide ? [] : lost],
            ["7", "7", []],
          ]);
        }
      }
    },
  );
});

const broken = new WeirError({
  code: "destination.broken",
  message: "The destination broke.",
  next: "Nothing.",
  recovery: "retry",
  origin: "destination",
});

/** Some megabytes, so that there are several parts. */
function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `{"id":${from + at},"x":"${"x".repeat(90)}"}\n`).join(
    "",
  );
}

describe.each(TARGETS)("a file that is written while it is read, %s", (id) => {
  test.each([false, true])("is read again whole when it has grown, place %s", async (place) => {
    const source = filesSource({ "a.jsonl": lines(0, 40_000) }, { place });
    const target = await newTarget(id);
    let loads = 0;
    const synced = await syncOnce({
      source: source.endpoint,
      destination: target.endpoint,
      ...fromFiles({ mode: "full_refresh_overwrite" }),
      through: around("load", async (call) => {
        loads += 1;
        if (loads === (place ? 3 : 1)) appendFileSync(join(source.root, "a.jsonl"), lines(40_000, 40_100));
        return call();
      }),
    });
    expect(synced.result.failure).toBeUndefined();
    expect(synced.result.attempts).toBe(2);
    const [found] = await target.sql("SELECT count(*) AS n, count(DISTINCT id) AS d, max(id) AS m FROM rows");
    expect(found).toEqual({ n: "40100", d: "40100", m: "40099" });
  });

  test("and gone leaves nothing, or the others", async () => {
    for (const others of [{}, { "b.jsonl": lines(7, 8) }]) {
      const source = filesSource({ "a.jsonl": lines(0, 1000), ...others });
      const target = await newTarget(id);
      let loads = 0;
      const synced = await syncOnce({
        source: {
          ...source.endpoint,
          config: { root: source.root, streams: [{ name: "rows", files: ["*.jsonl"] }] },
        },
        destination: target.endpoint,
        ...fromFiles({ mode: "full_refresh_overwrite" }),
        through: around("load", async (call) => {
          loads += 1;
          if (loads === 1) rmSync(join(source.root, "a.jsonl"));
          return call();
        }),
      });
      if ("b.jsonl" in others) {
        expect(synced.result.failure).toBeUndefined();
        expect((await rowsOf(target, "rows")).map(({ values }) => values["id"])).toEqual(["7"]);
      } else {
        expect(synced.result).toMatchObject({
          status: "failed",
          failure: { code: "source.no_files", recovery: "ask" },
        });
        expect(synced.result.streams[0]?.rows.committed ?? 0).toBe(0);
      }
    }
  });
});

describe("a compressed file cut short", () => {
  test.each(TARGETS)("leaves nothing in %s", async (id) => {
    const bytes = gzipSync(lines(0, 40_000));
    const source = filesSource({ "a.jsonl.gz": bytes.subarray(0, -20) });
    const target = await newTarget(id);
    const { result } = await syncOnce({
      source: source.endpoint,
      destination: target.endpoint,
      ...fromFiles({}),
    });
    expect(result).toMatchObject({ status: "failed", attempts: 1, failure: { code: "source.file_cut" } });
    expect(await rowsOf(target, "rows")).toEqual([]);
  });
});

/** How long a sync lives on after it is cancelled, in milliseconds. */
async function cancelled(
  source: SyncOptions["source"],
  destination: SyncOptions["destination"],
  after: Promise<void>,
) {
  const abort = new AbortController();
  const running = syncOnce({ source, destination, ...fromFiles({}), request: { signal: abort.signal } });
  await Promise.race([after, running]);
  const at = performance.now();
  abort.abort();
  const { result } = await running;
  return { status: result.status, took: performance.now() - at };
}

describe("a sync of files that is cancelled ends within a second", () => {
  test.each([
    ["a large CSV", "a.csv", { place: true }],
    ["a large CSV as it is", "a.csv", {}],
    ["large JSON lines", "a.jsonl", { place: true }],
  ] as const)("%s", async (_name, name, options) => {
    const row =
      name === "a.csv" ? `1,2,3,"${"x".repeat(80)}"\n` : `{"a":1,"b":2,"c":3,"d":"${"x".repeat(80)}"}\n`;
    const source = filesSource(
      { [name]: `${name === "a.csv" ? "a,b,c,d\n" : ""}${row.repeat(1_000_000)}` },
      options,
    );
    const target = await newTarget("destination-postgres");
    const begun = new Promise<void>((resolve) => setTimeout(resolve, 1500));
    const { status, took } = await cancelled(source.endpoint, target.endpoint, begun);
    expect(status).toBe("cancelled");
    expect(took).toBeLessThan(1000);
  });

  test("from a server that sends a byte now and then", async () => {
    let asked = (): void => undefined;
    const begun = new Promise<void>((resolve) => (asked = resolve));
    const server = createServer((request, response) => {
      response.writeHead(200, { "content-length": 1_000_000, etag: "one" });
      if (request.method === "HEAD") return void response.end();
      response.write("id,n\n1,2\n");
      const timer = setInterval(() => response.write("1"), 300);
      response.on("close", () => clearInterval(timer));
      asked();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.csv`;
    const source = { id: "source-file", config: { streams: [{ name: "rows", files: [url] }] } };
    const target = await newTarget("destination-postgres");
    const { status, took } = await cancelled(source, target.endpoint, begun);
    expect(status).toBe("cancelled");
    expect(took).toBeLessThan(1000);
  });
});
