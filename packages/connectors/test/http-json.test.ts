import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readSource, testContext } from "@weir/kit/testing";
import { fieldsOf, type JsonObject, type SourceConnector } from "@weir/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { source } from "../src/http-json/source.ts";

const connector: SourceConnector = source;
const server = createServer((request, response) => {
  requests.push(request);
  answer(request, response);
});
let url: string;
let requests: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/orders`;
});

beforeEach(() => {
  requests = [];
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function give(text: string, status = 200): void {
  answer = (_request, response) => void response.writeHead(status).end(text);
}

const orders =
  '[{"id":1,"at":"2024-01-01","total":12345678901234567.89},{"id":2,"at":"2024-01-02","note":null}]';

describe("discover", () => {
  test("fields and their kinds come from the rows", async () => {
    give(
      JSON.stringify([
        { id: 1, price: 1, ok: null, mixed: 1, tags: [1], more: { a: 1 }, none: null },
        { id: 9007199254740991, price: 1.5, ok: true, mixed: "x", tags: null, more: null, late: "x" },
      ]),
    );
    const catalog = await connector.discover(
      { url, stream: "orders", primary_key: ["id"], cursor: "price" },
      testContext(),
    );
    const [stream] = catalog.streams;
    expect(stream).toMatchObject({
      name: "orders",
      supported_sync_modes: ["full_refresh", "incremental"],
      default_cursor_field: ["price"],
      source_defined_primary_key: [["id"]],
    });
    expect(fieldsOf(stream?.json_schema ?? {}).map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "id integer",
      "price number",
      "ok boolean",
      "mixed union",
      "tags array",
      "more object",
      "none string",
      "late string",
    ]);
  });

  test("whole numbers beyond 64 bits are numbers", async () => {
    give('[{"a":9223372036854775807,"b":9223372036854775808,"c":1e+21}]');
    const [stream] = (await connector.discover({ url, stream: "x", primary_key: [] }, testContext())).streams;
    expect(fieldsOf(stream?.json_schema ?? {}).map(({ kind }) => kind)).toEqual([
      "integer",
      "number",
      "number",
    ]);
  });

  test("a key or cursor that no row has is named, with those there are", async () => {
    give('[{"id":1}]');
    await expect(
      connector.discover({ url, stream: "x", primary_key: ["key"], cursor: "at" }, testContext()),
    ).rejects.toMatchObject({
      failure: {
        code: "source.field_missing",
        message: "No row has the field key or at.",
        next: expect.stringContaining("id") as string,
      },
    });
  });
});

describe("read", () => {
  test("every object is a row, numbers exact", async () => {
    give(orders);
    const { records, state } = await readSource(connector, { config: { url } });
    expect(records).toEqual({
      items: [
        {
          id: 1,
          at: "2024-01-01",
          total: expect.objectContaining({ text: "12345678901234567.89" }) as unknown,
        },
        { id: 2, at: "2024-01-02", note: null },
      ],
    });
    expect(state).toEqual([{ type: "STREAM", name: "items", state: { progress: null, complete: true } }]);
  });

  test("an incremental read gives what is newer than its state, in the cursor's order", async () => {
    const rows = [
      { id: 3, at: "2024-03-01" },
      { id: 1, at: "2024-01-01" },
      { id: 2, at: "2024-02-01" },
    ];
    const config = { url, cursor: "at", primary_key: ["id"], cursor_parameter: "since", stream: "orders" };
    give(JSON.stringify(rows.slice(1)));
    const first = await readSource(connector, { config, mode: "incremental" });
    expect(ids(first.records["orders"])).toEqual([1, 2]);
    expect(new URL(requests.at(-1)?.url ?? "", url).search).toBe("");
    give(JSON.stringify(rows));
    const second = await readSource(connector, { config, mode: "incremental", state: first.state });
    expect(ids(second.records["orders"])).toEqual([3]);
    expect(new URL(requests.at(-1)?.url ?? "", url).searchParams.get("since")).toBe("2024-02-01");
    const third = await readSource(connector, { config, mode: "incremental", state: second.state });
    expect(third.records["orders"]).toEqual([]);
    expect(third.state).toEqual(second.state);
  });

  test("states come between rows of different cursors only, and a read goes on from any of them", async () => {
    const rows = Array.from({ length: 12_500 }, (_, index) => ({ id: index, at: Math.floor(index / 7) }));
    give(JSON.stringify(rows.toReversed()));
    const config = { url, cursor: "at" };
    const { messages } = await readSource(connector, { config });
    const states = messages.flatMap((message) =>
      message.type === "STATE" ? [message.state.stream?.stream_state] : [],
    );
    expect(states).toHaveLength(4);
    for (const state of states.slice(0, -1)) {
      const { progress } = state as { progress: number };
      const rest = await readSource(connector, {
        config,
        state: [{ type: "STREAM", name: "items", state: { progress } }],
      });
      expect(ids(rest.records["items"]).toSorted((a, b) => Number(a) - Number(b))).toEqual(
        rows.filter(({ at }) => at > progress).map(({ id }) => id),
      );
    }
  });

  test("the token goes into the header and nowhere else", async () => {
    give("not json", 200);
    const result = await connector.check(
      { url, token: "s3cr3t", stream: "x", primary_key: [] },
      testContext(),
    );
    expect(requests.at(-1)?.headers.authorization).toBe("Bearer s3cr3t");
    expect(result.status).toBe("FAILED");
    expect(JSON.stringify(result)).not.toContain("s3cr3t");
  });
});

function ids(rows: readonly JsonObject[] | undefined): readonly unknown[] {
  return (rows ?? []).map(({ id }) => id);
}

describe("trouble", () => {
  const check = () => connector.check({ url, stream: "x", primary_key: [] }, testContext());

  test("a good answer passes the check", async () => {
    give(orders);
    expect(await check()).toEqual({ status: "SUCCEEDED", failures: [] });
  });

  test.each<[string, () => void, string, string]>([
    ["no JSON", () => give("<html>"), "source.not_json", "ask"],
    ["half of it", () => give('[{"id":1}'), "source.not_json", "ask"],
    ["an object", () => give("{}"), "source.not_rows", "ask"],
    ["a list of numbers", () => give("[1]"), "source.not_rows", "ask"],
    ["401", () => give("", 401), "source.access_denied", "ask"],
    ["403", () => give("", 403), "source.access_denied", "ask"],
    ["404", () => give("", 404), "source.refused", "ask"],
    ["429", () => give("", 429), "source.unavailable", "retry"],
    ["503", () => give("", 503), "source.unavailable", "retry"],
    [
      "a connection cut in the middle",
      () => {
        answer = (_request, response) => {
          response.writeHead(200, { "content-length": "1000" }).write("[");
          setTimeout(() => response.destroy(), 20);
        };
      },
      "source.unreachable",
      "retry",
    ],
  ])("%s", async (_what, set, code, recovery) => {
    set();
    const { status, failures } = await check();
    expect(status).toBe("FAILED");
    expect(failures).toMatchObject([{ code, recovery, origin: "source", path: "url" }]);
    expect(failures[0]?.message).toContain("127.0.0.1");
  });

  test("nobody listening", async () => {
    const dead = connector.check({ url: "http://127.0.0.1:9/", stream: "x", primary_key: [] }, testContext());
    expect(await dead).toMatchObject({
      failures: [{ code: "source.unreachable", detail: expect.stringMatching(/./) as string }],
    });
  });

  test.each([
    ["a row without a cursor", '[{"at":1},{"at":null}]', "source.cursor_missing"],
    ["numbers and texts", '[{"at":1},{"at":"x"}]', "source.cursor_unusable"],
    ["a decimal no double holds", '[{"at":1},{"at":1.00000000000000000001}]', "source.cursor_unusable"],
  ])("a cursor that cannot be: %s", async (_what, text, code) => {
    give(text);
    await expect(readSource(connector, { config: { url, cursor: "at" } })).rejects.toMatchObject({
      failure: { code },
    });
  });

  test("a server that never answers is left when the sync is cancelled", async () => {
    answer = () => {};
    const controller = new AbortController();
    const context = testContext({ signal: controller.signal });
    const reading = readSource(connector, { config: { url }, context });
    const started = performance.now();
    setTimeout(() => controller.abort(new Error("cancelled")), 20);
    await expect(reading).rejects.toThrow("cancelled");
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
