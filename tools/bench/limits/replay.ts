/** A source that has everything ready: its messages lie in a file. `replay.ts <folder> read …`. */
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder = "", command = ""] = process.argv.slice(2);

switch (command) {
  case "spec":
    process.stdout.write('{"type":"SPEC","spec":{"connectionSpecification":{"type":"object"}}}\n');
    break;
  case "discover":
    process.stdout.write(readFileSync(join(folder, "catalog.jsonl")));
    break;
  case "read":
    createReadStream(join(folder, "records.jsonl"), { highWaterMark: 1_048_576 }).pipe(process.stdout);
    break;
  default:
    throw new Error(`This source does not know ${command}`);
}
