import { expect, test } from "vitest";
import { folderWith, weir, weirJson } from "./terminal.ts";

const SHOP = `sources:
  shop:
    connector: source-postgres
    config:
      host: 127.0.0.1
      port: 1
      database: shop
      username: weir
      password: \${SHOP_PASSWORD}
`;

/** What is wrong, line by line: the file, then the words that must be said. */
const wrong: Readonly<Record<string, readonly [file: string, ...said: readonly string[]]>> = {
  "an unknown key, with the key that was meant": [
    "sources:\n  shop:\n    conector: source-faker\n",
    'weir.yaml:2:3: sources.shop has no "connector".',
    'weir.yaml:3:5: Unknown key "conector" in sources.shop.',
    'Did you mean "connector"?',
  ],
  "an unknown key at the top, with all there are": [
    "streams: []\n",
    'weir.yaml:1:1: Unknown key "streams".',
    "Possible keys: sources, destinations, connections.",
  ],
  "a value of the wrong type": [
    "sources: []\n",
    "weir.yaml:1:10: sources must be keys with values, not a list.",
  ],
  "text where a number belongs": [
    "connections:\n  a:\n    source: x\n    destination: y\n    rejects: { max: many }\n",
    "weir.yaml:5:21: connections.a.rejects.max must be a whole number, not text.",
  ],
  "a number where text belongs": [
    "connections:\n  a:\n    source: 5\n    destination: y\n",
    "weir.yaml:3:13: connections.a.source must be text, not 5.",
    'Put quotes around it: "5".',
  ],
  "a number below what is possible": [
    "connections:\n  a:\n    source: x\n    destination: y\n    limits: { parallelStreams: 0 }\n",
    "weir.yaml:5:32: connections.a.limits.parallelStreams must be at least 1, not 0.",
  ],
  "a word that is not among those allowed": [
    "connections:\n  a:\n    source: x\n    destination: y\n    mode: incremental_apend\n",
    'weir.yaml:5:11: connections.a.mode cannot be "incremental_apend".',
    'Did you mean "incremental_append"?',
  ],
  "an empty list of streams": [
    "connections:\n  a:\n    source: x\n    destination: y\n    streams: []\n",
    "weir.yaml:5:14: connections.a.streams is an empty list.",
  ],
  "a connector that does not exist": [
    "sources:\n  shop:\n    connector: source-fakr\n",
    'weir.yaml:3:16: There is no connector "source-fakr".',
    'Did you mean "source-faker"?',
  ],
  "a destination's connector for a source": [
    "sources:\n  shop:\n    connector: destination-duckdb\n",
    "weir.yaml:3:16: destination-duckdb is a destination, not a source.",
  ],
  "a source that is not declared": [
    `${SHOP}connections:\n  a:\n    source: shopp\n    destination: none\n`,
    'weir.yaml:12:13: The connection a uses the source "shopp", which is not declared.',
    'Did you mean "shop"?',
    "There are no destinations yet.",
  ],
  "a name that cannot be one": [
    'sources:\n  "my shop":\n    connector: source-faker\n',
    'weir.yaml:2:3: "my shop" cannot be a name here.',
  ],
  "a name of 200 characters": [
    `sources:\n  ${"a".repeat(200)}:\n    connector: source-faker\n`,
    "weir.yaml:2:3:",
    "at most 100",
  ],
  "names that differ in capitals only": [
    `${SHOP}destinations:\n  d: { connector: destination-dev-null }\nconnections:\n  a: { source: shop, destination: d }\n  A: { source: shop, destination: d }\n`,
    "weir.yaml:14:3: The connections a and A differ in capitals only.",
  ],
  "a key written twice": ["sources: {}\nsources: {}\n", "weir.yaml:2:1: Map keys must be unique."],
  "YAML that is none": ["sources:\n  shop: [1, 2\n", "weir.yaml:", "Correct the YAML"],
  "an alias that contains itself": ["sources: &a\n  shop: *a\n", "The alias *a contains itself."],
};

for (const [what, [text, ...said]] of Object.entries(wrong)) {
  test(`weir.yaml with ${what} ends with code 2, the place and what to do`, async () => {
    const cwd = await folderWith({ "weir.yaml": text });
    const { code, stdout, stderr } = await weir(["check"], { cwd });
    expect(stderr).toContain("error: ");
    for (const words of said) expect(stderr).toContain(words);
    expect(stderr).toContain("next: ");
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
}

test("every problem of a file is in the envelope with line and column", async () => {
  const cwd = await folderWith({
    "weir.yaml": "sorces: {}\nconnections:\n  a: { source: 1, destination: d }\n",
  });
  const { code, ok, error } = await weirJson(["check"], { cwd });
  expect({ code, ok }).toEqual({ code: 2, ok: false });
  expect(error).toMatchObject({
    code: "config.key_unknown",
    file: "weir.yaml",
    problems: [
      { line: 1, column: 1 },
      { line: 3, column: 16 },
    ],
  });
});

test("a missing variable is named with file, line and column", async () => {
  const cwd = await folderWith({ "weir.yaml": SHOP });
  const { code, stderr } = await weir(["check"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain(
    "weir.yaml:9:17: sources.shop.config.password needs the environment variable SHOP_PASSWORD",
  );
  expect(stderr).toContain("Set SHOP_PASSWORD, or write it into the file .env");
});

test("a secret in the clear is refused and not repeated", async () => {
  const cwd = await folderWith({ "weir.yaml": SHOP.replace("${SHOP_PASSWORD}", "hunter2000") });
  const { code, stdout, stderr } = await weir(["check"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain(
    "weir.yaml:9:17: sources.shop.config.password is a secret and stands in the file itself.",
  );
  expect(stderr).toContain("Write ${SHOP_PASSWORD} here");
  expect(stdout + stderr).not.toContain("hunter2000");
});

test("a reference that is none is refused; $${ is the characters themselves", async () => {
  const bad = await folderWith({ "weir.yaml": SHOP.replace("host: 127.0.0.1", "host: ${1x}") });
  expect((await weir(["check"], { cwd: bad, env: { SHOP_PASSWORD: "x" } })).stderr).toContain(
    "weir.yaml:5:13: sources.shop.config.host holds a ${…} that is not a reference.",
  );
});

test("a variable of .env counts, one of the environment wins, and a number may come from either", async () => {
  const text = SHOP.replace("port: 1", "port: ${SHOP_PORT}");
  const cwd = await folderWith({
    "weir.yaml": text,
    ".env": "SHOP_PORT=no-port\nSHOP_PASSWORD=secret-of-env\n",
  });
  const fromFile = await weir(["check"], { cwd });
  expect(fromFile.code).toBe(2);
  expect(fromFile.stderr).toMatch(/weir\.yaml:6:13: .*port/);
  const { code, stdout } = await weir(["check"], { cwd, env: { SHOP_PORT: "1" } });
  expect(code).toBe(1);
  expect(stdout).toContain("source shop: failed");
  expect(stdout).toMatch(/where: weir\.yaml:[2-9]:/);
});

test("a setting of the wrong type is placed, and its value is not repeated", async () => {
  const cwd = await folderWith({ "weir.yaml": SHOP.replace("port: 1", 'port: "abcd"') });
  const { code, stderr } = await weir(["check"], { cwd, env: { SHOP_PASSWORD: "x" } });
  expect(code).toBe(2);
  expect(stderr).toMatch(/weir\.yaml:6:13: .*port must be an integer/);
  expect(stderr).not.toContain("abcd");
});

test("every setting that is wrong or missing is placed", async () => {
  const text = SHOP.replace("port: 1", "port: 70000").replace("      host: 127.0.0.1\n", "");
  const cwd = await folderWith({ "weir.yaml": `${text}      parallel: none\n` });
  const { code, stderr } = await weir(["check"], { cwd, env: { SHOP_PASSWORD: "x" } });
  expect(code).toBe(2);
  expect(stderr).toContain("weir.yaml:4:5: sources.shop.config.host is missing.");
  expect(stderr).toMatch(/weir\.yaml:5:13: sources\.shop\.config\.port must be <= 65535/);
  expect(stderr).toContain("weir.yaml:9:17: sources.shop.config.parallel must be an integer");
});

test("an unknown key inside a connector's config is a warning", async () => {
  const cwd = await folderWith({
    "weir.yaml": "destinations:\n  d:\n    connector: destination-dev-null\n    config: { colour: red }\n",
  });
  const { code, stdout } = await weir(["check"], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain("warning: destinations.d.config.colour is not a known key");
});

test("a misspelt setting is told with the name that is meant, in a config and in the file itself", async () => {
  const faker = "sources:\n  s:\n    connector: source-faker\n    config: { cuont: 5 }\n";
  const warned = await weir(["check"], { cwd: await folderWith({ "weir.yaml": faker }) });
  expect(warned.code).toBe(0);
  expect(warned.stdout).toContain(
    'warning: sources.s.config.cuont is not a known key and has no effect. Did you mean "count"?',
  );
  const shop = await folderWith({ "weir.yaml": SHOP.replace("host:", "hots:") });
  const needed = await weir(["check"], { cwd: shop, env: { SHOP_PASSWORD: "x" } });
  expect(needed.code).toBe(2);
  expect(needed.stderr).toContain('sources.shop.config.host is missing; "hots" is not a known key.');
  const option = ["check", "--source", "faker", "--source-config", "cuont=5"];
  expect((await weir(option, { cwd: shop })).stdout).toContain('Did you mean "count"?');
  const key = await weir(["check"], { cwd: await folderWith({ "weir.yaml": "conections: {}\n" }) });
  expect(key.code).toBe(2);
  expect(key.stderr).toContain('Did you mean "connections"?');
});

test("a file that is not there, not text or a folder without one", async () => {
  const cwd = await folderWith({});
  const missing = await weir(["sync"], { cwd });
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain("There is no weir.yaml.");
  expect(missing.stderr).toContain('Run "weir init"');
  const { writeFile } = await import("node:fs/promises");
  await writeFile(`${cwd}/weir.yaml`, Buffer.from([0x73, 0xff, 0xfe, 0x00]));
  const bytes = await weir(["sync"], { cwd });
  expect(bytes.code).toBe(2);
  expect(bytes.stderr).toContain("weir.yaml is not UTF-8 text.");
  expect((await weir(["sync", "--file", "nowhere"], { cwd })).stderr).toContain("There is no nowhere.");
});

test("an empty file says what is missing", async () => {
  const cwd = await folderWith({ "weir.yaml": "" });
  const { code, stderr } = await weir(["sync"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain("weir.yaml declares no connections.");
});
