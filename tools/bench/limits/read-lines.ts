/** What one Node thread reads and parses of JSON lines on stdin; prints their number. */
import { stdin } from "node:process";

let rest = "";
let lines = 0;
stdin.setEncoding("utf8");
for await (const chunk of stdin as AsyncIterable<string>) {
  const found = (rest + chunk).split("\n");
  rest = found.pop() ?? "";
  for (const line of found) {
    JSON.parse(line);
    lines += 1;
  }
}
console.log(lines);
