import { expect, test } from "vitest";
import { folderWith, readText, weir, weirJson } from "./terminal.ts";

const bad: Readonly<Record<string, readonly [argv: string, said: string]>> = {
  "an unknown command": ["synk", "Did you mean sync?"],
  "an unknown option": ["sync --modee x", "unknown option '--modee'"],
  "a mode that does not exist": ["sync --mode fast", "Allowed choices are full_refresh_append"],
  "a missing value": ["connector show", "missing required argument"],
  "a number that is none": ["preview --rows ten", "must be a whole number"],
  "an empty stream name": ["sync --streams users,,x", "empty"],
  "a source without a destination": ["sync --source faker", "--source was given without --destination."],
  "settings without a source": ["sync --source-config a=1", "--source-config was given without --source."],
  "a setting without a value": ["check --source faker --source-config count", "needs key=value"],
  "settings in broken JSON": ["check --source faker --source-config {count", "not valid JSON"],
  "an unknown source": ["check --source fakr", 'There is no source for "fakr".'],
  "an unknown scheme": [
    "check --source oracle://host/db",
    "There is no source for URLs that begin with oracle:",
  ],
  "an unknown connector": ["connector show source-fakr", 'Did you mean "source-faker"?'],
  "--retain alone": ["sync --retain", "--retain was given without --refresh."],
  "--name alone": ["sync --name x", "--name was given without --source and --destination."],
  "a wrong name": ["sync --name a/b --source faker --destination dev-null", "--name is not a name."],
};

for (const [what, [argv, said]] of Object.entries(bad)) {
  test(`${what} ends with code 2 and what to do`, async () => {
    const cwd = await folderWith();
    const { code, stdout, stderr } = await weir(argv.split(" "), { cwd });
    expect(stderr).toContain(said);
    expect(stderr).toContain("next: ");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const envelope = await weirJson(argv.split(" "), { cwd });
    expect(envelope).toMatchObject({ code: 2, ok: false, error: { origin: "config" } });
  });
}

test("a command line without a command shows what there is, with code 2", async () => {
  const cwd = await folderWith();
  const bare = await weir([], { cwd });
  expect(bare).toMatchObject({ code: 2, stdout: "" });
  expect(bare.stderr).toMatch(/^Usage: weir .*sync \[options\] \[connection\.\.\.\]/s);
  const group = await weir(["state"], { cwd });
  expect(group).toMatchObject({ code: 2, stdout: "" });
  expect(group.stderr).toMatch(/^Usage: weir state /);
});

test("what is next names the command that was meant, and a name without what stands before it", async () => {
  const cwd = await folderWith();
  expect((await weir(["connector", "show"], { cwd })).stderr).toContain('Run "weir connector show --help"');
  const source = await weir(["check", "--source", "fakr"], { cwd });
  expect(source.stderr).toContain('Did you mean "source-faker"?');
});

test("a list may be given as JSON or with commas", async () => {
  const cwd = await folderWith();
  for (const schemas of ['["a", "b"]', "a, b"]) {
    const ends = ["--source", "postgres://weir@127.0.0.1:1/shop", "--destination", "dev-null"];
    await weir(["init", "--force", ...ends, "--source-config", `schemas=${schemas}`], { cwd });
    expect(await readText(cwd, "weir.yaml")).toMatch(/schemas:\n +- a\n +- b\n/);
  }
  const none = await weir(["check", "--source", "postgres", "--source-config", "schemas=[a"], { cwd });
  expect(none.stderr).toContain("--source-config.schemas must be an array, is text");
});

test("a password in a URL or a setting is not repeated when it cannot be read", async () => {
  const cwd = await folderWith();
  for (const argv of [
    ["check", "--source", "postgres://weir:hunter2000@[bad/shop"],
    ["check", "--source", "postgres://weir:hunter2000@host:port/shop"],
    ["check", "--source", "postgres", "--source-config", '{"password": "hunter2000"'],
    ["check", "--source", "postgres://weir:hunter2000@127.0.0.1:1/shop?port=hunter2000"],
  ]) {
    const { code, stdout, stderr } = await weir(argv, { cwd });
    expect(code).toBe(2);
    expect(stdout + stderr).not.toContain("hunter2000");
  }
});

test("help goes to stdout with code 0", async () => {
  const cwd = await folderWith();
  const { code, stdout, stderr } = await weir(["sync", "--help"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("--source-config <key=value>");
});

test("every connector is listed and shows its settings", async () => {
  const cwd = await folderWith();
  const { result } = await weirJson(["connector", "list"], { cwd });
  const rows = result as unknown as readonly { readonly id: string }[];
  expect(rows.map(({ id }) => id)).toContain("source-faker");
  for (const { id } of rows) {
    const shown = await weir(["connector", "show", id], { cwd });
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toContain(`(${id})`);
  }
});

test("the settings of a connector are shown whole, those inside lists too", async () => {
  const cwd = await folderWith();
  const { stdout } = await weir(["connector", "show", "source-file"], { cwd });
  expect(stdout).toMatch(/^streams\[\]\.files +list of text +required/m);
  expect(stdout).toMatch(/^streams\[\]\.csv\.delimiter /m);
  expect((await weir(["connector", "show", "source-postgres"], { cwd })).stdout).not.toContain("…");
  const unknown = await weir(["connector", "show", "source-lines"], { cwd });
  expect(unknown.stderr).toContain("`weir connector list` shows all of them.");
});
