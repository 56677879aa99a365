import type { JsonObject, JsonValue } from "@weir/protocol";
import { expect, test } from "vitest";
import type { RequestCall } from "../../src/components/requester/contract.ts";
import type { SliceRead } from "../../src/components/retriever/contract.ts";
import { type Answer, page, SLICE, testScope } from "../scope.ts";

const SELECTOR = { type: "RecordSelector", extractor: { type: "DpathExtractor", field_path: ["data"] } };

interface Script {
  readonly paginator?: JsonObject;
  readonly node?: JsonObject;
  readonly read?: Partial<SliceRead>;
  readonly answers: (call: RequestCall, count: number) => Answer;
}

async function run({ paginator, node, read, answers }: Script) {
  const calls: RequestCall[] = [];
  const scope = testScope({ size: 2 }, (call) => answers(call, calls.push(call)));
  const retriever = scope.build("retriever", {
    type: "SimpleRetriever",
    requester: { type: "Scripted" },
    record_selector: SELECTOR,
    ...(paginator === undefined ? {} : { paginator }),
    ...node,
  });
  const records: JsonObject[] = [];
  const request = { slice: SLICE, additions: [], ...read };
  for await (const record of retriever.read(request, new AbortController().signal)) records.push(record);
  return { records, calls, tokens: calls.map(({ nextPageToken }) => nextPageToken?.["next_page_token"]) };
}

const paginated = (pagination_strategy: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: "DefaultPaginator",
  pagination_strategy,
  page_token_option: { type: "RequestOption", inject_into: "request_parameter", field_name: "page" },
  ...more,
});
const data = (...ids: number[]): Answer => page({ data: ids.map((id) => ({ id })) });

test.each<[string, JsonObject, (JsonValue | undefined)[]]>([
  ["PageIncrement", { type: "PageIncrement", page_size: 2 }, [undefined, 1, 2]],
  ["PageIncrement from 1", { type: "PageIncrement", page_size: 2, start_from_page: 1 }, [undefined, 2, 3]],
  [
    "PageIncrement on the first request",
    {
      type: "PageIncrement",
      page_size: "{{ config['size'] }}",
      start_from_page: 1,
      inject_on_first_request: true,
    },
    [1, 2, 3],
  ],
  ["OffsetIncrement", { type: "OffsetIncrement", page_size: 2 }, [undefined, 2, 4]],
  [
    "OffsetIncrement on the first request",
    { type: "OffsetIncrement", page_size: 2, inject_on_first_request: true },
    [0, 2, 4],
  ],
  ["OffsetIncrement without a size", { type: "OffsetIncrement" }, [undefined, 2, 4, 5]],
])("%s asks for pages until one is short", async (_name, strategy, tokens) => {
  const pages = [data(1, 2), data(3, 4), data(5), data()];
  const result = await run({
    paginator: paginated(strategy),
    answers: (_call, count) => pages[count - 1] ?? null,
  });
  expect(result.tokens).toEqual(tokens);
  expect(result.records.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
});

test("a filter does not end counted pagination", async () => {
  const pages = [data(1, 2), data(3, 4), data()];
  const { records, calls } = await run({
    paginator: paginated({ type: "PageIncrement", page_size: 2 }),
    node: {
      record_selector: {
        ...SELECTOR,
        record_filter: { type: "RecordFilter", condition: "{{ record['id'] > 3 }}" },
      },
    },
    answers: (_call, count) => pages[count - 1] ?? null,
  });
  expect(records).toEqual([{ id: 4 }]);
  expect(calls).toHaveLength(3);
});

test.each<[string, string, string | undefined, (JsonValue | undefined)[]]>([
  ["the body", "{{ response['next'] }}", undefined, [undefined, "b", "c"]],
  ["a header however it is spelled", "{{ headers['X-Next'] }}", undefined, [undefined, "b", "c"]],
  [
    "a Link header",
    "{{ headers['link']['next']['url'] }}",
    "{{ 'next' not in headers['link'] }}",
    [undefined, "https://b", "https://c"],
  ],
  ["the last record", "{{ last_record['id'] }}", "{{ last_page_size < 2 }}", [undefined, 2, 4]],
  ["the body up to a condition", "{{ response['next'] }}", "{{ response['next'] == 'c' }}", [undefined, "b"]],
])("CursorPagination takes the token from %s", async (_name, cursor_value, stop_condition, tokens) => {
  const answers = (_call: RequestCall, count: number): Answer => {
    const next = ["b", "c", ""][count - 1] ?? "";
    const ids = [[1, 2], [3, 4], [5]][count - 1] ?? [];
    const link = next === "" ? `<https://a>; rel="prev"` : `<https://${next}>; rel="next"`;
    const headers: Record<string, string> = { link, ...(next === "" ? {} : { "x-next": next }) };
    return page({ next, data: ids.map((id) => ({ id })) }, { headers });
  };
  const strategy = { type: "CursorPagination", cursor_value, ...(stop_condition ? { stop_condition } : {}) };
  expect((await run({ paginator: paginated(strategy), answers })).tokens).toEqual(tokens);
});

test("requests carry page, size and what the slice adds; paths come whole", async () => {
  const answers = (_call: RequestCall, count: number): Answer => (count === 1 ? data(1, 2) : data());
  const sized = paginated(
    { type: "PageIncrement", page_size: 2 },
    { page_size_option: { type: "RequestOption", inject_into: "body_json", field_path: ["page", "size"] } },
  );
  const read = { additions: [{ params: { since: "x" } }] };
  const { calls } = await run({ paginator: sized, read, answers });
  expect(Object.assign({}, ...(calls[1]?.additions ?? []).map(({ params }) => params))).toEqual({
    page: 1,
    since: "x",
  });
  expect(calls[0]?.additions.find(({ bodyJson }) => bodyJson)?.bodyJson).toEqual({ page: { size: 2 } });

  const node = { ignore_stream_slicer_parameters_on_paginated_requests: true };
  const alone = await run({ paginator: sized, read, node, answers });
  const params = alone.calls.map(({ additions }) => additions.some((each) => each.params?.["since"] === "x"));
  expect(params).toEqual([true, false]);

  const path = { type: "RequestPath" };
  const strategy = {
    type: "CursorPagination",
    cursor_value: "{{ 'https://api.test/2' if last_record['id'] < 3 else '' }}",
  };
  const whole = await run({
    paginator: { ...paginated(strategy), page_token_option: path },
    answers: (_call, count) => (count === 1 ? data(1) : data(3)),
  });
  expect(whole.calls.map((call) => call.path)).toEqual([undefined, "https://api.test/2"]);
});

test("a data feed stops at the first page whose last record is known", async () => {
  const { records, calls } = await run({
    paginator: paginated({ type: "PageIncrement" }),
    read: { goesOn: (last) => Number(last?.["id"]) > 2 },
    answers: (_call, count) => data(5 - count),
  });
  expect(calls).toHaveLength(3);
  expect(records.map(({ id }) => id)).toEqual([4, 3, 2]);
});

test("a failed or ignored page ends the slice without records", async () => {
  const paginator = paginated({ type: "PageIncrement" });
  for (const last of [null, page({ data: [{ id: 9 }] }, { status: 404 })]) {
    const { records } = await run({ paginator, answers: (_call, count) => (count === 1 ? data(1) : last) });
    expect(records).toEqual([{ id: 1 }]);
  }
});

test("pagination begins anew once, then fails", async () => {
  const paginator = paginated({ type: "PageIncrement", page_size: 1 });
  const script: Answer[] = [data(1), "reset", data(1), data()];
  const { tokens } = await run({ paginator, answers: (_call, count) => script[count - 1] ?? null });
  expect(tokens).toEqual([undefined, 1, undefined, 1]);
  await expect(run({ paginator, answers: () => "reset" })).rejects.toMatchObject({
    failure: { code: "manifest.pagination_reset" },
  });
});

test("pagination in a circle fails only where token and page repeat", async () => {
  const paginator = paginated({ type: "CursorPagination", cursor_value: "{{ response['next'] }}" });
  const same = page({ next: "a", data: [{ id: 1 }] });
  await expect(run({ paginator, answers: () => same })).rejects.toMatchObject({
    failure: { code: "manifest.pagination_loop" },
  });
  const answers = (_call: RequestCall, count: number): Answer =>
    page({ next: count < 20 ? "a" : "", data: [{ id: count }] });
  expect((await run({ paginator, answers })).records).toHaveLength(20);
});

test("properties are asked for in chunks and their records put together by key", async () => {
  const requester = {
    type: "Scripted",
    request_parameters: {
      properties: {
        type: "QueryProperties",
        property_list: ["a", "b", "c"],
        always_include_properties: ["z"],
        property_chunking: { property_limit_type: "property_count", property_limit: 2 },
      },
    },
  };
  const { records, calls } = await run({
    node: { requester },
    answers: ({ slice }) => {
      const names = slice.extra["query_properties"] as readonly string[];
      return page({ data: [{ id: "1", in: Object.fromEntries(names.map((name) => [name, true])) }] });
    },
  });
  const sent = calls.map(({ additions }) =>
    additions.map(({ params }) => params?.["properties"]).find(Boolean),
  );
  expect(sent).toEqual(["z,a,b", "z,c"]);
  expect(records).toEqual([{ id: "1", in: { z: true, a: true, b: true, c: true } }]);
});
