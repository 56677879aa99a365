import { existsSync } from "node:fs";
import { testPostgres } from "@weir/kit/testing";
import { Client } from "pg";
import { expect, test } from "vitest";
import { folderWith, readText, weir, weirJson } from "./terminal.ts";

/** A project that fills the database behind `URL` with users and products. */
async function project(
  connection = "",
): Promise<{ cwd: string; env: Readonly<Record<string, string>>; url: string }> {
  const url = await testPostgres();
  const { hostname, port, username, password, pathname } = new URL(url);
  const cwd = await folderWith({
    "weir.yaml": `sources:
  samples:
    connector: source-faker
    config: { count: 200 }
destinations:
  warehouse:
    connector: destination-postgres
    config:
      host: ${hostname}
      port: \${PORT}
      database: ${pathname.slice(1)}
      username: ${username}
      password: \${PASSWORD}
connections:
  samples:
    source: samples
    destination: warehouse
    streams: [users, products]
${connection}`,
  });
  return { cwd, env: { PORT: port, PASSWORD: password }, url };
}

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

interface Synced {
  readonly syncs: readonly {
    readonly connection: string;
    readonly status: string;
    readonly sync: number;
    readonly delivery: string;
    readonly log: string;
    readonly streams: readonly {
      readonly stream: string;
      readonly rows: { readonly read: number; readonly committed: number; readonly rejected: number };
      readonly rejects: readonly string[];
      readonly verified?: { readonly outcome: string };
    }[];
  }[];
}

function committed({ syncs }: Synced): Readonly<Record<string, number>> {
  return Object.fromEntries(
    syncs.flatMap(({ streams }) => streams.map(({ stream, rows }) => [stream, rows.committed])),
  );
}

test("a project syncs, verifies, goes on where it was, refreshes, clears and resets", async () => {
  const { cwd, env, url } = await project("    verify: count\n");
  const sync = async (...argv: readonly string[]): Promise<Synced> => {
    const { code, ok, result, error } = await weirJson(["sync", ...argv], { cwd, env });
    expect({ code, ok, error }).toEqual({ code: 0, ok: true, error: undefined });
    return result as unknown as Synced;
  };
  const first = await sync();
  expect(first.syncs).toMatchObject([
    { connection: "samples", status: "succeeded", sync: 1, delivery: "exactly-once" },
  ]);
  expect(first.syncs[0]?.streams.map(({ verified }) => verified?.outcome)).toEqual(["equal", "equal"]);
  expect(committed(first)).toEqual({ users: 200, products: 100 });
  expect(await query(url, "select count(*) from users")).toEqual([{ count: "200" }]);
  expect(existsSync(first.syncs[0]?.log ?? "")).toBe(true);

  expect(committed(await sync("samples"))).toEqual({ users: 0, products: 0 });
  expect(committed(await sync("--refresh", "users"))).toEqual({ users: 200, products: 0 });
  expect(await query(url, "select count(*) from users")).toEqual([{ count: "200" }]);

  const shown = await weirJson(["state", "show", "samples"], { cwd, env });
  expect(shown.result).toMatchObject({
    connection: "samples",
    streams: [{ stream: "products" }, { stream: "users" }],
  });
  expect(JSON.parse(await readText(cwd, ".weir/state/samples.json"))).toMatchObject({ token: { sync: 3 } });

  const reset = await weirJson(["state", "reset", "samples", "--streams", "products"], { cwd, env });
  expect(reset.result).toEqual({ connection: "samples", reset: ["products"] });
  expect(committed(await sync())).toEqual({ users: 0, products: 100 });
  expect(await query(url, "select count(*) from products")).toEqual([{ count: "100" }]);

  await sync("--clear", "all");
  expect(await query(url, "select count(*) from users")).toEqual([{ count: "0" }]);
});

test("people get lines and a table, and no progress on stdout", async () => {
  const { cwd, env } = await project();
  const { code, stdout, stderr } = await weir(["sync"], { cwd, env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Stream +Table +Rows +Bytes +Rows\/s +Mode +Route/);
  expect(stdout).toMatch(/^samples succeeded: sync 1, 300 rows, .* exactly-once$/m);
  expect(stderr).toContain("samples: samples to warehouse");
  expect(stderr).toContain("users: done, 200 rows");
  expect(stdout + stderr).not.toContain("\x1b");
});

test("a terminal gets bars, and NO_COLOR takes the colours away", async () => {
  const { cwd, env } = await project();
  const coloured = await weir(["sync"], { cwd, env, tty: true });
  expect(coloured.stderr).toContain("\x1b[32m━━━━");
  expect(coloured.stderr.startsWith("samples: samples to warehouse\n\x1b[?25l")).toBe(true);
  expect(coloured.stderr.endsWith("\x1b[?25h")).toBe(true);
  const plain = await weir(["sync", "--refresh", "all"], { cwd, env: { ...env, NO_COLOR: "1" }, tty: true });
  expect(plain.stderr).toContain("━━━━");
  expect(plain.stderr + plain.stdout).not.toMatch(/\x1b\[\d+m/);
});

test("rejected rows are counted, kept, and end with code 1 unless they are allowed", async () => {
  const { cwd, env, url } = await project();
  await weir(["sync"], { cwd, env });
  await query(url, "alter table users add check (id <> 7) not valid");
  const strict = await weirJson(["sync", "--refresh", "users", "--retain"], { cwd, env });
  expect(strict.code).toBe(1);
  const [stream] = (strict.result as unknown as Synced).syncs[0]?.streams ?? [];
  expect(stream?.rows).toMatchObject({ read: 200, rejected: 1 });
  expect(await readText("", stream?.rejects[0] ?? "")).toContain('"id":7');
  const allowed = await weir(["sync", "--refresh", "users", "--retain", "--max-rejects", "1"], { cwd, env });
  expect(allowed.code).toBe(0);
  expect(allowed.stdout).toContain("rejected: 1 row of users is in .weir/rejects/samples/");
  expect(allowed.stdout).toContain(
    "rejected: 1 rejected row of an earlier sync lies in .weir/rejects/samples\n",
  );
  const later = await weir(["sync"], { cwd, env });
  expect(later.stdout).toContain("rejected: 2 rejected rows of earlier syncs lie in .weir/rejects/samples\n");
  const told = await weirJson(["sync"], { cwd, env });
  expect(told.result).toMatchObject({ syncs: [{ earlierRejects: { rows: 2 } }] });
});

test("a wrong password is said, placed and not repeated", async () => {
  const { cwd, env } = await project();
  const wrong = { ...env, PASSWORD: "not-the-password" };
  for (const argv of [
    ["check"],
    ["sync"],
    ["state", "show", "samples"],
    ["sync", "--verbose"],
    ["sync", "--json"],
  ]) {
    const { code, stdout, stderr } = await weir(argv, { cwd, env: wrong });
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/password/i);
    expect(stdout + stderr).toMatch(/weir\.yaml:(6|7|8|9|10|11|12):/);
    expect(stdout + stderr).not.toContain("not-the-password");
    expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  }
});

test("a stream that is not there is named with what there is", async () => {
  const { cwd, env } = await project();
  const { code, stdout } = await weir(["sync", "--streams", "userz"], { cwd, env });
  expect(code).toBe(2);
  expect(stdout).toContain("The source has no stream userz.");
  expect(stdout).toContain("users, products, purchases");
  const refresh = await weir(["sync", "--refresh", "userz"], { cwd, env });
  expect(refresh.code).toBe(2);
  expect(refresh.stderr).toContain('Did you mean "users"?');
  const reset = await weir(["state", "reset", "samples", "--streams", "userz"], { cwd, env });
  expect(reset.code).toBe(2);
});

test("a connection of options goes on under the same name, and its password may come from the environment", async () => {
  const url = new URL(await testPostgres());
  const { password } = url;
  const cwd = await folderWith();
  const destination = `postgres://${url.username}:\${PW}@${url.host}${url.pathname}`;
  const argv = "sync --source faker --source-config count=50 --streams users --prefix raw_ --destination"
    .split(" ")
    .concat(destination);
  const first = await weirJson(argv, { cwd, env: { PW: password } });
  const second = await weirJson(argv, { cwd, env: { PW: password } });
  const [one] = (first.result as unknown as Synced).syncs;
  const [two] = (second.result as unknown as Synced).syncs;
  expect(two?.connection).toBe(one?.connection);
  expect([
    committed(first.result as unknown as Synced),
    committed(second.result as unknown as Synced),
  ]).toEqual([{ users: 50 }, { users: 0 }]);
  expect(await query(url.href, "select count(*) from raw_users")).toEqual([{ count: "50" }]);
  const without = await weir(argv, { cwd });
  expect(without.code).toBe(2);
  expect(without.stderr).toContain("needs the environment variable PW");
});

test("an unreachable host is said at once by check, with what to do", async () => {
  const cwd = await folderWith();
  const { code, ok, result } = await weirJson(["check", "--source", "postgres://weir@127.0.0.1:1/shop"], {
    cwd,
  });
  expect({ code, ok }).toEqual({ code: 1, ok: false });
  expect(result).toMatchObject([{ ok: false, failures: [{ code: "source.unreachable" }] }]);
});

test("a damaged state file is said for a destination that keeps no checkpoints", async () => {
  const cwd = await folderWith({ ".weir/state/copy.json": "{not json" });
  const argv = ["sync", "--name", "copy", "--source", "faker", "--destination", "dev-null"];
  const { code, stdout } = await weir(argv, { cwd });
  expect(code).toBe(1);
  expect(stdout).toContain("copy.json is damaged.");
});

test("a folder that cannot be written is said before anything moves", async () => {
  const cwd = await folderWith({ ".weir": "a file where the folder should be" });
  const { code, stderr } = await weir(["sync", "--source", "faker", "--destination", "dev-null"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain("which cannot be written");
});

test("a sync that is cancelled ends with code 1 and can go on", async () => {
  const cwd = await folderWith();
  const controller = new AbortController();
  const endless =
    "sync --source faker --source-config count=2000000000 --streams users --destination dev-null".split(" ");
  const running = weirJson(endless, { cwd, signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 500);
  const { code, ok, result, error } = await running;
  expect({ code, ok, status: (result as unknown as Synced).syncs[0]?.status }).toEqual({
    code: 1,
    ok: false,
    status: "cancelled",
  });
  expect(error["code"]).toBe("engine.cancelled");
});

test("of several connections each runs, whatever becomes of the others, and wrong settings stop them all", async () => {
  const destination = (folder: string): string =>
    `{ connector: destination-jsonl, config: { folder: ${folder} } }`;
  const text = `sources:
  samples: { connector: source-faker, config: { count: 5 } }
destinations:
  one: ${destination("one")}
  two: ${destination("two")}
connections:
  first: { source: samples, destination: one, streams: [nothing] }
  second: { source: samples, destination: two, streams: [users], mode: full_refresh_overwrite }
`;
  const cwd = await folderWith({ "weir.yaml": text });
  const { code, result, error } = await weirJson(["sync"], { cwd });
  expect(code).toBe(2);
  expect((result as unknown as Synced).syncs).toMatchObject([
    { connection: "first", status: "failed" },
    { connection: "second", status: "succeeded", streams: [{ rows: { committed: 5 } }] },
  ]);
  expect(error).toMatchObject({ code: "config.stream_unknown", place: "weir.yaml:7:47" });
  // A folder of a setting is taken from the project file's own.
  expect(existsSync(`${cwd}/two`)).toBe(true);

  const refresh = await weirJson(["sync", "--refresh", "users"], { cwd });
  expect((refresh.result as unknown as Synced).syncs.map(({ status }) => status)).toEqual([
    "failed",
    "succeeded",
  ]);

  const wrong = await folderWith({ "weir.yaml": text.replace("folder: two", "folder: 2") });
  const { code: refused, stderr } = await weir(["sync"], { cwd: wrong });
  expect(refused).toBe(2);
  expect(stderr).toContain("weir.yaml:5:");
  expect(existsSync(`${wrong}/one`)).toBe(false);
});

test("every failed stream is shown with what is wrong with it, also when the code is the same", async () => {
  const cwd = await folderWith({
    "weir.yaml": `sources:
  samples: { connector: source-faker, config: { count: 5 } }
destinations:
  out: { connector: destination-jsonl, config: { folder: out } }
connections:
  all:
    source: samples
    destination: out
    streams:
      - { name: users, mode: full_refresh_overwrite_deduped }
      - { name: products, mode: full_refresh_overwrite_deduped }
      - { name: purchases, mode: full_refresh_overwrite }
`,
  });
  const { code, stdout } = await weir(["sync"], { cwd });
  expect(code).toBe(1);
  const lines = stdout.split("\n").map((line) => line.trim());
  expect(lines.filter((line) => line.startsWith("error:")).map((line) => line.slice(0, 22))).toEqual([
    "error: stream users: S",
    "error: stream products",
  ]);
  // Where and what to do is the same for both.
  expect(lines.filter((line) => line.startsWith("next:"))).toHaveLength(1);
});
