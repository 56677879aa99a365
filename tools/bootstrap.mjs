// Starts the project from a fresh clone. npm itself may run on Node 20, so this file has no
// dependencies and no syntax newer than that; everything it starts runs on the pinned Node.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_SYSTEM_NODE = 24;
const GRACE_MS = 10_000;
const ORPHAN_POLL_MS = 250;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");

const commands = {
  start: ["packages/cli/bin/weir.js", "demo"],
  test: ["node_modules/vitest/vitest.mjs", "run"],
  check: ["tools/check/main.ts"],
};

const [name, ...extra] = process.argv.slice(2);
const command = commands[name];
if (!command) fail(`usage: bootstrap.mjs ${Object.keys(commands).join("|")} [arguments]`);

if (!isInstalled()) await install();
const node = pinnedNode() ?? systemNode();
end(await run(node, [join(root, command[0]), ...command.slice(1), ...extra], { stdio: "inherit" }));

function fail(message) {
  console.error(message);
  process.exit(1);
}

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : undefined;
}

// npm writes node_modules/.package-lock.json last, so it describes a complete install.
function isInstalled() {
  const installed = readPackages(join(modules, ".package-lock.json"));
  if (!installed) return false;
  const wanted = Object.entries(readPackages(join(root, "package-lock.json")));
  return wanted.every(([path, { version, optional, peer, link }]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = installed[path];
    return found ? link || found.version === version : Boolean(optional || peer);
  });
}

async function install() {
  console.error("Installing dependencies ...");
  const npm = process.env.npm_execpath;
  const [program, ...first] = npm ? [process.execPath, npm] : ["npm"];
  const result = await run(program, [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", "ignore", "inherit"],
    shell: !npm && process.platform === "win32",
  });
  if (result.signal) end(result);
  if (result.code !== 0) fail("npm ci failed; its message is above.");
}

function pinnedNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const file = process.platform === "win32" ? "node.exe" : "node";
  const path = join(modules, `node-${platform}-${process.arch}`, "bin", file);
  return existsSync(path) ? path : undefined;
}

function systemNode() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_SYSTEM_NODE) return process.execPath;
  return fail(
    `Weir needs Node ${OLDEST_SYSTEM_NODE} or later, and no Node is bundled for ` +
      `${process.platform} ${process.arch}. This is Node ${process.versions.node}. ` +
      `Install Node ${OLDEST_SYSTEM_NODE} from https://nodejs.org and run the command again.`,
  );
}

// Resolves when the child has ended. Signals go on to it; one that ignores them is killed after the grace time.
function run(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, ...options });
    let timer;
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the whole process group: the child has it already.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
      timer ??= setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    };
    for (const signal of SIGNALS) process.on(signal, forward);
    // npm passes a signal to its shell only. The shell ends, and this process gets another parent.
    const parent = process.ppid;
    const orphaned = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(orphaned);
      if (!timer) forward("SIGTERM");
    }, ORPHAN_POLL_MS);
    child.on("error", (error) => fail(`${program} did not start: ${error.message}`));
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      clearInterval(orphaned);
      for (const each of SIGNALS) process.off(each, forward);
      resolve({ code, signal });
    });
  });
}

function end({ code, signal }) {
  if (signal) process.kill(process.pid, signal);
  else process.exit(code);
}
