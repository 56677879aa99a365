import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const lockfile = {
  packages: {
    "": {},
    "packages/cli": { version: "1.0.0" },
    "node_modules/@weir/cli": { link: true },
    "node_modules/a": { version: "1.0.0" },
    "node_modules/other-platform": { version: "1.0.0", optional: true },
  },
};
const installed = {
  packages: { "node_modules/@weir/cli": { link: true }, "node_modules/a": { version: "1.0.0" } },
};

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootstrap-"));
  mkdirSync(join(root, "tools"));
  copyFileSync(join(import.meta.dirname, "bootstrap.mjs"), join(root, "tools/bootstrap.mjs"));
  write("package-lock.json", JSON.stringify(lockfile));
  write("node_modules/.package-lock.json", JSON.stringify(installed));
  write("npm.js", 'require("node:fs").writeFileSync("installed", process.argv.slice(2).join(" "));');
  write("package.json", "{}");
  program("console.log(JSON.stringify([process.execPath, ...process.argv.slice(2)]));");
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function program(code: string): void {
  write("packages/cli/bin/weir.js", code);
}

function start(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(root, "tools/bootstrap.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, npm_execpath: join(root, "npm.js") },
  });
}

test("passes arguments on and installs nothing when the install is complete", () => {
  const { stdout, status } = start("start", "--rows", "10");
  expect(JSON.parse(stdout)).toEqual([process.execPath, "demo", "--rows", "10"]);
  expect(status).toBe(0);
  expect(existsSync(join(root, "installed"))).toBe(false);
});

test("runs the pinned Node where there is one", () => {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const pinned = join(root, `node_modules/node-${platform}-${process.arch}/bin/node`);
  mkdirSync(dirname(pinned), { recursive: true });
  writeFileSync(pinned, `#!/bin/sh\necho pinned "$@"\n`, { mode: 0o755 });
  expect(start("start").stdout).toMatch(/^pinned .*weir\.js demo\n$/);
});

test.each([
  ["nothing is installed", undefined],
  ["a package is missing", { packages: { "node_modules/@weir/cli": { link: true } } }],
  [
    "a package has another version",
    { packages: { ...installed.packages, "node_modules/a": { version: "2.0.0" } } },
  ],
  ["a workspace is not linked", { packages: { "node_modules/a": { version: "1.0.0" } } }],
])("runs npm ci when %s", (_what, state) => {
  rmSync(join(root, "node_modules"), { recursive: true });
  if (state) write("node_modules/.package-lock.json", JSON.stringify(state));
  const { stderr } = start("start");
  expect(stderr).toContain("Installing dependencies ...");
  expect(existsSync(join(root, "installed"))).toBe(true);
});

test("stops when npm ci fails", () => {
  rmSync(join(root, "node_modules"), { recursive: true });
  write("npm.js", "process.exit(3);");
  const { status, stderr, stdout } = start("start");
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("npm ci failed");
});

test("exits with the exit code of the program", () => {
  program("process.exit(7);");
  expect(start("start").status).toBe(7);
});

test("refuses an unknown command", () => {
  expect(start("dance").status).toBe(1);
});

test.each(["SIGINT", "SIGTERM"] as const)("forwards %s and outlives the program", async (signal) => {
  program(
    `process.on("${signal}", () => { console.log("got it"); process.exit(9); }); setInterval(() => {}, 1000); console.log(process.pid);`,
  );
  const child = spawn(process.execPath, [join(root, "tools/bootstrap.mjs"), "start"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child.stdout, "data");
  child.kill(signal);
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(9);
  const [pid, answer] = output.trim().split("\n");
  expect(answer).toBe("got it");
  expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
});

test("stops the program when the shell that npm started it in is gone", async () => {
  program("setInterval(() => {}, 1000); console.log(process.pid);");
  const bootstrap = JSON.stringify(join(root, "tools/bootstrap.mjs"));
  const shell = spawn("sh", ["-c", `${JSON.stringify(process.execPath)} ${bootstrap} start; true`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [pid] = (await once(shell.stdout, "data")) as [Buffer];
  shell.kill("SIGTERM");
  await once(shell.stdout, "close");
  await expect.poll(() => isRunning(Number(pid))).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("ends by the signal that ended the program", async () => {
  program("setInterval(() => {}, 1000); console.log(1);");
  const child = spawn(process.execPath, [join(root, "tools/bootstrap.mjs"), "start"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([null, "SIGTERM"]);
});
