import { stat } from "node:fs/promises";
import { testPostgres } from "@weir/kit/testing";
import { Client } from "pg";
import { expect, test } from "vitest";
import { folderWith, readText, weir, weirJson } from "./terminal.ts";

test("init with options writes a project that works, secrets aside", async () => {
  const cwd = await folderWith({ ".gitignore": "node_modules/" });
  const argv = ["init", "--source", "faker", "--source-config", "count=10", "--destination", "dev-null"];
  const { code, stdout } = await weir([...argv, "--streams", "users", "--mode", "full_refresh_append"], {
    cwd,
  });
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("weir check") as string,
  });
  const text = await readText(cwd, "weir.yaml");
  expect(text).toMatch(/^# yaml-language-server: \$schema=.*packages\/cli\/weir\.schema\.json\n/);
  expect(text).toContain("faker-to-dev-null:");
  expect(await readText(cwd, ".gitignore")).toBe("node_modules/\n.env\n.weir/\n");
  await expect(stat(`${cwd}/.env.example`)).rejects.toThrow("ENOENT");
  expect(await weirJson(["check"], { cwd })).toMatchObject({ code: 0, ok: true });
  const { result } = await weirJson(["sync"], { cwd });
  expect(result).toMatchObject({
    syncs: [{ connection: "faker-to-dev-null", streams: [{ rows: { committed: 10 } }] }],
  });
});

test("a secret given to init goes to .env, and the file refers to it", async () => {
  const cwd = await folderWith({ ".env": "OTHER=1" });
  const argv = [
    "init",
    "--source",
    "postgres://weir:p%40ss'\"word@127.0.0.1:1/shop",
    "--destination",
    "dev-null",
  ];
  const { code, stdout, stderr } = await weir(argv, { cwd });
  expect(code).toBe(0);
  const text = await readText(cwd, "weir.yaml");
  expect(text).toContain("password: ${POSTGRES_PASSWORD}");
  expect(await readText(cwd, ".env")).toBe("OTHER=1\nPOSTGRES_PASSWORD=`p@ss'\"word`\n");
  expect(await readText(cwd, ".env.example")).toBe("POSTGRES_PASSWORD=\n");
  expect(text + stdout + stderr).not.toContain("p@ss");
  const { result } = await weirJson(["check", "postgres"], { cwd });
  expect(result).toMatchObject([{ failures: [{ code: "source.unreachable" }] }]);
});

test("init with a reference keeps it and says what to set", async () => {
  const cwd = await folderWith();
  const argv = [
    "init",
    "--source",
    "postgres://weir:${SHOP_PW}@127.0.0.1:1/shop",
    "--destination",
    "dev-null",
  ];
  const { code, stdout } = await weir(argv, { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain("Set before the first run: SHOP_PW.");
  expect(await readText(cwd, "weir.yaml")).toContain("password: ${SHOP_PW}");
  await expect(stat(`${cwd}/.env`)).rejects.toThrow("ENOENT");
});

test("init asks nothing in a script and replaces nothing unasked", async () => {
  const cwd = await folderWith();
  const silent = await weir(["init"], { cwd });
  expect(silent.code).toBe(2);
  expect(silent.stderr).toContain("--source is missing.");
  const half = await weir(["init", "--source", "faker"], { cwd, tty: true });
  expect(half.code).toBe(2);
  expect(half.stderr).toContain("--destination is missing.");
  const other = await folderWith({ "weir.yaml": "# mine\n" });
  const again = await weir(["init", "--source", "faker", "--destination", "dev-null"], { cwd: other });
  expect(again.code).toBe(2);
  expect(again.stderr).toContain("weir.yaml exists already.");
  expect(await readText(other, "weir.yaml")).toBe("# mine\n");
  const forced = await weir(["init", "--force", "--source", "faker", "--destination", "dev-null"], {
    cwd: other,
  });
  expect(forced.code).toBe(0);
});

const ENTER = "\r";
const DOWN = "\x1b[B";

test("init asks on a terminal, and hides the password that is typed", async () => {
  const cwd = await folderWith();
  const { result } = await weirJson(["connector", "list"], { cwd });
  const ids = (result as unknown as readonly { readonly id: string }[]).map(({ id }) => id);
  const sources = ids.filter((id) => id.startsWith("source-"));
  const destinations = ids.filter((id) => id.startsWith("destination-"));
  const { code, stdout } = await weir(["init"], {
    cwd,
    tty: true,
    answers: [
      ["Where does the data come from?", DOWN.repeat(sources.indexOf("source-postgres")) + ENTER],
      ["Host", `db.example.com${ENTER}`],
      ["Database", `shop${ENTER}`],
      ["User", `weir${ENTER}`],
      ["Password", `hunter2000${ENTER}`],
      ["Change other settings", ENTER],
      ["Where does it go?", DOWN.repeat(destinations.indexOf("destination-dev-null")) + ENTER],
      ["Change other settings", ENTER],
      ["How should the streams be moved?", DOWN + ENTER],
      ["Name of the connection", ENTER],
    ],
  });
  expect(code).toBe(0);
  expect(stdout).not.toContain("hunter2000");
  expect(await readText(cwd, ".env")).toBe("POSTGRES_PASSWORD=hunter2000\n");
  const text = await readText(cwd, "weir.yaml");
  expect(text).toContain("host: db.example.com");
  expect(text).toContain("mode: full_refresh_overwrite");
  expect(text).toContain("postgres-to-dev-null:");
});

test("an answer the connector cannot take is told at its question", async () => {
  const cwd = await folderWith();
  const { result } = await weirJson(["connector", "list"], { cwd });
  const ids = (result as unknown as readonly { readonly id: string }[]).map(({ id }) => id);
  const place = (kind: string, id: string): number =>
    ids.filter((each) => each.startsWith(kind)).indexOf(`${kind}-${id}`);
  const { code, stdout } = await weir(["init"], {
    cwd,
    tty: true,
    answers: [
      ["Where does the data come from?", DOWN.repeat(place("source", "faker")) + ENTER],
      ["Change other settings", `y`],
      ["Count", `x${ENTER}`],
      ["must be an integer", `\x7f${ENTER}`],
      ["Seed", "\x03"],
    ],
  });
  expect(code).toBe(1);
  expect(stdout).toContain("It must be an integer, is text.");
});

test("leaving the questions writes nothing", async () => {
  const cwd = await folderWith();
  const answers = [["Where does the data come from?", "\x03"]] as const;
  const { code, stderr } = await weir(["init"], { cwd, tty: true, answers });
  expect(code).toBe(1);
  expect(stderr).toContain("Nothing was written.");
  await expect(stat(`${cwd}/weir.yaml`)).rejects.toThrow("ENOENT");
});

async function shop(): Promise<string> {
  const url = await testPostgres();
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE TABLE orders (id bigint, note text, updated_at timestamptz);
      CREATE TABLE tags (id bigint PRIMARY KEY, name text, updated_at timestamptz)`);
  } finally {
    await client.end();
  }
  return url;
}

const DEDUPED = ["--destination", "dev-null", "--mode", "incremental_append_deduped"];

test("init says at once which streams lack a cursor or key, and takes them", async () => {
  const url = await shop();
  const cwd = await folderWith();
  const argv = ["init", "--source", url, ...DEDUPED];
  const { code, stderr } = await weir(argv, { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain("public.orders (a primary key), public.tags (a cursor)");
  expect(stderr).toMatch(/next: Add --primary-key <fields> and --cursor <field>/);
  await expect(stat(`${cwd}/weir.yaml`)).rejects.toThrow("ENOENT");

  const keyed = [...argv, "--streams", "tags", "--cursor", "updated_at"];
  expect(await weir(keyed, { cwd })).toMatchObject({ code: 0 });
  expect(await readText(cwd, "weir.yaml")).toContain("cursor: updated_at");
  expect(await weirJson(["check"], { cwd })).toMatchObject({ code: 0 });
  expect(await weirJson(["sync"], { cwd })).toMatchObject({ code: 0 });

  const wrong = await weir([...argv, "--force", "--streams", "tags", "--cursor", "updated"], { cwd });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain("Stream public.tags has no field updated.");
});

test("init refuses at once a mode that the destination does not have", async () => {
  const cwd = await folderWith();
  const to = ["--destination", "jsonl", "--destination-config", "folder=out"];
  const argv = ["init", "--source", "faker", ...to, "--mode", "incremental_append_deduped"];
  const { code, stderr } = await weir(argv, { cwd });
  expect(code).toBe(1);
  expect(stderr).toContain("Choose a sync mode that writes by append or overwrite.");
});

test("init leaves to the source what the source defines", async () => {
  const url = await shop();
  const cwd = await folderWith();
  const xmin = ["--source", url, "--source-config", "replication_method=xmin"];
  const argv = ["init", ...xmin, "--destination", "dev-null", "--mode", "incremental_append"];
  expect(await weir(argv, { cwd })).toMatchObject({ code: 0 });
  expect(await readText(cwd, "weir.yaml")).not.toContain("cursor:");
  expect(await weirJson(["check"], { cwd })).toMatchObject({ code: 0 });
  const faker = await folderWith();
  expect(await weir(["init", "--source", "faker", ...DEDUPED], { cwd: faker })).toMatchObject({ code: 0 });
  expect(await weirJson(["sync"], { cwd: faker })).toMatchObject({ code: 0 });
});

test("init writes for a source that cannot be asked yet, and says so", async () => {
  const cwd = await folderWith();
  const argv = ["init", "--source", "postgres://weir:${SHOP_PW}@127.0.0.1:1/shop", ...DEDUPED];
  const { code, stdout } = await weir(argv, { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain("Set before the first run: SHOP_PW.");
  expect(stdout).toMatch(/could not be asked for cursors and keys yet: .*SHOP_PW.*"weir check" will say/);
});

test("init on a terminal asks for the cursor and key of each stream", async () => {
  const url = await shop();
  const cwd = await folderWith();
  const { code } = await weir(["init", "--source", url, ...DEDUPED], {
    cwd,
    tty: true,
    answers: [
      ["Which field of public.orders is different in every row?", ENTER],
      ["Which field of public.tags grows with every change?", DOWN.repeat(3) + ENTER],
      ["Which field of public.orders grows with every change?", ENTER],
    ],
  });
  expect(code).toBe(0);
  const text = await readText(cwd, "weir.yaml");
  expect(text).toMatch(/name: orders\n +namespace: public\n|namespace: public\n +name: orders\n/);
  expect(text).toContain("cursor: updated_at");
  expect(text).toContain("mode: full_refresh_overwrite");
  expect(await weirJson(["check"], { cwd })).toMatchObject({ code: 0 });
});
