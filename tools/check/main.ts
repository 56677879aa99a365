// Every gate, each to its end: one run shows all that is wrong.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const root = dirname(dirname(import.meta.dirname));

interface Gate {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

const gates: readonly Gate[] = [
  { name: "typecheck", file: "node_modules/typescript/bin/tsc", args: ["-p", "."] },
  { name: "lint", file: "node_modules/oxlint/bin/oxlint", args: ["--type-aware", "--deny-warnings"] },
  { name: "format", file: "node_modules/oxfmt/bin/oxfmt", args: ["--check", "."] },
  { name: "boundaries", file: "tools/boundaries/main.ts", args: [] },
  { name: "lockfile", file: "tools/lockfile/main.ts", args: ["--check"] },
  { name: "knip", file: "node_modules/knip/bin/knip.js", args: ["--no-progress"] },
  { name: "generated files", file: "tools/generate/main.ts", args: ["--check"] },
];

const results = gates.map((gate) => {
  console.log(`\n== ${gate.name}`);
  if (!existsSync(join(root, gate.file))) return `${gate.name}: failed, ${gate.file} does not exist`;
  const start = performance.now();
  const { status } = spawnSync(process.execPath, [join(root, gate.file), ...gate.args], {
    cwd: root,
    stdio: "inherit",
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return `${gate.name}: ${status === 0 ? "passed" : "failed"} in ${seconds} s`;
});

console.log(`\n${results.join("\n")}`);
process.exitCode = results.every((result) => result.includes(": passed")) ? 0 : 1;
