import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bin } from "./process.ts";
import { folderWith } from "./terminal.ts";

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");

function blocks(language: string): readonly string[] {
  return [...readme.matchAll(/^```(\w+)\n(.*?)^```/gms)].flatMap(([, name, text = ""]) =>
    name === language ? [text] : [],
  );
}

/** Commands of the text that can be pasted as they stand: `npx weir` with its arguments, no `...` in them. */
function inText(): readonly string[] {
  return [...readme.matchAll(/`(npx weir [^`]+)`/g)].flatMap(([, command = ""]) =>
    command.includes("...") ? [] : [command],
  );
}

test("every command of the README works as it is pasted", { timeout: 60_000 }, async () => {
  const [project = ""] = blocks("yaml");
  const cwd = await folderWith({ "weir.yaml": project });
  const shown = blocks("sh").filter((text) => text.includes("npx weir"));
  const commands = [...shown, ...inText().filter((command) => command !== "npx weir init")];
  expect(commands.length).toBeGreaterThanOrEqual(5);
  for (const command of commands) {
    const script = command.replaceAll("npx weir", `"${process.execPath}" "${bin}"`);
    const { status, stderr } = spawnSync("sh", ["-c", script], { cwd, encoding: "utf8" });
    expect({ command, status, stderr: status === 0 ? "" : stderr }).toEqual({
      command,
      status: 0,
      stderr: "",
    });
  }
});
