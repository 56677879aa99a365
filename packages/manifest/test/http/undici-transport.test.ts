import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OutgoingRequest } from "../../src/http/transport.ts";
import { readAll } from "../../src/http/page.ts";
import {
  type ClosableTransport,
  undiciTransport,
  type UndiciTransportOptions,
} from "../../src/http/undici-transport.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let handle: Handler = (_request, response) => void response.end();
const server = createServer((request, response) => handle(request, response));
let base = "";
let transport: ClosableTransport;
const never = new AbortController().signal;

beforeEach(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  transport = open({});
});

afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(options: UndiciTransportOptions): ClosableTransport {
  return undiciTransport({ allowedRanges: ["127.0.0.0/8"], env: {}, ...options });
}

function get(url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return { method: "GET", url, headers: {}, body: null, ...more };
}

async function text(request: OutgoingRequest, by = transport): Promise<string> {
  const { body } = await by.send(request, never);
  return Buffer.from(await readAll(body)).toString();
}

describe("an exchange", () => {
  test("method, headers, body; repeated headers are joined", async () => {
    handle = (request, response) => {
      response.setHeader("X-Two", ["a", "b"]);
      request.pipe(response);
    };
    const request = get(`${base}/p?q=1`, {
      method: "POST",
      body: "hello",
      headers: { "X-A": "1", Connection: "close" },
    });
    const response = await transport.send(request, never);
    expect(response).toMatchObject({ status: 200, url: `${base}/p?q=1`, headers: { "x-two": "a, b" } });
    expect(Buffer.from(await readAll(response.body)).toString()).toBe("hello");
  });

  test("a GET may have a body", async () => {
    handle = (request, response) => void request.pipe(response);
    expect(await text(get(base, { body: "asked" }))).toBe("asked");
  });

  test("any status is a response", async () => {
    handle = (_request, response) => void response.writeHead(503, { "Retry-After": "7" }).end("busy");
    expect(await transport.send(get(base), never)).toMatchObject({
      status: 503,
      headers: { "retry-after": "7" },
    });
  });

  test.each([
    ["gzip", gzipSync("packed")],
    ["deflate", deflateSync("packed")],
    ["deflate", deflateRawSync("packed")],
    ["br", brotliCompressSync("packed")],
    ["gzip, br", brotliCompressSync(gzipSync("packed"))],
    ["identity", Buffer.from("packed")],
  ])("Content-Encoding %s is undone", async (encoding, body) => {
    handle = (_request, response) => void response.writeHead(200, { "Content-Encoding": encoding }).end(body);
    expect(await text(get(base))).toBe("packed");
  });

  test("an empty body that claims to be packed is empty", async () => {
    handle = (_request, response) => void response.writeHead(200, { "Content-Encoding": "gzip" }).end();
    expect(await text(get(base))).toBe("");
  });
});

describe("failures", () => {
  test.each<readonly [string, Handler]>([
    ["a reset before the head", (request) => void request.socket.destroy()],
    [
      "a body cut off by its length",
      (_request, response) =>
        void response
          .writeHead(200, { "Content-Length": "99" })
          .end("half", () => response.socket?.destroy()),
    ],
    [
      "a chunked body cut off",
      (_request, response) => {
        response.writeHead(200);
        response.write("half", () => response.socket?.destroy());
      },
    ],
    [
      "a gzip body cut off",
      (_request, response) =>
        void response
          .writeHead(200, { "Content-Encoding": "gzip" })
          .end(gzipSync("x".repeat(999)).subarray(0, 20)),
    ],
  ])("%s", async (_name, handler) => {
    handle = handler;
    await expect(text(get(base))).rejects.toMatchObject({
      failure: { code: "http.reset", recovery: "retry" },
    });
  });

  test("no head in time, no end of the body in time", async () => {
    const quick = open({ timeouts: { head: 60, body: 60 } });
    handle = () => undefined;
    await expect(text(get(base), quick)).rejects.toMatchObject({ failure: { code: "http.timeout" } });
    handle = (_request, response) => void response.writeHead(200).write("begun");
    await expect(text(get(base), quick)).rejects.toMatchObject({ failure: { code: "http.timeout" } });
    await quick.close();
  });

  test("nobody listens", async () => {
    await expect(text(get("http://127.0.0.1:1/"))).rejects.toMatchObject({
      failure: { code: "http.unreachable", recovery: "retry" },
    });
  });

  test("an abort ends a request that waits", async () => {
    handle = () => undefined;
    const stop = new AbortController();
    const waiting = transport.send(get(base), stop.signal);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
  });

  test.each(["ftp://x.io/", "file:///etc/passwd", "nonsense"])("%s is no address of the web", async (url) => {
    await expect(transport.send(get(url), never)).rejects.toMatchObject({
      failure: { code: "http.address" },
    });
  });

  test("a header with a line break is refused without its value", async () => {
    const failure: unknown = await transport
      .send(get(base, { headers: { "X-Key": "secret\r\nX: y" } }), never)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ failure: { code: "http.request", recovery: "ask" } });
    expect(JSON.stringify(failure)).not.toContain("secret");
  });
});

describe("redirects", () => {
  const seen: {
    readonly url: string | undefined;
    readonly method: string | undefined;
    readonly headers: Record<string, unknown>;
  }[] = [];

  function redirecting(status: number, location: () => string): void {
    seen.length = 0;
    handle = (request, response) => {
      seen.push({ url: request.url, method: request.method, headers: request.headers });
      if (request.url === "/from") response.writeHead(status, { Location: location() }).end("moved");
      else response.end("there");
    };
  }

  const request = (): OutgoingRequest =>
    get(`${base}/from`, {
      method: "POST",
      body: "b",
      headers: { Authorization: "secret", "X-Api-Key": "secret", "User-Agent": "me" },
    });

  test.each([
    [301, "GET"],
    [302, "GET"],
    [303, "GET"],
    [307, "POST"],
    [308, "POST"],
  ])("%d on the same host goes on as %s, credentials kept", async (status, method) => {
    redirecting(status, () => "/to?x=1");
    const response = await transport.send(request(), never);
    expect([response.url, seen[1]?.method, seen[1]?.headers["x-api-key"]]).toEqual([
      `${base}/to?x=1`,
      method,
      "secret",
    ]);
  });

  test("another host is told no credentials", async () => {
    redirecting(302, () => base.replace("127.0.0.1", "localhost") + "/to");
    expect(await text(request())).toBe("there");
    expect(seen[1]?.headers).toMatchObject({ "user-agent": "me" });
    expect(JSON.stringify(seen[1]?.headers)).not.toContain("secret");
  });

  test("a redirect to an address that is not allowed is refused", async () => {
    redirecting(302, () => "http://169.254.169.254/latest/meta-data");
    await expect(transport.send(request(), never)).rejects.toMatchObject({
      failure: { code: "http.refused_address" },
    });
  });

  test("a circle ends", async () => {
    redirecting(302, () => "/from");
    await expect(transport.send(get(`${base}/from`), never)).rejects.toMatchObject({
      failure: { code: "http.redirects" },
    });
    expect(seen).toHaveLength(31);
  });
});

describe("addresses that a manifest may not reach", () => {
  test.each([
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://10.1.2.3/",
    "http://172.31.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://localhost/",
  ])("%s", async (url) => {
    const strict = undiciTransport({ env: {} });
    await expect(strict.send(get(url), never)).rejects.toMatchObject({
      failure: { code: "http.refused_address", recovery: "ask" },
    });
    await strict.close();
  });

  test("a name is checked by what it resolves to", async () => {
    const strict = undiciTransport({ env: {} });
    const url = base.replace("127.0.0.1", "localhost");
    await expect(strict.send(get(url), never)).rejects.toMatchObject({
      failure: { code: "http.refused_address" },
    });
    handle = (_request, response) => void response.end("local");
    expect(await text(get(url))).toBe("local");
    await strict.close();
  });

  test.each(["10.0.0.0/33", "300.1.1.1", "10.0.0.0/", "x/8", "10.0.0.0/8/9"])("%s is no range", (range) => {
    expect(() => undiciTransport({ allowedRanges: [range] })).toThrow(/range of addresses/);
  });
});

test("a proxy is used as the environment says, whatever its address; NO_PROXY is not", async () => {
  const asked: (string | undefined)[] = [];
  handle = (request, response) => {
    asked.push(request.url);
    response.end("answer");
  };
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 502 no\r\n\r\n");
  });
  const env = { HTTP_PROXY: base, HTTPS_PROXY: base, NO_PROXY: "127.0.0.1" };
  const proxied = undiciTransport({ env });
  await proxied.send(get("https://api.example.invalid/x"), never).catch(() => undefined);
  expect(asked).toEqual(["CONNECT api.example.invalid:443"]);
  await expect(proxied.send(get(`${base}/direct`), never)).rejects.toMatchObject({
    failure: { code: "http.refused_address" },
  });
  await proxied.close();
  server.removeAllListeners("connect");
});
