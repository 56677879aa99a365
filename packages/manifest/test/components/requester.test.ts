import { WeirError } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import type { Node } from "../../src/component.ts";
import type { PageResponse, RequestCall } from "../../src/components/requester/contract.ts";
import { all, call, type Reply, scene, type SceneOptions, signal } from "./scene.ts";

async function send(node: Partial<Node>, options: SceneOptions = {}, more: Partial<RequestCall> = {}) {
  const stage = scene(options);
  const requester = stage.scope.build("requester", {
    type: "HttpRequester",
    url_base: "https://api.x.io/v1",
    ...node,
  });
  const page = (await requester.send(call(more), signal)) as PageResponse;
  return { ...stage, page, request: stage.sent.at(-1) };
}

describe("the request", () => {
  test("address, parameters, headers and form", async () => {
    const { request } = await send(
      {
        path: "/things/{{ stream_slice.id }}",
        http_method: "POST",
        request_parameters: { a: "{{ config.n }}", "b[]": '["x", "y"]', none: "{{ config.missing }}" },
        request_headers: { "X-Version": "{{ config.n }}", "X-Flag": "{{ True }}" },
        request_body_data: { q: "a b", n: "{{ config.n }}" },
      },
      { config: { n: 5 } },
      { slice: { partition: { id: 7 }, cursor: {}, extra: {} } },
    );
    expect(request).toMatchObject({
      method: "POST",
      url: "https://api.x.io/v1/things/7?a=5&b%5B%5D=x&b%5B%5D=y",
      body: "q=a+b&n=5",
    });
    expect(request?.headers).toMatchObject({
      "X-Version": "5",
      "X-Flag": "True",
      "Content-Type": "application/x-www-form-urlencoded",
    });
  });

  test.each([
    [{ url_base: "https://x.io/a", path: "/b" }, undefined, "https://x.io/a/b"],
    [{ url_base: "https://x.io/a/", path: "" }, undefined, "https://x.io/a/"],
    [{ url_base: "https://x.io/a" }, "/b?c=1", "https://x.io/b?c=1"],
    [{ url_base: "https://x.io/a", path: "z" }, "https://x.io/next?p=2", "https://x.io/next?p=2"],
    [{ url_base: "", url: "https://x.io/whole" }, undefined, "https://x.io/whole"],
  ])("%j with the paginator's %j goes to %s", async (node, path, url) => {
    expect((await send(node, {}, { path })).request?.url).toBe(url);
  });

  test("a JSON body, merged with what the paginator adds; none when it is empty", async () => {
    const node = {
      http_method: "POST",
      request_body_json: { query: { n: "{{ config.n }}", off: "{{ config.none }}" } },
    };
    const { request } = await send(
      node,
      { config: { n: 3 } },
      { additions: [{ bodyJson: { query: { page: 2 } } }] },
    );
    expect(JSON.parse(String(request?.body))).toEqual({ query: { n: 3, page: 2 } });
    expect(request?.headers["Content-Type"]).toBe("application/json");
    expect((await send({ request_body_json: {} })).request?.body).toBeNull();
  });

  test.each([
    [{ type: "RequestBodyPlainText", value: "SELECT {{ config.n }}" }, "SELECT 3", undefined],
    [
      { type: "RequestBodyUrlEncodedForm", value: { a: "{{ config.n }}" } },
      "a=3",
      "application/x-www-form-urlencoded",
    ],
    [{ type: "RequestBodyJsonObject", value: { a: "{{ config.n }}" } }, '{"a":3}', "application/json"],
    [{ type: "RequestBodyGraphQL", value: { query: "{ x }" } }, '{"query":"{ x }"}', "application/json"],
  ])("request_body %j", async (body, text, type) => {
    const { request } = await send({ http_method: "POST", request_body: body }, { config: { n: 3 } });
    expect(request?.body).toBe(text);
    expect(request?.headers["Content-Type"]).toBe(type);
  });

  test.each([
    [{ request_parameters: { a: "1" } }, { params: { a: "1" } }, '"a"'],
    [{ request_body_json: { a: { b: "x" } } }, { bodyJson: { a: { b: "y" } } }, '"a.b"'],
    [{ request_body_data: "text" }, { bodyData: { a: "1" } }, '"the whole body"'],
  ])("%j and %j collide", async (node, addition, key) => {
    const failing = send({ http_method: "POST", ...node }, {}, { additions: [addition] });
    await expect(failing).rejects.toThrow(key);
  });

  test("a host that only a response names is told no credentials", async () => {
    const node = { authenticator: { type: "BearerAuthenticator", api_token: "secret" } };
    const known = await send(node, {}, { path: "https://api.x.io/next" });
    expect(known.request?.headers["Authorization"]).toBe("Bearer secret");
    const foreign = await send(node, {}, { path: "https://elsewhere.io/next" });
    expect(foreign.request?.headers).not.toHaveProperty("Authorization");
  });

  test("with use_cache the same request is sent once, by any requester of the source", async () => {
    const stage = scene({ reply: (_request, count) => ({ body: { count } }) });
    const node: Node = { type: "HttpRequester", url_base: "https://x.io/a", use_cache: true };
    const [one, other] = [
      stage.scope.build("requester", node),
      stage.scope.build("requester", { ...node, name: "b" }),
    ];
    const first = (await one.send(call(), signal)) as PageResponse;
    const second = (await other.send(call(), signal)) as PageResponse;
    expect([first.json(), second.json(), stage.sent.length]).toEqual([{ count: 1 }, { count: 1 }, 1]);
    await one.send(call({ additions: [{ params: { p: "2" } }] }), signal);
    expect(stage.sent).toHaveLength(2);
  });
});

const lost = new WeirError({
  code: "http.reset",
  message: "gone",
  next: "again",
  recovery: "retry",
  origin: "source",
});

/** Replies in order, the last for ever. */
function script(...replies: readonly Reply[]): SceneOptions {
  return { reply: (_request, count) => replies[Math.min(count, replies.length) - 1] ?? {} };
}

describe("tries", () => {
  test.each<readonly [string, Reply, readonly number[]]>([
    ["500", { status: 500 }, [1, 2, 4, 8, 16]],
    ["429", { status: 429 }, [1, 2, 4, 8, 16]],
    ["a status nobody listed", { status: 418 }, [1, 2, 4, 8, 16]],
    ["a lost connection", lost, [1, 2, 4, 8, 16]],
  ])("%s is tried six times", async (_name, reply, slept) => {
    const stage = scene(script(reply));
    const requester = stage.scope.build("requester", {
      type: "HttpRequester",
      url_base: "https://x.io/?key=secret",
    });
    const failure = await requester.send(call(), signal).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WeirError);
    expect((failure as WeirError).failure.recovery).toBe("retry");
    expect(JSON.stringify((failure as WeirError).failure)).not.toContain("secret");
    expect(stage.slept).toEqual(slept);
  });

  test.each([
    [400, "stop"],
    [401, "ask"],
    [403, "ask"],
    [404, "stop"],
  ])("%d fails at once: %s", async (status, recovery) => {
    const failing = send({}, script({ status, body: { error: { message: "no such thing" } } }));
    await expect(failing).rejects.toMatchObject({
      failure: { recovery, detail: expect.stringContaining("no such thing") as string },
    });
  });

  test.each([
    ["Constant", { type: "ConstantBackoffStrategy", backoff_time_in_seconds: 5 }, {}, [6, 6]],
    [
      "Constant from the configuration",
      { type: "ConstantBackoffStrategy", backoff_time_in_seconds: "{{ config.wait }}" },
      {},
      [8, 8],
    ],
    ["Exponential", { type: "ExponentialBackoffStrategy", factor: 2 }, {}, [5, 9]],
    [
      "WaitTimeFromHeader",
      { type: "WaitTimeFromHeader", header: "Retry-After" },
      { "retry-after": "3.5" },
      [4.5, 4.5],
    ],
    [
      "with a regex",
      { type: "WaitTimeFromHeader", header: "X-Wait", regex: "[0-9]+" },
      { "x-wait": "12s" },
      [13, 13],
    ],
    [
      "a date in the header",
      { type: "WaitTimeFromHeader", header: "Retry-After" },
      { "retry-after": "Tue, 04 Mar" },
      [1, 1],
    ],
    [
      "WaitUntilTimeFromHeader",
      { type: "WaitUntilTimeFromHeader", header: "X-Reset", min_wait: 2 },
      { "x-reset": "1741064770.123" },
      [4, 3],
    ],
    [
      "min_wait without the header",
      { type: "WaitUntilTimeFromHeader", header: "X-Reset", min_wait: 9 },
      {},
      [10, 10],
    ],
  ])("%s", async (_name, strategy, headers, slept) => {
    const options = script({ status: 429, headers }, { status: 503, headers }, { body: [1] });
    const node = { error_handler: { type: "DefaultErrorHandler", backoff_strategies: [strategy] } };
    const stage = await send(node, { ...options, config: { wait: 7 } });
    expect(stage.slept).toEqual(slept);
    expect(stage.page.json()).toEqual([1]);
  });

  test("a wait longer than the manifest allows fails the stream", async () => {
    const strategy = { type: "WaitTimeFromHeader", header: "Retry-After", max_waiting_time_in_seconds: 60 };
    const node = { error_handler: { type: "DefaultErrorHandler", backoff_strategies: [strategy] } };
    const failing = send(node, script({ status: 429, headers: { "retry-after": "60" } }));
    await expect(failing).rejects.toMatchObject({ failure: { code: "http.rate_limited" } });
  });

  test("waits end after ten minutes, those on a rate limit do not", async () => {
    const handler = (seconds: number) => ({
      error_handler: {
        type: "DefaultErrorHandler",
        max_retries: 8,
        backoff_strategies: [{ type: "ConstantBackoffStrategy", backoff_time_in_seconds: seconds }],
      },
    });
    const stage = scene(script({ status: 500 }));
    const requester = stage.scope.build("requester", {
      type: "HttpRequester",
      url_base: "https://x.io",
      ...handler(299),
    });
    await expect(requester.send(call(), signal)).rejects.toThrow();
    expect(stage.slept).toEqual([300, 300]);
    const limited = scene(script({ status: 429 }));
    const other = limited.scope.build("requester", {
      type: "HttpRequester",
      url_base: "https://x.io",
      error_handler: { type: "DefaultErrorHandler", max_retries: 11 },
    });
    await expect(other.send(call(), signal)).rejects.toMatchObject({
      failure: { code: "http.rate_limited" },
    });
    expect(limited.slept.reduce((sum, each) => sum + each, 0)).toBe(2047);
  });

  test("IGNORE gives the page, which is not ok; on a 200 it is", async () => {
    const filter = (http_codes: readonly number[]) => ({
      error_handler: {
        type: "DefaultErrorHandler",
        response_filters: [{ type: "HttpResponseFilter", http_codes, action: "IGNORE" }],
      },
    });
    expect((await send(filter([404]), script({ status: 404 }))).page.ok).toBe(false);
    expect((await send(filter([200]), script({ body: [1] }))).page.ok).toBe(true);
  });

  test.each([
    [{ error_message_contains: "slow down" }, { errors: [{ message: "please slow down" }] }, true],
    [{ error_message_contains: "slow down" }, { errors: [{ message: "other" }] }, false],
    [{ predicate: "{{ response.retry }}" }, { retry: true }, true],
    [{ predicate: "{{ headers['X-Code'] == 'seven' }}" }, {}, true],
    [{ predicate: "{{ headers['X-Code'] == 'eight' }}" }, {}, false],
  ])("the filter %j on %j", async (filter, body, isRetried) => {
    const response_filters = [{ type: "HttpResponseFilter", ...filter, action: "RETRY" }];
    const stage = await send(
      { error_handler: { type: "DefaultErrorHandler", response_filters } },
      script({ body, headers: { "x-code": "seven" } }, { body: { done: 1 } }),
    );
    expect(stage.sent).toHaveLength(isRetried ? 2 : 1);
  });

  test("of several handlers the first that settles it is right, else the last", async () => {
    const filtered = (code: number, action: string, error_message = "") => ({
      type: "DefaultErrorHandler",
      response_filters: [{ type: "HttpResponseFilter", http_codes: [code], action, error_message }],
    });
    const composite = (...error_handlers: readonly unknown[]) =>
      ({ error_handler: { type: "CompositeErrorHandler", error_handlers } }) as Partial<Node>;
    const ignored = await send(
      composite(filtered(400, "FAIL"), filtered(404, "IGNORE")),
      script({ status: 404 }),
    );
    expect(ignored.page.status).toBe(404);
    const failing = send(
      composite(filtered(404, "FAIL", "first"), filtered(404, "FAIL", "second")),
      script({ status: 404 }),
    );
    await expect(failing).rejects.toThrow("second");
  });

  test("RESET_PAGINATION", async () => {
    const response_filters = [{ type: "HttpResponseFilter", http_codes: [410], action: "RESET_PAGINATION" }];
    const { page } = await send(
      { error_handler: { type: "DefaultErrorHandler", response_filters } },
      script({ status: 410 }),
    );
    expect(page).toBe("reset");
  });
});

describe("the page", () => {
  test("decoded values and templates' view of the body are not the same objects", async () => {
    const { page } = await send({}, script({ body: [{ a: 1 }, { a: 2 }] }));
    const [first] = (await all(page.decoded())) as { a: number }[];
    if (first !== undefined) first.a = 9;
    expect(page.json()).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await all(page.decoded())).toEqual([{ a: 1 }, { a: 2 }]);
  });
});
