import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { testPostgres } from "@weir/kit/testing";
import { expect, test } from "vitest";
import { Secrets } from "../src/output/secrets.ts";
import { folderWith, weir } from "./terminal.ts";

test("a secret that the server repeats is hidden, in every form of output and in the log", async () => {
  const url = new URL(await testPostgres());
  // The server names the database it does not have, and here that name is the password.
  const { password, username, host } = url;
  const cwd = await folderWith();
  const source = `postgres://${username}:\${PW}@${host}/${password}`;
  const env = { PW: password };
  const runs = [
    ["check", "--source", source],
    ["check", "--source", source, "--json"],
    ["discover", "--source", source, "--verbose"],
    ["sync", "--source", source, "--destination", "dev-null", "--verbose"],
    ["sync", "--source", source, "--destination", "dev-null", "--json"],
  ];
  for (const argv of runs) {
    const { code, stdout, stderr } = await weir(argv, { cwd, env });
    expect(code).toBe(1);
    expect(stdout + stderr).toContain("******");
    expect(stdout + stderr).not.toContain(password);
  }
  const logs = (await readdir(join(cwd, ".weir"), { recursive: true })).filter((name) =>
    name.endsWith(".log"),
  );
  expect(logs).toHaveLength(2);
  for (const log of logs) expect(await readFile(join(cwd, ".weir", log), "utf8")).not.toContain(password);
});

test("a password that is an ordinary word spoils no name a program reads", async () => {
  const cwd = await folderWith();
  const argv = ["check", "--json", "--source", "postgres://postgres:postgres@127.0.0.1:1/postgres"];
  const { stdout } = await weir(argv, { cwd });
  expect(stdout).toContain('"connector":"source-postgres"');
});

test("foreign text hides every secret, Weir's own text none that is a public word too", () => {
  const secrets = new Secrets();
  for (const secret of ["p@ss word", 'quo"te', "pass", "passport", "ab"]) secrets.add(secret);
  secrets.addPublic("compass");
  expect(secrets.maskForeign('p@ss word p%40ss%20word quo\\"te passport pass')).toBe(
    "********** ********** ********** ********** **********",
  );
  expect(secrets.maskForeign("ab about (ab)")).toBe("********** about (**********)");
  expect(secrets.maskOwn("passport pass ab")).toBe("********** pass ab");
});
