import { checkCycles, checkLazyDrivers } from "./graph.ts";
import { checkImports, checkTable } from "./imports.ts";
import { checkLengths, checkNames, describeLengths } from "./shape.ts";
import { readWorkspace } from "./workspace.ts";

export interface Findings {
  readonly problems: readonly string[];
  readonly notices: readonly string[];
}

export function checkBoundaries(root: string): Findings {
  const workspace = readWorkspace(root);
  const checks = [checkTable, checkImports, checkCycles, checkLazyDrivers, checkNames, checkLengths];
  return {
    problems: checks.flatMap((check) => check(workspace)),
    notices: describeLengths(workspace),
  };
}
