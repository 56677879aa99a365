import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { failureOf } from "@weir/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { read, rowsOf } from "./scene.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const CSV = "a,b\n1,2\n";
const ROWS = [{ a: 1, b: 2 }];

async function codeOf(files: readonly string[]): Promise<readonly string[]> {
  const error = await read({ files }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  const { code, recovery } = failureOf(error, "source");
  return [code, recovery];
}

describe("files of a server", () => {
  it("are read whole, never in ranges, and once until they change", async () => {
    const asked: (string | undefined)[] = [];
    let tag = "one";
    const url = await serve((request, response) => {
      asked.push(request.headers.range);
      response.writeHead(200, { etag: tag, "content-length": CSV.length });
      response.end(request.method === "HEAD" ? "" : CSV);
    });
    const request = { files: [`${url}/a.csv?key=secret`], mode: "incremental" } as const;
    const first = await read(request);
    expect(rowsOf(first)).toEqual(ROWS);
    expect(JSON.stringify(first.state)).not.toContain("secret");
    expect(rowsOf(await read({ ...request, state: first.state }))).toEqual([]);
    tag = "two";
    expect(rowsOf(await read({ ...request, state: first.state }))).toEqual(ROWS);
    expect(new Set(asked)).toEqual(new Set([undefined]));
  });

  it("are read from a server that knows GET only, sends chunks and packs as it likes", async () => {
    const url = await serve((request, response) => {
      if (request.method !== "GET") return void response.writeHead(405).end();
      response.writeHead(200, { "content-encoding": "gzip" });
      response.end(gzipSync(CSV));
    });
    expect(rowsOf(await read({ files: [`${url}/a.csv.gz`] }))).toEqual(ROWS);
  });

  it("are found behind redirects", async () => {
    const url = await serve((request, response) => {
      if (request.url === "/a.csv") return void response.writeHead(302, { location: "/b" }).end();
      response.writeHead(200).end(CSV);
    });
    expect(rowsOf(await read({ files: [`${url}/a.csv`] }))).toEqual(ROWS);
  });

  it("behind a redirect to another server are asked for without the user's password", async () => {
    const seen: (readonly [server: string, authorization: string | undefined, path: string | undefined])[] =
      [];
    const note = (name: string, { headers, url: path }: IncomingMessage): void =>
      void seen.push([name, headers.authorization, path]);
    const other = await serve((request, response) => {
      note("other", request);
      response.writeHead(200).end(CSV);
    });
    const url = await serve((request, response) => {
      note("first", request);
      response.writeHead(302, { location: `${other}/b.csv` }).end();
    });
    const result = await read({ files: [`${url.replace("//", "//user:secret@")}/a.csv`] });
    expect(rowsOf(result)).toEqual(ROWS);
    expect(JSON.stringify(result.state)).not.toContain("secret");
    const basic = `Basic ${Buffer.from("user:secret").toString("base64")}`;
    expect(seen.filter(([name]) => name === "first").map(([, header]) => header)).toContain(basic);
    const there = seen.filter(([name]) => name === "other");
    expect(there.length).toBeGreaterThan(1);
    expect(new Set(there.map(([, header, path]) => `${header} ${path}`))).toEqual(
      new Set(["undefined /b.csv"]),
    );
  });

  it("get no token over http, not even the first server", async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200).end(CSV);
    });
    expect(rowsOf(await read({ files: [`${url}/a.csv`], config: { token: "secret" } }))).toEqual(ROWS);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it("longer than the server said fail", async () => {
    const url = await serve((request, response) => {
      if (request.method === "HEAD") return void response.writeHead(200, { "content-length": 4 }).end();
      response.writeHead(200).end(CSV);
    });
    expect(await codeOf([`${url}/a.csv`])).toEqual(["source.unavailable", "retry"]);
  });

  it("of a server that changes the length it says fail", async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      response.writeHead(200, {
        "content-length": request.method === "HEAD" ? 100 : CSV.length,
        etag: "one",
      });
      response.end(request.method === "HEAD" ? "" : CSV);
    });
    expect((await codeOf([`${url}/a.csv`]))[1]).toBe("retry");
    expect(asked).toBeGreaterThan(0);
  });

  it("behind endless redirects are refused", async () => {
    const url = await serve(
      (_request, response) => void response.writeHead(302, { location: "/a.csv" }).end(),
    );
    expect(await codeOf([`${url}/a.csv`])).toEqual(["source.refused", "ask"]);
  });

  it.each([
    [404, "source.refused", "ask"],
    [401, "source.refused", "ask"],
    [500, "source.unavailable", "retry"],
    [429, "source.unavailable", "retry"],
  ])("answered with %i fail", async (status, code, recovery) => {
    const url = await serve((_request, response) => void response.writeHead(status).end());
    expect(await codeOf([`${url}/a.csv`])).toEqual([code, recovery]);
  });

  it("shorter than the server said fail", async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { "content-length": 100 });
      if (request.method === "HEAD") return void response.end();
      response.write(CSV);
      setTimeout(() => response.destroy(), 20);
    });
    expect(await codeOf([`${url}/a.csv`])).toEqual(["source.unavailable", "retry"]);
  });

  it("that change between the look and the read fail", async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      response.writeHead(200, { etag: `tag ${++asked}` });
      response.end(request.method === "HEAD" ? "" : CSV);
    });
    expect(await codeOf([`${url}/a.csv`])).toEqual(["source.file_changed", "retry"]);
  });

  it("on a server that is not there fail", async () => {
    expect(await codeOf(["http://127.0.0.1:1/a.csv"])).toEqual(["source.unreachable", "retry"]);
  });
});
