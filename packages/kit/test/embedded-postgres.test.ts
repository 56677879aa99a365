import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WeirError } from "@weir/protocol";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@weir/kit/embedded-postgres";
import { Client } from "pg";
import { afterEach, expect, test } from "vitest";

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function start(options?: Parameters<typeof startEmbeddedPostgres>[0]): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres(options);
  cleanups.push(() => server.stop());
  return server;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "kit-postgres-"));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof WeirError ? error.failure.code : `not a WeirError: ${String(error)}`;
}

function isRunning(dataDir: string): boolean {
  try {
    const [pid] = readFileSync(join(dataDir, "data", "postmaster.pid"), "utf8").split("\n");
    return /\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("a server of version 18 in UTF-8 and UTC, with the settings asked for", async () => {
  const server = await start({ settings: { fsync: "off", work_mem: "7MB" } });
  const [row] = await ask(
    server.url,
    `select current_setting('server_version_num')::int / 10000 as version,
      current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone,
      current_setting('fsync') as fsync, current_setting('work_mem') as work_mem,
      current_setting('shared_buffers') as shared_buffers, upper('größe') as upper`,
  );
  expect(row).toEqual({
    version: 18,
    encoding: "UTF8",
    zone: "UTC",
    fsync: "off",
    work_mem: "7MB",
    shared_buffers: "64MB",
    upper: "GRÖßE",
  });
});

test("only its password opens it", async () => {
  const server = await start();
  await expect(ask(server.url.replace(server.password, "guess"), "select 1")).rejects.toMatchObject({
    code: "28P01",
  });
});

test("databases of any name", async () => {
  const server = await start();
  const name = 'Größe "1" %';
  const url = await server.createDatabase(name);
  expect(await ask(url, "select current_database() as name")).toEqual([{ name }]);
  await expect(server.createDatabase(name)).rejects.toMatchObject({ code: "42P04" });
});

test("what was committed before a kill is there after the restart, on the same port", async () => {
  const server = await start();
  await ask(server.url, "create table t as select generate_series(1, 1000) as n");
  const busy = ask(server.url, "select pg_sleep(60)").catch((error: unknown) => error);
  await sleep(100);
  await server.kill();
  expect(isRunning(server.dataDir)).toBe(false);
  expect(await busy).toBeInstanceOf(Error);
  await expect(ask(server.url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await server.restart();
  expect(await ask(server.url, "select count(*)::int as n from t")).toEqual([{ n: 1000 }]);
  await server.kill();
  await server.restart();
  expect(await ask(server.url, "select count(*)::int as n from t")).toEqual([{ n: 1000 }]);
});

test("stop ends the server and removes a temporary folder, and may be repeated", async () => {
  const server = await start();
  await ask(server.url, "select 1");
  expect(server.temporary).toBe(true);
  await server.stop();
  expect(existsSync(server.dataDir)).toBe(false);
  await expect(ask(server.url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await server.stop();
});

test("a folder of one's own keeps data, password and port over a stop", async () => {
  const dataDir = join(folder(), "inner", "postgres");
  chmodSync(join(dataDir, "..", ".."), 0o755);
  const first = await start({ dataDir });
  expect(first).toMatchObject({ dataDir, temporary: false });
  await ask(first.url, "create table t as select 7 as n");
  await first.stop();
  const second = await start({ dataDir, port: first.port });
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, "select n from t")).toEqual([{ n: 7 }]);
});

test("a port that is taken is refused with what to do", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  cleanups.push(() => void blocker.close());
  await once(blocker, "listening");
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await failureOf(startEmbeddedPostgres({ port, patienceMs: 200 }))).toBe(
    "config.embedded_postgres_in_use",
  );
});

test("a folder in use is refused, and free again as soon as the other server has stopped", async () => {
  const dataDir = join(folder(), "postgres");
  chmodSync(join(dataDir, ".."), 0o755);
  const first = await start({ dataDir });
  expect(await failureOf(startEmbeddedPostgres({ dataDir, patienceMs: 200 }))).toBe(
    "config.embedded_postgres_in_use",
  );
  const second = start({ dataDir });
  await first.stop();
  expect(await ask((await second).url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a setting PostgreSQL does not know fails with the server's own words", async () => {
  await expect(start({ settings: { no_such_setting: "1" } })).rejects.toMatchObject({
    failure: {
      code: "engine.embedded_postgres_failed",
      message: expect.stringContaining("no_such_setting") as string,
    },
  });
});

test("root gets a temporary folder where nobody cannot enter the one named", async ({ skip }) => {
  skip(process.getuid?.() !== 0, "only root hands the server to another account");
  const closed = folder();
  chmodSync(closed, 0o700);
  const server = await start({ dataDir: join(closed, "postgres") });
  expect(server.temporary).toBe(true);
  expect(server.dataDir.startsWith(closed)).toBe(false);
  expect(await ask(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test.for(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
  "nothing is left behind when its process dies of %s",
  async (name, { skip }) => {
    skip(process.platform !== "linux", "looks at processes through /proc");
    const script = fileURLToPath(new URL("fixtures/hold-server.ts", import.meta.url));
    const holder = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(holder.stdout, "data")) as [Buffer];
    const { dataDir, url } = JSON.parse(line.toString()) as { dataDir: string; url: string };
    expect(await ask(url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(isRunning(dataDir)).toBe(true);
    holder.kill(name);
    await once(holder, "exit");
    for (let tries = 0; tries < 100 && existsSync(dataDir); tries++) await sleep(50);
    expect(existsSync(dataDir)).toBe(false);
    await expect(ask(url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  },
);

test.each([0, 100, 250])(
  "nothing is left behind when its process dies %d ms into the first start",
  async (delay) => {
    const root = folder();
    chmodSync(root, 0o777);
    const script = fileURLToPath(new URL("fixtures/hold-server.ts", import.meta.url));
    const holder = spawn(process.execPath, [script], {
      stdio: "ignore",
      env: { ...process.env, TMPDIR: root },
    });
    while (!readdirSync(root).some((name) => existsSync(join(root, name, "data")))) await sleep(2);
    await sleep(delay);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    for (let tries = 0; tries < 100 && readdirSync(root).length > 0; tries++) await sleep(50);
    expect(readdirSync(root)).toEqual([]);
  },
);

test("a folder whose first start was cut off starts anew", async () => {
  const dataDir = join(folder(), "postgres");
  chmodSync(join(dataDir, ".."), 0o755);
  const first = await start({ dataDir });
  await first.stop();
  rmSync(join(dataDir, "password"));
  rmSync(join(dataDir, "data", "global"), { recursive: true });
  const second = await start({ dataDir });
  expect(await ask(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
});
