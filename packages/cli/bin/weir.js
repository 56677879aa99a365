#!/usr/bin/env node
// Plain JavaScript: the Node on the PATH may be 20, which cannot run the TypeScript behind this file.
import { spawn } from "node:child_process";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 24;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  nodeModule.enableCompileCache?.();
  const { runProcess } = await import("../src/process.ts");
  await runProcess();
} else {
  restart(pinnedNode());
}

function pinnedNode() {
  const windows = process.platform === "win32";
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  try {
    const require = nodeModule.createRequire(import.meta.url);
    return require.resolve(`${name}/bin/${windows ? "node.exe" : "node"}`);
  } catch {
    process.stderr.write(
      `error: Weir needs Node ${OLDEST_NODE} or later, this is ${process.versions.node}, and the package ${name} is not installed.\n` +
        `  next: run "npm ci", or install Node ${OLDEST_NODE} from https://nodejs.org\n`,
    );
    return process.exit(2);
  }
}

/** Runs this file again on another Node. The channel tells the child when this process dies, however it dies. */
function restart(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, WEIR_LAUNCHED: "1" },
  });
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the whole process group: the child has it already.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  child.on("error", (error) => {
    process.stderr.write(`error: ${node} did not start: ${error.message}\n  next: run "npm ci" again\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
