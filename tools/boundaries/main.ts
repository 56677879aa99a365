import { dirname } from "node:path";
import { checkBoundaries } from "./check.ts";

const root = dirname(dirname(import.meta.dirname));
const { problems, notices } = checkBoundaries(root);
for (const notice of notices) console.log(notice);
for (const problem of problems) console.error(`error: ${problem}`);
console.log(`${problems.length} boundary problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
